"""Every metric on the real public lists, with embeddings made from hashes of the paths."""

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from vfal.lists.asked import ScoreSettings
from vfal.lists.check import check_file, read_splits
from vfal.lists.formats import read_list
from vfal.lists.outcome import Outcome, score_files
from vfal.lists.people import People, read_people
from vfal.lists.replicas import REPLICAS
from vfal.lists.trial_list import TrialList
from vfal.lists.vectors import read_vectors

MATCHING = (
    "ssos/match_v2f_2_val.txt",
    "cmpc/matching_f2v_U.csv",
    "cmpc/matching_v2f_G.csv",
    "cmpc/matching_v2f_N.csv",
    "cmpc/matching_v2f_U.csv",
)
PINS = tuple(
    f"pins/veriflist_test_{group}_{part}.txt"
    for group in ("G", "N", "random")
    for part in ("seenheard", "unseenunheard")
)
FOLDER = {"ssos": "ssos", "cmpc": "cmpc_pins/matching", "pins": "cmpc_pins/veriflist"}
# What docs of the lists say: rows, positives, duplicates.
COUNTS = {
    "ssos/match_v2f_2_val.txt": {"rows": 42_546, "voices": 14_182, "faces": 7_210, "duplicate rows": 0},
    "ssos/verify_v2f_test.txt": {"rows": 65_550, "positives": 32_967, "duplicate rows": 358},
    "ssos/verify_f2v_test.txt": {"rows": 60_228, "positives": 30_060, "duplicate rows": 165},
    "ssos/reterival_v2f_test.txt": {"queries": 21_850, "gallery": 20_076, "identities": 189},
    "cmpc/matching_v2f_N.csv": {"rows": 9_360, "identities": 234},
    "pins/veriflist_test_G_seenheard.txt": {"rows": 18_020, "voices": 4_505, "faces": 14_900},
    "pins/veriflist_test_N_unseenunheard.txt": {"rows": 28_193, "labels alternate": "no, 7 breaks"},
}  # fmt: skip


