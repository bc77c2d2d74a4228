"""Published evaluation code against ours, on the reference arrays."""

from pathlib import Path

import numpy as np
import pytest

from vfal.core.types import DIRECTIONS
from vfal.evaluation.embeddings import Items
from vfal.evaluation.ranking import Tally
from vfal.evaluation.replication import (
    fop_evaluation,
    mean_average_precision_at,
    replicated_average_precision,
    replicated_eer,
    stable_ranks,
)
from vfal.evaluation.scoring import Cosine, Prepared
from vfal.metrics import auc, matching_credits, relevant_ranks

SSOS = ("n12", "n14_1to3", "n15_1to5", "n9_1to9")
VFAL_EVA = ("n10_d32", "n12", "n20", "n25")


def load(folder: Path, name: str) -> dict:
    with np.load(folder / "golden" / f"{name}.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def prepared(golden: dict) -> Prepared:
    sides = [
        Items(m, np.arange(len(golden[f"emb_{m}"])), golden[f"id_{m}"], golden[f"emb_{m}"])
        for m in ("voice", "face")
    ]
    return Prepared(Cosine(), *sides)


def sides(golden: dict, direction: str) -> tuple[np.ndarray, np.ndarray]:
    pair = (golden["id_voice"], golden["id_face"])
    return pair if direction == "v2f" else pair[::-1]


@pytest.mark.parametrize("name", SSOS)
@pytest.mark.parametrize("direction", DIRECTIONS)
class TestSeekingTheShape:
    def test_every_matching_query_is_judged_as_published(self, shared_folder, name, direction):
        golden = load(shared_folder, f"ssos_eval_{name}")
        trials = golden[f"match_{direction}"]
        scores = prepared(golden).candidates(direction, trials[:, 0], trials[:, 1:])
        credit, tied = matching_credits(scores, "first")
        assert not tied.any()
        np.testing.assert_array_equal(credit[:, -1], golden[f"match_{direction}_correct"])
        assert credit[:, -1].mean() == golden[f"match_{direction}_acc"]

    def test_verification_scores_and_auc_agree(self, shared_folder, name, direction):
        golden = load(shared_folder, f"ssos_eval_{name}")
        trials = golden[f"verify_{direction}"]
        scores = prepared(golden).pairs(direction, trials[:, 0], trials[:, 1])
        # the published score is float32
        np.testing.assert_allclose(scores, golden[f"verify_{direction}_score"], atol=2e-7)
        probe, gallery = sides(golden, direction)
        same = probe[trials[:, 0]] == gallery[trials[:, 1]]
        np.testing.assert_array_equal(same, golden[f"verify_{direction}_target"] == 1)
        assert auc(scores, same) == pytest.approx(float(golden[f"verify_{direction}_auc"]), abs=1e-15)

    def test_average_precision_is_the_same_to_the_last_bit(self, shared_folder, name, direction):
        golden = load(shared_folder, f"ssos_eval_{name}")
        queries, gallery = golden[f"retr_{direction}_query"], golden[f"retr_{direction}_gallery"]
        probe_id, gallery_id = sides(golden, direction)
        scores = prepared(golden).matrix(direction, queries, gallery)
        relevant = probe_id[queries][:, None] == gallery_id[gallery]
        for rank_of in (stable_ranks, lambda row, flags: relevant_ranks(row, flags)[0]):
            ranks = [rank_of(row, flags) for row, flags in zip(scores, relevant, strict=True)]
            precision = np.array([replicated_average_precision(ranks_R, "ssos") for ranks_R in ranks])
            np.testing.assert_array_equal(precision, golden[f"retr_{direction}_ap"])
        assert precision.mean() == pytest.approx(float(golden[f"retr_{direction}_map"]), abs=1e-15)


@pytest.mark.parametrize("name", SSOS)
def test_average_precision_of_ranked_labels_is_the_same_to_the_last_bit(shared_folder, name):
    golden = load(shared_folder, f"ssos_eval_{name}")
    for labels, value in zip(golden["ap_labels"], golden["ap_values"], strict=True):
        ranks = np.flatnonzero(labels[labels >= 0] == 1) + 1
        assert replicated_average_precision(ranks, "ssos") == value


@pytest.mark.parametrize("name", VFAL_EVA)
class TestVfalEva:
    def test_pairs_of_people_are_matched_with_ties_wrong(self, shared_folder, name):
        golden = load(shared_folder, f"vfal_eval_{name}")
        voice_1, face_1, voice_2, face_2 = golden["match"].T
        ready = prepared(golden)
        each = np.stack(
            [
                matching_credits(ready.candidates("v2f", voice_1, np.stack([face_1, face_2], 1)), "strict")[
                    0
                ][:, 0],
                matching_credits(ready.candidates("f2v", face_1, np.stack([voice_1, voice_2], 1)), "strict")[
                    0
                ][:, 0],
            ],
            axis=1,
        )
        np.testing.assert_array_equal(each, golden["match_each"])
        np.testing.assert_allclose(each.mean(axis=0), golden["match_acc"], atol=1e-15)
        np.testing.assert_allclose(each[:, 0].mean(), golden["match_acc_v2f_only"], atol=1e-15)
        np.testing.assert_allclose(each[:, 1].mean(), golden["match_acc_f2v_only"], atol=1e-15)

    def test_larger_galleries_are_prefixes_of_one_list(self, shared_folder, name):
        golden = load(shared_folder, f"vfal_eval_{name}")
        voices, faces = golden["match_1n"][:, 0], golden["match_1n"][:, 1]
        ready = prepared(golden)
        for direction, probes, candidates in (("v2f", voices[:, 0], faces), ("f2v", faces[:, 0], voices)):
            credit, _ = matching_credits(ready.candidates(direction, probes, candidates), "first")
            np.testing.assert_allclose(credit.mean(axis=0), golden[f"match_1n_{direction}"], atol=1e-15)

    def test_verification_agrees(self, shared_folder, name):
        golden = load(shared_folder, f"vfal_eval_{name}")
        voices, faces, same = golden["verify"].T
        scores = prepared(golden).pairs("v2f", voices, faces)
        np.testing.assert_allclose((scores + 1) / 2, golden["verify_prob"], atol=1e-7)
        assert auc(scores, same == 1) == pytest.approx(float(golden["verify_auc"]), abs=1e-15)

    def test_retrieval_in_paired_groups_agrees(self, shared_folder, name):
        golden = load(shared_folder, f"vfal_eval_{name}")
        ready = prepared(golden)
        each = []
        for voices, faces, people in golden["retrieval"].transpose(0, 2, 1):
            both = []
            for direction, probes, gallery in (("v2f", voices, faces), ("f2v", faces, voices)):
                scores = ready.matrix(direction, probes, gallery)
                ranks = [stable_ranks(row, people == who) for row, who in zip(scores, people, strict=True)]
                both.append(mean_average_precision_at(ranks, 0))
            each.append(both)
        np.testing.assert_allclose(each, golden["retrieval_each"], atol=1e-12)
        np.testing.assert_allclose(np.mean(each, axis=0), golden["retrieval_map"], atol=1e-12)

    def test_precision_within_the_first_k_agrees(self, shared_folder, name):
        golden = load(shared_folder, f"vfal_eval_{name}")
        voices, faces, people = golden["retrieval"][0].T
        cosine = prepared(golden).matrix("v2f", voices, faces)
        apart = golden["emb_voice"][voices][:, None].astype(float) - golden["emb_face"][faces].astype(float)
        for scores, key in (
            (cosine, "map_cos"),
            (-np.linalg.norm(apart, axis=2), "map_l2"),
            (cosine, "map_v2"),
        ):
            ranks = [stable_ranks(row, people == who) for row, who in zip(scores, people, strict=True)]
            found = [mean_average_precision_at(ranks, int(k)) for k in golden["map_k"]]
            np.testing.assert_allclose(found, golden[key], atol=1e-12)
        np.testing.assert_array_equal(golden["map_v2"], golden["map_v3"])


@pytest.mark.parametrize("name", ["n12", "n8"])
def test_cmpc_metrics_agree(shared_folder, name):
    golden = load(shared_folder, f"cmpc_metrics_{name}")
    relevant = golden["id_voice"][:, None] == golden["id_face"]
    for scores, flags, key in (
        (golden["score"], relevant, "map_v2f"),
        (golden["score"].T, relevant.T, "map_f2v"),
    ):
        precision = [
            np.mean(np.arange(1, f.sum() + 1) / relevant_ranks(row, f)[0])
            for row, f in zip(scores, flags, strict=True)
        ]
        assert np.mean(precision) == pytest.approx(float(golden[key]), abs=1e-12)
    same = golden["ver_label"] == 1
    assert auc(golden["ver_score"], same) == pytest.approx(float(golden["ver_auc"]), abs=1e-15)
    assert replicated_eer(golden["ver_score"], same, "cmpc") == golden["ver_eer"]


@pytest.mark.parametrize("name", ["n200", "n60"])
def test_fop_and_sbnet_verification_agree(shared_folder, name):
    golden = load(shared_folder, f"fop_eval_{name}")
    distances = np.sum((golden["voice"] - golden["face"]) ** 2, axis=1)
    same = golden["issame"][: len(distances)]
    found = fop_evaluation(distances, same)
    for key in ("tpr", "fpr", "accuracy", "auc", "eer_fop", "eer_sbnet"):
        np.testing.assert_allclose(found[key], golden[key], atol=1e-12, err_msg=key)


@pytest.mark.parametrize("name", ["v1", "v3"])
@pytest.mark.parametrize("part", ["heard", "unheard"])
def test_the_fame_equal_error_rate_agrees(shared_folder, name, part):
    golden = load(shared_folder, f"mav_eer_{name}")
    scores, same = golden[f"score_{part}"], golden[f"gt_{part}"]
    assert replicated_eer(scores, same, "brentq") == pytest.approx(float(golden[f"eer_{part}"]), abs=1e-12)


@pytest.mark.parametrize("spread", [0.0, 1e-320, 1e-16, 1e-3, 1e12])
def test_scores_that_hardly_differ_are_ranked_as_by_sorting(spread):
    rng = np.random.default_rng(2)
    scores = (0.0 if spread in (1e-320, 1e12) else 0.7) + spread * rng.integers(0, 9, 500)
    flags = np.arange(500) < 20
    tally = Tally(np.sort(scores[flags]))
    for part in np.array_split(scores, 3):
        tally.add(part)
    ranks, tied = tally.ranks()
    expected, expected_tied = relevant_ranks(scores, flags)
    np.testing.assert_array_equal(ranks, expected)
    assert tied == expected_tied


def test_slices_of_a_gallery_are_ranked_as_by_sorting():
    rng = np.random.default_rng(1)
    for size, levels in ((3, 2), (50, 8), (400, 10**9), (20_000, 3000)):
        scores = rng.integers(0, levels, size) / levels
        start = int(rng.integers(0, size - 1))
        chosen = slice(start, start + int(rng.integers(1, size - start)))
        flags = np.zeros(size, dtype=bool)
        flags[chosen] = True
        tally = Tally(np.sort(scores[chosen]))
        for part in np.array_split(scores, min(size, 3)):
            tally.add(part)
        ranks, tied = tally.ranks()
        expected, expected_tied = relevant_ranks(scores, flags)
        np.testing.assert_array_equal(ranks, expected)
        assert tied == expected_tied
