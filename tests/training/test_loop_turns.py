"""The loop moves one player after the other, and hands a method no more than it needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from vfal.data.batches import Batch
from vfal.method import Card, Method, Need, Terms

from .small_loop import (
    BATCH,
    STILL,
    OneVectorEach,
    loop,
)


class Rivals(Method):
    """A critic that chases a value, and a value that sees the critic after it has moved."""

    card: ClassVar[Card] = Card("", "", 2026, "", "", frozenset(), frozenset(), ())

    def __init__(self) -> None:
        super().__init__()
        self.critic, self.value = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.ones(1))
        self.seen: list[float] = []

    def embed_voices(self, voices: Tensor) -> Tensor:
        return voices

    def embed_faces(self, faces: Tensor) -> Tensor:
        return faces

    def players(self) -> dict[str, list[nn.Parameter]]:
        return {"critic": [self.critic], "value": [self.value]}

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        assert batch.voices is not None and batch.faces is not None
        assert batch.voices.identity_B is None and batch.faces.identity_B is None
        everybody = torch.ones(BATCH)
        yield "critic", Terms({"chase": (self.critic - self.value.detach()).pow(2) * everybody})
        self.seen.append(self.critic.item())
        yield "value", Terms({"flee": -(self.critic.detach() - self.value).pow(2) * everybody})


def test_the_second_player_sees_the_first_one_moved_and_is_not_moved_by_it(tmp_path: Path) -> None:
    method = Rivals()
    loop(tmp_path, method=method, optimiser=STILL, steps=1).run()
    assert method.seen == pytest.approx([0.2]) and method.critic.item() == pytest.approx(0.2)
    assert method.value.item() == pytest.approx(1 + 0.1 * 2 * 0.8)


def test_a_method_that_needs_no_identities_is_handed_none(tmp_path: Path) -> None:
    loop(tmp_path, method=Rivals(), steps=2).run()  # its turns assert it


def test_what_a_method_is_handed_may_follow_its_settings(tmp_path: Path) -> None:
    class Supervised(OneVectorEach):
        card = Rivals.card

        def needs(self) -> frozenset[Need]:
            return frozenset({"identity"})

    training = loop(tmp_path, method=Supervised(), steps=2)
    training.run()  # its turns assert it
    assert len(training.items.groups("voice")) == training.items.count("voice")
