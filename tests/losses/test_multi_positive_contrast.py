import math

import pytest
import torch

from vfal.losses.multi_positive_contrast import multi_positive_contrast
from vfal.losses.softmax_contrast import softmax_contrast


def test_contrast_with_several_positives_equals_the_plain_loop() -> None:
    torch.manual_seed(0)
    anchors_BD, candidates_BD = torch.randn(2, 5, 4, dtype=torch.float64)
    positive_BB = torch.rand(5, 5) < 0.3
    expected = []
    for i, anchor in enumerate(anchors_BD):
        exps = [math.exp(float(anchor @ c / anchor.norm() / c.norm()) / 0.2) for c in candidates_BD]
        positives = [value for j, value in enumerate(exps) if j == i or positive_BB[i, j]]
        expected.append(-math.log(sum(positives) / sum(exps)))
    found_B = multi_positive_contrast(anchors_BD, candidates_BD, positive_BB, temperature=0.2)
    assert found_B.tolist() == pytest.approx(expected, rel=1e-10)


def test_without_a_second_positive_it_is_info_nce_and_with_all_it_is_nothing() -> None:
    torch.manual_seed(0)
    anchors_BD, candidates_BD = torch.randn(2, 5, 4, dtype=torch.float64)
    none_BB = torch.zeros(5, 5, dtype=torch.bool)
    plain_B = softmax_contrast(
        anchors_BD,
        candidates_BD,
        offset=1.0,
        temperature=0.1,
        normalise_anchors=True,
        normalise_candidates=True,
    )
    found_B = multi_positive_contrast(anchors_BD, candidates_BD, none_BB, temperature=0.1)
    torch.testing.assert_close(found_B, plain_B)
    assert multi_positive_contrast(anchors_BD, candidates_BD, ~none_BB, temperature=0.1).abs().max() == 0
