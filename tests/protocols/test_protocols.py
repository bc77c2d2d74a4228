"""Every protocol of the shelf against plain loops over the same trials."""

import json
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from vfal.core.config.protocols import EvaluateSettings, TrialSettings
from vfal.core.errors import ConfigError, DataError, EmbeddingError
from vfal.core.types import DIRECTIONS, GROUPS
from vfal.data.trials import make_trials
from vfal.evaluation.embeddings import Embeddings
from vfal.evaluation.ranking import retrieved
from vfal.evaluation.scoring import Cosine, Scorer
from vfal.method import Task
from vfal.metrics import chance_average_precision, eer
from vfal.protocol import Evaluation, Protocol, evaluate
from vfal.protocols import SHELF, get_protocol, get_protocols

SETTINGS = EvaluateSettings(
    models=("any",),
    protocols=tuple(SHELF),
    groups=GROUPS,
    breakdown=(),
    heard_languages=("Urdu",),
    matching_sizes=(2, 3, 5),
    recall_at=(1, 3),
    joint_pairs=(),
    dcf_target_ratio=0.05,
    bootstrap_replicates=200,
    level=0.95,
    interval_thresholds=500,
    roc_points=40,
    histogram_bins=20,
    block_scores=300,
)
CELL = {"all": "everybody", "same_gender": "gender", "same_nationality": "nationality"}