@cache
def direction_of(seed_text: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(seed_text.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(32)


def spelled(one: TrialList, key: str, path: str, names: dict[str, str]) -> str:
    """The path in the convention that the truth's seeds are made of."""
    if one.format != "pins_verification":
        return path
    kind, _, rest = key.partition(":")
    person, video, item = rest.split("/")
    return f"{rest}.wav" if kind == "voice" else f"{names[person]}/1.6/{video}/{item}.jpg"


class Truth:
    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder, self.scratch = folder, scratch
        self.values = json.loads((folder / "metric_truth.json").read_text())
        self.people: People = read_people([folder / "cmpc_pins/vox1_meta.csv.gz"])
        self.splits = read_splits(folder / "cmpc_pins/Splits/identity_splits.txt.gz", self.people)

    def path(self, key: str) -> Path:
        family, name = key.split("/")
        return self.folder / FOLDER[family] / f"{name}.gz"

    def outcome(self, path: Path) -> Outcome:
        return self.outcomes(path, ScoreSettings())[0]

    def outcomes(self, path: Path, *settings: ScoreSettings) -> list[Outcome]:
        (one,) = read_list(path, self.people)
        names = {who: name for name, who in self.people.id_of.items()}
        vectors: dict[str, np.ndarray] = {}
        for items in one.items.values():
            for key, person, item in items.table[["key", "person", "path"]].itertuples(index=False):
                text = spelled(one, key, item, names)
                vector = 0.5 * direction_of(f"identity:{person}") + direction_of.__wrapped__(f"sample:{text}")
                vectors[text] = vector / np.linalg.norm(vector)
        file = self.scratch / "e.npz"
        np.savez(file, paths=np.array(list(vectors)), vectors=np.stack(list(vectors.values())))
        read = read_vectors([file], self.people)
        return [score_files([path], read, self.people, one, replicates=0)[0] for one in settings]


@pytest.fixture(scope="module")
def truth(shared_folder, tmp_path_factory) -> Truth:
    return Truth(shared_folder / "lists", tmp_path_factory.mktemp("truth"))


def only(outcome: Outcome, metric: str) -> float:
    (found,) = (record for name, record in outcome.records.items() if name.endswith(metric))
    assert found["ties"] == 0
    return found["value"]


@pytest.mark.parametrize("key", [*MATCHING, *PINS, *(key for key in COUNTS if key not in (*MATCHING, *PINS))])
def test_a_real_list_is_recognised_as_official_and_has_the_published_counts(truth, key):
    verdict = check_file(truth.path(key), truth.people, truth.splits)
    assert verdict.status.startswith("official")
    assert verdict.defects == []
    assert {name: verdict.counts[name] for name in COUNTS.get(key, {})} == COUNTS.get(key, {})
    assert any(name.startswith("all in split") for name in verdict.counts)


def test_known_defects_are_told_by_name(truth):
    def known(key: str) -> str:
        return " ".join(check_file(truth.path(key), truth.people, truth.splits).known)

    assert "13,076 of 28,193 would be wrong" in known("pins/veriflist_test_N_unseenunheard.txt")
    assert "263 negatives are not of the same gender, all of them with Chadwick_Boseman" in known(
        "pins/veriflist_test_G_unseenunheard.txt"
    )
    assert "33 negatives" in known("pins/veriflist_test_G_seenheard.txt")


@pytest.mark.parametrize("key", MATCHING)
def test_matching_accuracy_on_a_real_list(truth, key):
    assert only(truth.outcome(truth.path(key)), "accuracy") == pytest.approx(
        truth.values[key]["acc"], abs=1e-12
    )


@pytest.mark.parametrize("key", ["ssos/verify_v2f_test.txt", "ssos/verify_f2v_test.txt"])
def test_verification_auc_on_a_real_list(truth, key):
    assert only(truth.outcome(truth.path(key)), "/auc") == pytest.approx(truth.values[key]["auc"], abs=1e-12)


@pytest.mark.parametrize("key", PINS)
def test_verification_on_a_pins_list_by_every_published_definition(truth, key):
    exact = [replace(REPLICAS[name], dtype=np.float64) for name in ("cmpc", "fame", "fop")]
    settings = [ScoreSettings(replica=replica) for replica in exact]
    cmpc, fame, fop = truth.outcomes(truth.path(key), *settings)
    expected = truth.values[key]
    assert only(cmpc, "/auc") == pytest.approx(expected["auc"], abs=1e-12)
    assert only(cmpc, "/eer_cmpc") == pytest.approx(expected["eer_cmpc"], abs=1e-12)
    # The distance of unit vectors falls as their cosine rises, so both give one ROC.
    assert only(fame, "/eer_max") == pytest.approx(expected["eer_max"], abs=1e-12)
    # brentq stops within its own tolerance of 2e-12
    assert only(fame, "/eer_brentq") == pytest.approx(expected["eer_brentq"], abs=5e-12)
    for labels, values in (("list", expected["fop_true_labels"]), ("parity", expected["fop_parity_labels"])):
        for metric, name in (
            ("auc", "auc"),
            ("eer_fop", "eer_fpr"),
            ("eer_sbnet", "eer_mean"),
            ("accuracy", "acc"),
        ):
            full = f"verification_fop_{labels}_labels/v2f/{fop_group(key)}/{metric}"
            assert fop.records[full]["value"] == pytest.approx(values[name], abs=1e-12), full


def fop_group(key: str) -> str:
    return {"G": "same_gender", "N": "same_nationality"}.get(key.split("_")[2], "all")


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("ssos/reterival_v2f_test.txt.gz", "ssos/reterival_v2f_test.txt"),
        ("cmpc_pins/retrieval/wav_20k.csv.gz", "cmpc/retrieval_v2f"),
    ],
)
def test_retrieval_on_a_real_list(truth, file, key):
    found = truth.outcome(truth.folder / file)
    assert only(found, "/map") == pytest.approx(truth.values[key]["map"], abs=1e-12)
    if key.startswith("ssos"):
        assert found.records["retrieval/v2f/all/map"]["chance"] == pytest.approx(0.005725, abs=5e-7)
