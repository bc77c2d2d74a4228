import pytest
import torch

from vfal.losses.squared_error import squared_error


def test_the_squared_error_of_an_item_is_its_mean_over_the_width() -> None:
    found_BD = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    wanted_BD = torch.tensor([[1.0, 5.0], [1.0, 1.0]])
    assert squared_error(found_BD, wanted_BD).tolist() == pytest.approx([4.5, 1.0])