class World:
    def __init__(self, seed: int = 0, grid: float = 0.0, count: int = 20) -> None:
        """With a `grid`, embeddings are coarse, so that many scores tie."""
        rng = np.random.default_rng(seed)
        names = [f"id{row:02d}" for row in range(count)]
        self.people = pd.DataFrame(
            {
                "identity": names,
                "gender": ["m", "f"] * (count // 2),
                "nationality": [f"land {row % 3}" for row in range(count)],
                "split": ["test"] * (count - 4) + ["train"] * 4,
            }
        )
        shared = rng.normal(size=(count, 8))
        self.clips, voices = self.items(rng, shared, "clip", 3, 7)
        self.faces, faces = self.items(rng, shared, "face", 3, 6)
        if grid:
            voices, faces = (np.sign(v).astype(np.float32) for v in (voices[:, :4], faces[:, :4]))
        self.voices_ND, self.faces_MD = voices, faces
        settings = TrialSettings(
            groups=GROUPS, queries_per_probe=2, candidates=5, joint_queries_per_identity=5, joint_means=(1, 3)
        )
        self.trials = make_trials(
            self.people, self.clips, self.faces, split="test", seed=1, settings=settings
        )

    def items(
        self, rng: np.random.Generator, shared: np.ndarray, kind: str, least: int, most: int
    ) -> tuple[pd.DataFrame, np.ndarray]:
        owner = np.repeat(np.arange(len(shared)), rng.integers(least, most, len(shared)))
        table = pd.DataFrame(
            {kind: 100 + rng.permutation(len(owner)), "identity": [f"id{i:02d}" for i in owner]}
        )
        return table, (shared[owner] + 1.5 * rng.normal(size=(len(owner), 8))).astype(np.float32)

    def embeddings(self) -> Embeddings:
        return Embeddings.of(self.voices_ND, self.faces_MD, clips=self.clips, faces=self.faces)

    def evaluate(self, *names: str, scorer: Scorer | None = None, **changes) -> Evaluation:
        return evaluate(
            get_protocols(names or SHELF),
            self.embeddings(),
            self.people,
            self.trials,
            SETTINGS.model_copy(update=changes),
            split="test",
            seed=4,
            scorer=scorer or Cosine(),
        )

    def side(self, modality: str) -> tuple[dict, dict]:
        table, vectors = (self.clips, self.voices_ND) if modality == "voice" else (self.faces, self.faces_MD)
        units = vectors.astype(float) / np.linalg.norm(vectors.astype(float), axis=1, keepdims=True)
        numbers = table.iloc[:, 0].tolist()
        return dict(zip(numbers, units, strict=True)), dict(zip(numbers, table["identity"], strict=True))

    def sides(self, direction: str) -> tuple[tuple[dict, dict], tuple[dict, dict]]:
        pair = (self.side("voice"), self.side("face"))
        return pair if direction == "v2f" else pair[::-1]

    def part(self, name: str, direction: str, group: str) -> pd.DataFrame:
        table = self.trials[name]
        return table[(table["direction"] == direction) & (table["group"] == group)]


@pytest.fixture(scope="module", params=[0.0, 1.0], ids=["fine", "tied"])
def world(request) -> World:
    return World(grid=request.param)


@pytest.fixture(scope="module")
def found(world) -> Evaluation:
    return world.evaluate()


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


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("group", GROUPS)
class TestAgainstLoops:
    def test_matching(self, world, found, direction, group):
        (probe, owner), (gallery, _) = world.sides(direction)
        table = world.part("matching", direction, group)
        for size in SETTINGS.matching_sizes:
            columns = [f"candidate_{place}" for place in range(size)]
            rows = table.dropna(subset=columns)
            credit, ties = [], 0
            for asking, row in zip(rows["probe"], rows[columns].to_numpy(dtype=int), strict=True):
                scores = np.array([np.einsum("d,d->", probe[asking], gallery[item]) for item in row])
                best = np.flatnonzero(scores == scores.max())
                credit.append(1 / len(best) if 0 in best else 0)
                ties += 0 in best and len(best) > 1
            record = found.records[f"matching_1_{size}/{direction}/{group}/accuracy"]
            assert record["value"] == pytest.approx(np.mean(credit), abs=1e-12)
            assert (record["trials"], record["ties"]) == (len(rows), ties)
            assert record["identities"] == rows["probe"].map(owner).nunique()
            assert record["chance"] == 1 / size

    def test_verification(self, world, found, direction, group):
        (probe, _), (gallery, _) = world.sides(direction)
        rows = world.part("verification", direction, group)
        scores = np.array(
            [
                np.einsum("d,d->", probe[a], gallery[b])
                for a, b in zip(rows["probe"], rows["candidate"], strict=True)
            ]
        )
        same = rows["same"].to_numpy(dtype=bool)
        won = [(p > n) + 0.5 * (p == n) for p in scores[same] for n in scores[~same]]
        record = found.records[f"verification/{direction}/{group}/auc"]
        assert record["value"] == pytest.approx(np.mean(won), abs=1e-12)
        assert record["trials"] == len(rows)
        assert record["ties"] == sum(score in set(scores[~same]) for score in scores[same])
        assert record["low"] <= record["value"] <= record["high"]
        assert found.records[f"verification/{direction}/{group}/eer"]["binomial_low"] is None

    def test_retrieval(self, world, found, direction, group):
        (probe, owner), (gallery, whose) = world.sides(direction)
        facts = world.people.assign(everybody=1).set_index("identity").query("split == 'test'")
        cell = facts[CELL[group]]
        precision, hits, chance = [], {1: [], 3: []}, []
        for asking, vector in probe.items():
            if owner[asking] not in facts.index:
                continue
            items = [i for i in gallery if whose[i] in facts.index and cell[whose[i]] == cell[owner[asking]]]
            # rounding differs between a matrix product and a loop; ties must survive it
            scores = {i: round(float(vector @ gallery[i]), 12) for i in items}
            order = sorted(items, key=lambda i: (-scores[i], whose[i] == owner[asking]))
            ranks = [place for place, i in enumerate(order, start=1) if whose[i] == owner[asking]]
            precision.append(np.mean([k / rank for k, rank in enumerate(ranks, start=1)]))
            chance.append(chance_average_precision(np.array([len(ranks)]), np.array([len(items)]))[0])
            for k, hit in hits.items():
                hit.append(ranks[0] <= k)
        record = found.records[f"retrieval/{direction}/{group}/map"]
        assert record["value"] == pytest.approx(np.mean(precision), abs=1e-12)
        assert record["chance"] == pytest.approx(np.mean(chance))
        assert record["trials"] == len(precision)
        for k, hit in hits.items():
            assert found.records[f"retrieval/{direction}/{group}/recall_at_{k}"]["value"] == np.mean(hit)

    def test_joint_matching(self, world, found, direction, group):
        (probe, _), (gallery, _) = world.sides(direction)
        table = world.part("joint_matching", direction, group)
        for mean_of, rows in table.groupby("mean_of"):
            gaps = []
            for _, trial in rows.groupby("trial"):
                asking = np.mean([probe[i] for i in trial["probe"]], axis=0)
                scores = []
                for column in ("candidate_0", "candidate_1"):
                    asked = np.mean([gallery[i] for i in trial[column]], axis=0)
                    scores.append(float(asking @ asked / np.linalg.norm(asked)))
                gaps.append(scores[0] - scores[1])
            record = found.records[f"joint_matching_m{mean_of}/{direction}/{group}/accuracy"]
            # means of coarse vectors tie but for rounding, which may fall either way
            assert np.mean(np.array(gaps) > 1e-12) <= record["value"] <= np.mean(np.array(gaps) > -1e-12)
            assert record["trials"] == len(gaps)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_joint_tasks_may_average_more_voices_than_faces(direction):
    world = World()
    found = world.evaluate("joint_matching", "joint_retrieval")
    pairs = world.evaluate("joint_matching", "joint_retrieval", joint_pairs=((3, 2), (2, 5)))
    (probe, _), (gallery, _) = world.sides(direction)
    asking_of, asked_of = (3, 2) if direction == "v2f" else (2, 3)
    table = world.part("joint_matching", direction, "all").query("mean_of == 3")
    gaps = []
    for _, trial in table.sort_values(["trial", "draw"]).groupby("trial"):
        asking = np.mean([probe[i] for i in trial["probe"].iloc[:asking_of]], axis=0)
        bags = [[gallery[i] for i in trial[f"candidate_{k}"].iloc[:asked_of]] for k in (0, 1)]
        means = [np.mean(bag, axis=0) for bag in bags]
        scores = [float(asking @ mean / np.linalg.norm(mean)) for mean in means]
        gaps.append(scores[0] - scores[1])
    record = pairs.records[f"joint_matching_v3_f2/{direction}/all/accuracy"]
    assert np.mean(np.array(gaps) > 1e-12) <= record["value"] <= np.mean(np.array(gaps) > -1e-12)
    sizes = world.side("voice" if direction == "v2f" else "face")[1]
    people = pd.Series({i: who for i, who in sizes.items() if who < "id16"})
    bags = int((people.value_counts() // asking_of).sum())
    assert pairs.records[f"joint_retrieval_v3_f2/{direction}/all/map"]["trials"] == bags
    assert f"joint_matching_v2_f5/{direction}/all/accuracy" not in pairs.records
    assert any("no trials with m = 5" in note for note in map(str, pairs.notes))
    assert {name: one for name, one in pairs.records.items() if name in found.records} == found.records


COMBINED = {
    "same_age": ["age_band"],
    "same_gender+same_nationality": ["gender", "nationality"],
    "same_gender+same_nationality+same_age": ["gender", "nationality", "age_band"],
}


@pytest.fixture(scope="module")
def aged() -> tuple[World, Evaluation]:
    """Forty people of two age bands, whom every group divides; numbers by each of their attributes."""
    world = World(count=40)
    rows = np.arange(40)
    world.people["nationality"] = [f"land {row}" for row in rows // 2 % 2]
    world.people["age_band"] = np.where(rows // 4 % 2, "under 40", "over 40")
    world.people.loc[3, "age_band"] = ""  # not known: neither asks nor is asked for
    settings = TrialSettings(
        groups=tuple(COMBINED),
        queries_per_probe=2,
        candidates=3,
        joint_queries_per_identity=2,
        joint_means=(),
    )
    world.trials = make_trials(
        world.people, world.clips, world.faces, split="test", seed=1, settings=settings
    )
    found = world.evaluate(
        "matching", "verification", "retrieval", matching_sizes=(2,), groups=tuple(COMBINED),
        breakdown=("gender", "nationality", "age_band"), recall_at=(1,),
    )  # fmt: skip
    return world, found


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("group", COMBINED)
def test_age_bands_and_combined_groups_ask_within_their_cell_and_break_down_by_attribute(
    aged, direction, group
):
    world, found = aged
    (probe, owner), (gallery, other) = world.sides(direction)
    people = world.people.set_index("identity")
    rows = world.part("matching", direction, group)
    cell = people[COMBINED[group]].apply(tuple, axis=1)
    credit = []
    for _, row in rows.iterrows():
        candidates = [row["candidate_0"], row["candidate_1"]]
        assert {cell[owner[row["probe"]]]} == {cell[other[item]] for item in candidates}
        scores = [probe[row["probe"]] @ gallery[item] for item in candidates]
        credit.append(float(scores[0] > scores[1]))
    credit, asking = np.array(credit), rows["probe"].map(owner)
    assert "id03" not in set(asking) or "age" not in group
    name = f"matching_1_2/{direction}/{group}"
    assert found.records[f"{name}/accuracy"]["value"] == pytest.approx(credit.mean(), abs=1e-12)
    for attribute in ("gender", "nationality", "age_band"):
        values = asking.map(people[attribute])
        for value in set(values) - {""}:
            record = found.records[f"{name}:{attribute}={value}/accuracy"]
            assert record["value"] == pytest.approx(credit[(values == value).to_numpy()].mean(), abs=1e-12)
            assert record["trials"] == (values == value).sum() and record["binomial_low"] < record["value"]
            for metric in (f"verification/{direction}/{group}:{attribute}={value}/min_dcf",
                           f"retrieval/{direction}/{group}:{attribute}={value}/map"):  # fmt: skip
                assert metric in found.records


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_unheard_language_is_verification_by_the_language_of_the_voice_and_the_mean(direction):
    world = World(count=40)
    world.clips["language"] = np.where(world.clips["clip"] % 2, "Urdu", "English")
    world.trials = make_trials(
        world.people, world.clips, world.faces, split="test", seed=1,
        settings=TrialSettings(
            groups=("all",), queries_per_probe=2, candidates=2, joint_queries_per_identity=2, joint_means=()
        ),
    )  # fmt: skip
    found = world.evaluate("unheard_language", groups=("all",), heard_languages=("Urdu",))
    language_of = dict(zip(world.clips["clip"], world.clips["language"], strict=True))
    (probe, _), (gallery, _) = world.sides(direction)
    rows = world.part("verification", direction, "all")
    spoken = rows["probe" if direction == "v2f" else "candidate"].map(language_of)
    errors = []
    for language, heard in (("English", "unheard"), ("Urdu", "heard")):
        some = rows[(spoken == language).to_numpy()]
        scores = np.array(
            [probe[a] @ gallery[b] for a, b in zip(some["probe"], some["candidate"], strict=True)]
        )
        errors.append(eer(scores, some["same"].to_numpy(dtype=bool)))
        record = found.records[f"unheard_language_{heard}_{language}/{direction}/all/eer"]
        assert record["value"] == pytest.approx(errors[-1], abs=1e-12) and record["trials"] == len(some)
    mean = found.records[f"unheard_language/{direction}/all/eer"]["value"]
    assert mean == pytest.approx(np.mean(errors), abs=1e-12)


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
