import pytest
import torch

from vfal.losses.barlow_twins import barlow_twins


def test_the_barlow_loss_equals_the_plain_loop() -> None:
    torch.manual_seed(0)
    views = [torch.randn(7, 3, dtype=torch.float64) for _ in range(2)]
    standard = [
        [
            [(value - float(column.mean())) / float(column.std()) for value in column.tolist()]
            for column in view.T
        ]
        for view in views
    ]
    expected = 0.0
    for d in range(3):
        for e in range(3):
            c = sum(a * b for a, b in zip(standard[0][d], standard[1][e], strict=True)) / 7
            expected += (1 - c) ** 2 if d == e else 0.02 * c**2
    assert barlow_twins(views[0], views[1], off_diagonal=0.02).item() == pytest.approx(expected, rel=1e-10)


def test_the_barlow_loss_gives_the_value_of_the_worked_example() -> None:
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    faces_BD, voices_BD = torch.sin(0.7 * i + 0.3 * d**2 + 1), torch.cos(0.5 * i - 0.4 * d)
    assert barlow_twins(voices_BD, faces_BD, off_diagonal=0.005).item() == pytest.approx(2.9868446, abs=1e-7)


def test_a_dimension_that_does_not_vary_costs_one_and_has_no_slope() -> None:
    torch.manual_seed(0)
    view_BD = torch.randn(8, 3)
    view_BD[:, 1] = 0.25
    view_BD.requires_grad_()
    loss = barlow_twins(view_BD, view_BD, off_diagonal=0.0)
    loss.backward()
    assert loss.item() == pytest.approx(1 + 2 * (1 / 8) ** 2, rel=1e-4)
    assert view_BD.grad is not None and view_BD.grad.isfinite().all()
