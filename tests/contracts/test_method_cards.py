from pathlib import Path
from typing import get_args

import torch

from vfal.core.config.method_block import MethodBlock
from vfal.method import Card, Need, Source, Task
from vfal.methods import SHELF

from ..tiny_params import tiny_params
from .conftest import INPUTS
from .method_runs import Make


def test_the_card_says_all_that_is_printed_of_a_method(make: Make) -> None:
    card = make().card
    assert isinstance(card, Card) and card.title and card.authors and card.venue and 2017 < card.year < 2100
    assert card.link.startswith("https://")
    assert (
        card.needs | make().needs() <= set(get_args(Need))
        and card.tasks
        and card.tasks <= set(get_args(Task))
    )
    assert all(departure.endswith(".") for departure in card.departures)


def test_the_card_says_of_each_number_where_it_comes_from(make: Make) -> None:
    method = make()
    if method.card.title.startswith("Seeking the Shape"):
        return  # the numbers of the main method have their sources in params.yaml
    block = type(method.settings).model_fields  # type: ignore[union-attr]
    own = {*block} - {*MethodBlock.model_fields}
    assert {*method.card.sources} == own
    assert {*method.card.sources.values()} <= {*get_args(Source)}


def test_every_method_has_a_model_of_its_own_name() -> None:
    models = tiny_params().train_method.models
    assert [name for name in SHELF if name not in models or models[name].method != name] == []
    assert all(not models[name].changes for name in SHELF)


def test_a_method_has_a_page_and_a_block_of_params(repository: Path, name: str) -> None:
    assert hasattr(tiny_params().methods, name)
    assert (repository / f"docs/methods/{name}.md").exists()


def test_the_encoders_are_given_not_built(make: Make) -> None:
    method = make()
    if method.trunk == "plain_features":
        assert not [*method.voice.parameters()] and not [*method.face.parameters()]  # type: ignore[union-attr]
        return
    first = [
        module
        for module in method.modules()
        if isinstance(module, torch.nn.Linear) and module.in_features == INPUTS
    ]
    assert len(first) == 2  # one per modality: those that were handed in
