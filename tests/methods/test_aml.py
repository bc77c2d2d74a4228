"""Claims of AML in small."""

from typing import Any

import pytest
import torch
from torch import Tensor

from vfal.data.batches import Batch

from .small_models import batch_of, make, media

PEOPLE = [*range(8)]


def play(model: Any, data: Batch, step: int = 0, rate: float = 0.0) -> list[str]:
    """One step; who moved, in order."""
    players, order = model.players(), []
    for player, terms in model.turns(data, step):
        order.append(player)
        loss = torch.stack([loss_B.mean() for loss_B in terms.losses.values()]).sum()
        gradients = torch.autograd.grad(loss, players[player], allow_unused=True)
        with torch.no_grad():
            for parameter, gradient in zip(players[player], gradients, strict=True):
                if gradient is not None:
                    parameter -= rate * gradient
    return order


def test_the_critic_moves_first_and_as_often_as_it_is_told() -> None:
    assert play(make("aml"), batch_of(PEOPLE)) == ["critic", "encoders"]
    seldom = make("aml", critic_every_steps=5)
    assert [len(play(seldom, batch_of(PEOPLE), step)) for step in range(6)] == [2, 1, 1, 1, 1, 2]


def test_the_encoders_meet_the_critic_that_has_moved() -> None:
    def adversary(rate: float) -> Tensor:
        model, data = make("aml", width=128, critic_dropout=0.0).train(), batch_of(PEOPLE)
        for player, terms in model.turns(data, 0):
            if player == "encoders":
                return terms.losses["adversary_face"].detach()
            loss = terms.losses["critic_face"].mean()
            with torch.no_grad():
                for one, gradient in zip(
                    model.critic.parameters(),
                    torch.autograd.grad(loss, [*model.critic.parameters()]),
                    strict=True,
                ):
                    one -= rate * gradient
        raise AssertionError("the encoders had no turn")

    torch.manual_seed(3)
    still = adversary(0.0)
    torch.manual_seed(3)
    assert float(adversary(1.0).mean()) > float(still.mean())  # a better critic is harder to confuse


def test_the_critics_turn_leaves_no_gradient_in_the_encoders() -> None:
    model = make("aml")
    player, terms = next(iter(model.turns(batch_of(PEOPLE), 0)))
    assert player == "critic"
    torch.stack([loss_B.mean() for loss_B in terms.losses.values()]).sum().backward()
    assert all(one.grad is None for one in model.players()["encoders"])


def test_a_critic_that_knows_nothing_costs_ln_2_per_item_and_the_probe_twice() -> None:
    model = make("aml").eval()
    with torch.no_grad():
        for one in model.critic.parameters():
            one.zero_()
    for _, terms in model.turns(batch_of(PEOPLE), 0):
        for name, loss_B in terms.losses.items():
            if name.startswith(("critic", "adversary")):
                assert loss_B.tolist() == pytest.approx([0.5 * 4 * 0.6931472] * 8, rel=1e-6)


def test_the_task_head_cannot_match_whatever_it_learned() -> None:
    """It is linear in probe and candidates side by side: the probe shifts both candidates' logits alike."""
    model = make("aml", width=16).eval()
    with torch.no_grad():
        probes_BD, candidates_2D = torch.randn(100, 16), torch.randn(2, 16)
        for head in model.heads.values():
            for order in ([0, 1], [1, 0]):
                pair_B = candidates_2D[order].flatten().expand(100, -1)
                logits_B2 = head(torch.cat([probes_BD, pair_B], dim=1))
                if order == [0, 1]:
                    lead_B = logits_B2[:, 0] - logits_B2[:, 1]
                else:
                    turned_B = logits_B2[:, 0] - logits_B2[:, 1]
            # whichever order is shown, the answers differ by the same amount for every probe
            torch.testing.assert_close(
                lead_B - turned_B, (lead_B - turned_B)[:1].expand(100), atol=1e-4, rtol=0
            )


def test_one_anchor_has_one_head_and_its_own_terms() -> None:
    model = make("aml", anchor="face")
    assert [*model.heads] == ["face"]
    names = {name for _, terms in model.turns(batch_of(PEOPLE), 0) for name in terms.losses}
    assert names == {"critic_face", "adversary_face", "metric_face", "task_face"}


def test_encoders_of_two_widths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one width, found \[8, 16\]"):
        make("aml", widths={"voice": 8, "face": 16})


def test_it_learns_from_raw_media_too() -> None:
    model = make("aml", raw=True).train()
    before = {name: one.detach().clone() for name, one in model.named_parameters()}
    assert play(model, media(), rate=0.1) == ["critic", "encoders"]
    still = [name for name, one in model.named_parameters() if torch.equal(one, before[name])]
    assert not [name for name in still if name.startswith(("voice.output", "face.output"))]
