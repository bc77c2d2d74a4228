import pytest
import torch

from vfal.nn.pooling import AveragePooling, MeanStdPooling, SelfAttentivePooling


def test_attention_without_preference_is_the_plain_average() -> None:
    pool = SelfAttentivePooling(6)
    torch.nn.init.zeros_(pool.query)
    frames_BTD = torch.randn(2, 9, 6)
    torch.testing.assert_close(pool(frames_BTD), AveragePooling()(frames_BTD))


def test_self_attention_equals_the_plain_loop() -> None:
    pool = SelfAttentivePooling(4)
    frames_BTD = torch.randn(3, 5, 4)
    for frames_TD, pooled_D in zip(frames_BTD, pool(frames_BTD), strict=True):
        scores = [(pool.linear(frame_D).tanh() @ pool.query).exp() for frame_D in frames_TD]
        expected = sum(
            score / sum(scores) * frame_D for score, frame_D in zip(scores, frames_TD, strict=True)
        )
        torch.testing.assert_close(pooled_D, expected)


def test_mean_and_deviation_do_not_depend_on_the_order_of_frames() -> None:
    frames_BTD = torch.randn(2, 7, 3)
    pooled = MeanStdPooling()(frames_BTD)
    torch.testing.assert_close(pooled, MeanStdPooling()(frames_BTD.flip(1)))
    torch.testing.assert_close(pooled[:, 3:], frames_BTD.std(dim=1, correction=0))


@pytest.mark.parametrize("pool", [MeanStdPooling(), AveragePooling(), SelfAttentivePooling(3)])
def test_frames_that_never_change_have_a_finite_slope(pool: torch.nn.Module) -> None:
    frames_BTD = torch.zeros(2, 5, 3, requires_grad=True)
    pool(frames_BTD).sum().backward()
    assert frames_BTD.grad is not None
    assert frames_BTD.grad.isfinite().all()
