"""Every metric on the real public lists, with embeddings made from hashes of the paths."""

import csv
import gzip
import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from vfal.core.types import Direction
from vfal.evaluation.embeddings import Items
from vfal.evaluation.ranking import rank
from vfal.evaluation.replication import fop_evaluation, replicated_eer
from vfal.evaluation.scoring import Cosine, Prepared
from vfal.metrics import auc, matching_credits

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


@cache
def direction_of(seed_text: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(seed_text.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(32)


class Lists:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.truth = json.loads((folder / "metric_truth.json").read_text())
        rows = csv.reader(self.text("cmpc_pins/vox1_meta.csv").splitlines()[1:], delimiter="\t")
        self.id_of = {name: identity for identity, name, *_ in rows}

    def text(self, path: str) -> str:
        return gzip.decompress((self.folder / f"{path}.gz").read_bytes()).decode("utf-8-sig")

    def rows(self, key: str) -> list[list[str]]:
        family, name = key.split("/")
        folder = {"ssos": "ssos", "cmpc": "cmpc_pins/matching", "pins": "cmpc_pins/veriflist"}[family]
        return [line.split() for line in self.text(f"{folder}/{name}").splitlines()]

    def identity(self, path: str) -> str:
        first = path.split("/")[0]
        return self.id_of.get(first, first)

    def items(self, paths: list[str]) -> tuple[Items, dict[str, int]]:
        place = {path: row for row, path in enumerate(dict.fromkeys(paths))}
        vectors = np.empty((len(place), 32))
        for path, row in place.items():
            vector = 0.5 * direction_of(f"identity:{self.identity(path)}") + direction_of.__wrapped__(
                f"sample:{path}"
            )
            vectors[row] = vector / np.linalg.norm(vector)
        people = np.array([self.identity(path) for path in place], dtype=object)
        modality = "voice" if next(iter(place)).endswith(".wav") else "face"
        return Items(modality, np.arange(len(place)), people, vectors), place

    def ready(
        self, probes: list[str], gallery: list[list[str]]
    ) -> tuple[Direction, Prepared, np.ndarray, np.ndarray]:
        asking, probe_row = self.items(probes)
        asked, gallery_row = self.items([path for row in gallery for path in row])
        direction: Direction = "v2f" if asking.modality == "voice" else "f2v"
        sides = (asking, asked) if direction == "v2f" else (asked, asking)
        rows = np.array([[gallery_row[path] for path in row] for row in gallery])
        return direction, Prepared(Cosine(), *sides), np.array([probe_row[path] for path in probes]), rows


@pytest.fixture(scope="module")
def lists(shared_folder) -> Lists:
    return Lists(shared_folder / "lists")


@pytest.mark.parametrize("key", MATCHING)
def test_matching_accuracy_on_a_real_list(lists, key):
    rows = lists.rows(key)
    direction, ready, probes, candidates = lists.ready([row[0] for row in rows], [row[1:] for row in rows])
    credit, tied = matching_credits(ready.candidates(direction, probes, candidates), "shared")
    assert not tied.any()
    assert credit.mean() == pytest.approx(lists.truth[key]["acc"], abs=1e-12)


@pytest.mark.parametrize("key", ["ssos/verify_v2f_test.txt", "ssos/verify_f2v_test.txt"])
def test_verification_auc_on_a_real_list(lists, key):
    rows = lists.rows(key)
    direction, ready, probes, candidates = lists.ready([row[0] for row in rows], [row[1:] for row in rows])
    same = np.array([lists.identity(one) == lists.identity(other) for one, other in rows])
    scores = ready.pairs(direction, probes, candidates[:, 0])
    assert auc(scores, same) == pytest.approx(lists.truth[key]["auc"], abs=1e-12)


def pins_trials(lists: Lists, key: str) -> tuple[np.ndarray, np.ndarray]:
    rows = [row[0].split(",") for row in lists.rows(key)[1:]]
    voices, faces = [], []
    for *_, voice, face in rows:
        name, recording = voice.split("/")
        voices.append(f"{lists.id_of[name]}/{recording[:11]}/{recording[14:]}")
        name, rest = face.split("/", 1)
        faces.append([f"{name}/1.6/{rest}"])
    _, ready, probes, candidates = lists.ready(voices, faces)
    return ready.pairs("v2f", probes, candidates[:, 0]), np.array([row[3] == "1" for row in rows])


@pytest.mark.parametrize("key", PINS)
def test_verification_on_a_pins_list_by_every_published_definition(lists, key):
    scores, same = pins_trials(lists, key)
    truth = lists.truth[key]
    assert len(same) == truth["n"]
    assert auc(scores, same) == pytest.approx(truth["auc"], abs=1e-12)
    for rule in ("cmpc", "brentq", "max"):
        # brentq stops within its own tolerance of 2e-12
        assert replicated_eer(scores, same, rule) == pytest.approx(truth[f"eer_{rule}"], abs=5e-12)
    parity = np.arange(len(same)) % 2 == 0
    for labels, expected in ((same, truth["fop_true_labels"]), (parity, truth["fop_parity_labels"])):
        found = fop_evaluation(2 - 2 * scores, labels)
        assert found["auc"] == pytest.approx(expected["auc"], abs=1e-9)
        assert found["eer_fop"] == pytest.approx(expected["eer_fpr"], abs=1e-9)
        assert found["eer_sbnet"] == pytest.approx(expected["eer_mean"], abs=1e-9)
        assert found["accuracy"].mean() == pytest.approx(expected["acc"], abs=1e-9)


def mean_average_precision(lists: Lists, probes: list[str], gallery: list[str]) -> float:
    direction, ready, probe_rows, gallery_rows = lists.ready(probes, [gallery])
    codes = {name: code for code, name in enumerate(sorted({lists.identity(path) for path in gallery}))}
    people = [np.array([codes[lists.identity(path)] for path in paths]) for paths in (probes, gallery)]
    ranking = rank(
        ready, direction, (probe_rows, people[0]), (gallery_rows[0], people[1]), block_scores=4_000_000
    )
    assert not ranking.tied_N.any()
    return float(ranking.average_precision_N.mean())


def test_retrieval_on_the_shape_of_sound_list(lists):
    voices, faces = lists.rows("ssos/reterival_v2f_test.txt")
    expected = lists.truth["ssos/reterival_v2f_test.txt"]["map"]
    assert mean_average_precision(lists, voices, faces) == pytest.approx(expected, abs=1e-12)


def test_retrieval_on_the_cmpc_list(lists):
    voices, faces = (
        [line.split("\t")[1] for line in lists.text(f"cmpc_pins/retrieval/{name}_20k.csv").splitlines()[1:]]
        for name in ("wav", "jpg")
    )
    expected = lists.truth["cmpc/retrieval_v2f"]["map"]
    assert mean_average_precision(lists, voices, faces) == pytest.approx(expected, abs=1e-12)
