import json
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from vfal.core.errors import ConfigError, DataError, EmbeddingError
from vfal.core.types import DIRECTIONS
from vfal.evaluation.ranking import retrieved
from vfal.evaluation.scoring import Cosine, Scorer
from vfal.method import Task
from vfal.protocol import Protocol
from vfal.protocols import SHELF, get_protocol

from .world import SETTINGS, World


@pytest.mark.parametrize("name", SHELF)
def test_every_entry_of_the_shelf_is_a_protocol_with_a_card(name):
    protocol = get_protocol(name)
    assert isinstance(protocol, Protocol)
    assert protocol.card.title
    assert protocol.card.source
    assert protocol.card.task in get_args(Task)


def test_an_unknown_protocol_gets_the_nearest_name():
    with pytest.raises(
        ConfigError, match=r"evaluate\.protocols: unknown name 'retrival'. Did you mean 'retrieval'"
    ):
        get_protocol("retrival")


def test_records_are_json_and_repeat_byte_for_byte(world, found):
    again = world.evaluate()
    assert json.dumps(found.records, allow_nan=False) == json.dumps(again.records, allow_nan=False)
    pd.testing.assert_frame_equal(found.replicates, again.replicates)
    assert set(found.replicates.columns) == set(found.records)
    assert len(found.table()) == len(found.records)


def test_the_size_of_a_block_changes_nothing_that_matters():
    world = World()
    one, other = (world.evaluate("retrieval", block_scores=size).records for size in (1, 10**6))
    for name, record in one.items():
        assert record == pytest.approx(other[name])


def test_people_of_other_splits_are_neither_probes_nor_gallery():
    world = World()
    whole = world.evaluate("retrieval").records
    for kind, vectors in (("clips", "voices_ND"), ("faces", "faces_MD")):
        test = getattr(world, kind)["identity"] < "id16"
        setattr(world, vectors, getattr(world, vectors)[test])
        setattr(world, kind, getattr(world, kind)[test])
    assert world.evaluate("retrieval").records == whole


def test_curves_are_ready_for_plots(found):
    roc, scores = found.curves["roc"], found.curves["scores"]
    for (_, _), curve in roc.groupby(["direction", "group"]):
        assert len(curve) <= SETTINGS.roc_points
        assert curve[["false_acceptance", "true_acceptance"]].iloc[0].tolist() == [0, 0]
        assert curve[["false_acceptance", "true_acceptance"]].iloc[-1].tolist() == [1, 1]
        assert curve["false_acceptance"].is_monotonic_increasing
    assert np.isfinite(roc["threshold"]).all()
    for (direction, group), histogram in scores.groupby(["direction", "group"]):
        assert (
            histogram[["same", "different"]].sum().sum()
            == found.records[f"verification/{direction}/{group}/auc"]["trials"]
        )
        assert (histogram["low"].iloc[0], histogram["high"].iloc[-1]) == (-1, 1)


def test_trials_of_items_without_an_embedding_are_left_out_and_counted():
    world = World()
    whole = world.evaluate("matching", "verification", "joint_matching").records
    world.voices_ND, world.clips = world.voices_ND[1:], world.clips.iloc[1:]
    found = world.evaluate("matching", "verification", "joint_matching")
    for name, record in found.records.items():
        assert record["trials"] <= whole[name]["trials"]
    assert (
        found.records["matching_1_2/v2f/all/accuracy"]["trials"]
        == len(world.part("matching", "v2f", "all")) - 2
    )
    assert any(note.startswith("matching/v2f/all: 2 of") for note in found.notes)


def test_a_group_that_cannot_be_formed_is_a_note_and_not_a_number():
    world = World()
    world.people["nationality"] = [f"land {row}" for row in range(20)]
    world.trials = {name: t[t["group"] != "same_nationality"] for name, t in world.trials.items()}
    found = world.evaluate()
    assert not any("same_nationality" in name for name in found.records)
    assert sum("same_nationality" in note for note in found.notes) >= len(SHELF) * len(DIRECTIONS)


def test_without_replicates_there_are_no_intervals():
    found = World().evaluate("matching", bootstrap_replicates=0)
    assert all(record["low"] is None for record in found.records.values())
    assert found.replicates.empty


def test_a_gallery_larger_than_the_lists_is_refused():
    with pytest.raises(DataError, match=r"asks for 1:6, the trial lists have 5"):
        World().evaluate("matching", matching_sizes=(2, 6))


def test_a_missing_table_is_named():
    world = World()
    del world.trials["verification"]
    with pytest.raises(
        DataError, match="trial table 'verification' is missing; found matching, joint_matching"
    ):
        world.evaluate("verification")


def test_embeddings_of_another_split_are_refused():
    world = World()
    world.people["split"] = "train"
    with pytest.raises(
        DataError, match=r"none of the .* embedded voice items belongs to one of its 0 identities"
    ):
        world.evaluate("matching")


class Broken(Cosine):
    def pairs(self, voices_PD, faces_PD):
        return np.full(len(voices_PD), np.nan)


def test_scores_that_are_not_numbers_are_refused():
    with pytest.raises(EmbeddingError, match="scores are NaN"):
        World().evaluate("matching", scorer=Broken())


class Distance(Scorer):
    """A method with its own score and no limits."""

    def matrix(self, voices_ND, faces_MD):
        return -np.linalg.norm(voices_ND[:, None].astype(float) - faces_MD, axis=2)

    def pairs(self, voices_PD, faces_PD):
        return -np.linalg.norm(voices_PD.astype(float) - faces_PD, axis=1)


def test_a_method_brings_its_own_score():
    found = World().evaluate(scorer=Distance())
    assert found.records["matching_1_2/v2f/all/accuracy"]["value"] > 0.5
    assert found.curves["scores"]["high"].max() < 0


def test_the_best_items_of_a_probe_can_be_shown():
    world = World()
    probes = world.clips["clip"].to_numpy()[[4, 0]]
    shown = retrieved(world.embeddings(), Cosine(), np.append(probes, 999), direction="v2f", first=3)
    assert shown["probe"].tolist() == np.repeat(probes, 3).tolist()
    (voice, owner), (face, whose) = world.sides("v2f")
    for probe, rows in shown.groupby("probe", sort=False):
        best = sorted(face, key=lambda item: -float(voice[probe] @ face[item]))[:3]
        assert rows["item"].tolist() == best
        assert rows["same"].tolist() == [whose[item] == owner[probe] for item in best]
    with pytest.raises(EmbeddingError, match="none of the 1 probes"):
        retrieved(world.embeddings(), Cosine(), np.array([999]), direction="v2f", first=3)
