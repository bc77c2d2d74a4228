from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from vfal.core.config.protocols import EvaluateSettings
from vfal.core.types import DIRECTIONS, GROUPS
from vfal.data.trials import make_trials
from vfal.evaluation.embeddings import Embeddings
from vfal.evaluation.scoring import Cosine
from vfal.method import Task
from vfal.protocol import Evaluation, Protocol, ProtocolCard, evaluate
from vfal.protocols import SHELF, get_protocol

from ..tiny_params import tiny_params

PEOPLE, CLIPS, FACES, WIDTH = 12, 3, 4, 16
SETTINGS = tiny_params(
    evaluate__matching_sizes=[2, 5], evaluate__bootstrap_replicates=20, evaluate__recall_at=[1, 3]
).evaluate


@pytest.fixture(params=list(SHELF))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def protocol(name: str) -> Protocol:
    return get_protocol(name)


class World:
    """Twelve people of two genders, and embeddings in which identity shows as much as `agreement` says."""

    def __init__(self, agreement: float, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        names = [f"id{row:02d}" for row in range(PEOPLE)]
        self.people = pd.DataFrame(
            {"identity": names, "gender": list("mf") * 6, "nationality": ["a", "a", "b"] * 4, "split": "test"}
        )
        self.clips = pd.DataFrame(
            {
                "clip": range(PEOPLE * CLIPS),
                "identity": np.repeat(names, CLIPS),
                "language": ["Urdu", "English", "Urdu"] * PEOPLE,
            }
        )
        self.faces = pd.DataFrame({"face": range(PEOPLE * FACES), "identity": np.repeat(names, FACES)})
        own_ID = rng.standard_normal((PEOPLE, WIDTH))

        def vectors(each: int) -> np.ndarray:
            noise_ND = rng.standard_normal((PEOPLE * each, WIDTH))
            return (agreement * np.repeat(own_ID, each, axis=0) + noise_ND).astype(np.float32)

        self.voices_ND, self.faces_MD = vectors(CLIPS), vectors(FACES)

    def measured(
        self, protocol: Protocol, name: str, settings: EvaluateSettings = SETTINGS, scale: float = 1
    ) -> Evaluation:
        trials = make_trials(
            self.people, self.clips, self.faces, split="test", seed=1, settings=tiny_params().prepare.trials
        )
        embeddings = Embeddings.of(
            self.voices_ND * scale, self.faces_MD * scale, clips=self.clips, faces=self.faces
        )
        return evaluate(
            {name: protocol}, embeddings, self.people, trials, settings, split="test", seed=1, scorer=Cosine()
        )


def better(name: str, value: float, than: float) -> bool:
    return value < than if name.endswith(("/eer", "/min_dcf")) else value > than


def test_the_card_says_what_it_asks_and_where_it_is_from(protocol: Protocol) -> None:
    assert isinstance(protocol.card, ProtocolCard)
    assert protocol.card.title and protocol.card.source and protocol.card.task in get_args(Task)


def test_full_names_are_protocol_direction_group_and_metric(protocol: Protocol, name: str) -> None:
    found = World(1.0).measured(protocol, name)
    parts = [tuple(metric.split("/")) for metric in found.records]
    assert parts and all(len(part) == 4 and part[0].startswith(name) for part in parts)
    assert {(part[1], part[2]) for part in parts} == {(d, g) for d in DIRECTIONS for g in GROUPS}
    assert list(found.replicates.columns) == list(found.records) and len(found.replicates) == 20


def test_a_perfect_model_is_perfect(protocol: Protocol, name: str) -> None:
    for metric, record in World(1e3).measured(protocol, name).records.items():
        if "recall" in metric or metric.endswith(("/accuracy", "/auc", "/map")):
            assert record["value"] == pytest.approx(1), metric
        if metric.endswith(("/eer", "/min_dcf")):
            assert record["value"] == pytest.approx(0), metric


def test_a_model_that_knows_nothing_is_at_chance(protocol: Protocol, name: str) -> None:
    values: dict[str, list[float]] = {}
    chances: dict[str, float] = {}
    for seed in range(12):
        for metric, record in World(0.0, seed).measured(protocol, name).records.items():
            values.setdefault(metric, []).append(record["value"])
            if record["chance"] is not None:
                chances[metric] = record["chance"]
    for metric, chance in chances.items():
        found = values[metric]
        assert abs(np.mean(found) - chance) < 4 * np.std(found) / np.sqrt(12) + 0.02, metric


def test_a_better_model_is_better_and_every_value_lies_in_its_interval(protocol: Protocol, name: str) -> None:
    weak, strong = (World(agreement).measured(protocol, name).records for agreement in (0.2, 1.5))
    for metric, record in strong.items():
        assert better(metric, record["value"], weak[metric]["value"]), metric
        assert record["low"] <= record["value"] + 1e-9 and record["value"] <= record["high"] + 1e-9, metric
        assert record["trials"] > 0 and record["ties"] == 0 and 0 < record["identities"] <= PEOPLE


def test_the_length_of_embeddings_and_the_order_of_items_do_not_matter(protocol: Protocol, name: str) -> None:
    world = World(0.7)
    first = world.measured(protocol, name).records
    longer = world.measured(protocol, name, scale=100.0).records
    order = np.random.default_rng(3).permutation(len(world.clips))
    world.clips, world.voices_ND = world.clips.iloc[order].reset_index(drop=True), world.voices_ND[order]
    shuffled = world.measured(protocol, name).records
    for metric, record in first.items():
        assert longer[metric]["value"] == pytest.approx(record["value"], abs=1e-9), metric
        assert shuffled[metric]["value"] == pytest.approx(record["value"], abs=1e-9), metric


def test_numbers_of_one_seed_are_the_same_again(protocol: Protocol, name: str) -> None:
    first, again = (World(0.5).measured(protocol, name) for _ in range(2))
    assert first.records == again.records and first.replicates.equals(again.replicates)


def test_what_cannot_be_asked_is_a_note_and_no_number(protocol: Protocol, name: str) -> None:
    world = World(1.0)
    world.people["gender"] = "u"
    found = world.measured(protocol, name)
    assert not [metric for metric in found.records if "/same_gender/" in metric]
    assert any("/same_gender" in note for note in found.notes)


def test_a_protocol_has_its_place_in_the_documentation(repository: Path, name: str) -> None:
    assert name in (repository / "docs/protocols.md").read_text(encoding="utf-8")
