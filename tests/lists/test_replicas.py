"""Published evaluation code against ours, through list files and embedding files."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vfal.core.types import DIRECTIONS
from vfal.lists.asked import ScoreSettings
from vfal.lists.outcome import Outcome, score_files
from vfal.lists.people import NOBODY, People, read_people
from vfal.lists.replicas import REPLICAS
from vfal.lists.vectors import read_vectors

SSOS = ("n12", "n14_1to3", "n15_1to5", "n9_1to9")
VFAL_EVA = ("n10_d32", "n12", "n20", "n25")
VIDEO = "abcdefghijk"


class Golden:
    """The arrays of a golden file as a corpus on disk."""

    def __init__(
        self, arrays: dict[str, np.ndarray], folder: Path, voice: str = "emb_voice", face: str = "emb_face"
    ) -> None:
        self.arrays, self.folder = arrays, folder
        self.voices = [f"id{10001 + who}/{VIDEO}/{i:05d}.wav" for i, who in enumerate(arrays["id_voice"])]
        self.faces = [f"Person_{who}/{i:08d}.jpg" for i, who in enumerate(arrays["id_face"])]
        np.savez(
            folder / "e.npz",
            paths=np.array(self.voices + self.faces),
            vectors=np.concatenate([arrays[voice], arrays[face]]),
        )
        ids = np.union1d(arrays["id_voice"], arrays["id_face"])
        rows = [f"id{10001 + who}\tPerson_{who}\tm\tX\tdev" for who in ids]
        (folder / "vox1_meta.csv").write_text(
            "\n".join(["VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet", *rows])
        )
        self.people: People = read_people([folder / "vox1_meta.csv"])

    def sides(self, direction: str) -> tuple[np.ndarray, np.ndarray]:
        pair = (np.array(self.voices, dtype=object), np.array(self.faces, dtype=object))
        return pair if direction == "v2f" else pair[::-1]

    def write(
        self, name: str, rows: list[list[str]], separator: str = " ", header: tuple[str, ...] = ()
    ) -> Path:
        (self.folder / name).write_text("\n".join([*header, *(separator.join(row) for row in rows)]) + "\n")
        return self.folder / name

    def score(self, file: Path, replica: str, **changed: object) -> dict[str, Outcome]:
        settings = ScoreSettings(replica=replace(REPLICAS[replica], **changed))
        vectors = read_vectors([self.folder / "e.npz"], self.people)
        return {one.name: one for one in score_files([file], vectors, self.people, settings, replicates=0)}


def golden(shared_folder: Path, name: str, folder: Path, **names: str) -> Golden:
    with np.load(shared_folder / "golden" / f"{name}.npz", allow_pickle=False) as arrays:
        return Golden(dict(arrays), folder, **names)


def value(outcomes: dict[str, Outcome], name: str) -> float:
    (found,) = (one.records[name]["value"] for one in outcomes.values() if name in one.records)
    return found


@pytest.mark.parametrize("name", SSOS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_lists_of_ssos_are_scored_as_its_code_does(shared_folder, tmp_path, name, direction):
    held = golden(shared_folder, f"ssos_eval_{name}", tmp_path)
    probes, gallery = held.sides(direction)
    trials = held.arrays[f"match_{direction}"]
    rows = [[probes[a], *gallery[rest]] for a, *rest in trials.tolist()]
    found = held.score(held.write(f"match_{direction}.txt", rows), "ssos")
    size = trials.shape[1] - 1
    assert (
        value(found, f"matching_1_{size}/{direction}/all/accuracy") == held.arrays[f"match_{direction}_acc"]
    )
    rows = [[probes[a], gallery[b]] for a, b in held.arrays[f"verify_{direction}"].tolist()]
    found = held.score(held.write(f"verify_{direction}.txt", rows), "ssos")
    expected = float(held.arrays[f"verify_{direction}_auc"])
    assert value(found, f"verification/{direction}/all/auc") == pytest.approx(expected, abs=1e-15)
    rows = [
        probes[held.arrays[f"retr_{direction}_query"]].tolist(),
        gallery[held.arrays[f"retr_{direction}_gallery"]].tolist(),
    ]
    found = held.score(held.write(f"reterival_{direction}.txt", rows), "ssos")
    expected = float(held.arrays[f"retr_{direction}_map"])
    assert value(found, f"retrieval/{direction}/all/map") == pytest.approx(expected, abs=1e-15)


def eva_lists(held: Golden) -> dict[str, dict[str, object]]:
    voices, faces, arrays = held.voices, held.faces, held.arrays
    pairs = [("a", voices[a], faces[b], "b", voices[c], faces[d]) for a, b, c, d in arrays["match"]]
    many = [[[voices[i] for i in row[0]], [faces[i] for i in row[1]]] for row in arrays["match_1n"]]
    groups = [[(voices[a], faces[b], str(who)) for a, b, who in group] for group in arrays["retrieval"]]
    return {
        "matching.pkl": {"match_list": pairs},
        "matching_10.pkl": {"match_list": many},
        "verification.pkl": {"list": [[voices[a], faces[b], int(same)] for a, b, same in arrays["verify"]]},
        "retrieval.pkl": {"retrieval_lists": groups},
    }  # fmt: skip


@pytest.mark.parametrize("name", VFAL_EVA)
def test_pickles_of_vfal_eva_are_scored_as_its_code_does(shared_folder, tmp_path, name):
    held = golden(shared_folder, f"vfal_eval_{name}", tmp_path)
    found = {}
    for file, pickled in eva_lists(held).items():
        (tmp_path / file).write_bytes(pickle.dumps(pickled))
        found[file] = held.score(tmp_path / file, "vfal_eva", dtype=np.float64)
    for place, direction in enumerate(DIRECTIONS):
        pairs = value(found["matching.pkl"], f"matching_1_2/{direction}/all/accuracy")
        assert pairs == pytest.approx(held.arrays["match_acc"][place], abs=1e-15)
        for size, expected in enumerate(held.arrays[f"match_1n_{direction}"], start=2):
            got = value(found["matching_10.pkl"], f"matching_1_{size}/{direction}/all/accuracy")
            assert got == pytest.approx(expected, abs=1e-15)
        mean = found["retrieval.pkl"]["retrieval.pkl"].records[f"retrieval/{direction}/all/map"]
        assert mean["value"] == pytest.approx(held.arrays["retrieval_map"][place], abs=1e-12)
    auc = value(found["verification.pkl"], "verification/v2f/all/auc")
    assert auc == pytest.approx(float(held.arrays["verify_auc"]), abs=1e-15)


@pytest.mark.parametrize("name", ["n12", "n8"])
def test_retrieval_lists_of_cmpc_are_scored_as_its_code_does(shared_folder, tmp_path, name):
    held = golden(shared_folder, f"cmpc_metrics_{name}", tmp_path, voice="voice", face="face")
    for file, paths in (("wav", held.voices), ("jpg", held.faces)):
        held.write(f"{file}_20k.csv", [["x", path] for path in paths], "\t", (f"VoxCeleb1 ID\t{file}",))
    for file, direction in (("wav", "v2f"), ("jpg", "f2v")):
        found = held.score(tmp_path / f"{file}_20k.csv", "cmpc", dtype=np.float64)
        expected = float(held.arrays[f"map_{direction}"])
        assert value(found, f"retrieval/{direction}/all/map") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["n200", "n60"])
def test_fop_and_sbnet_are_replicated_with_labels_by_parity(shared_folder, tmp_path, name):
    with np.load(shared_folder / "golden" / f"fop_eval_{name}.npz", allow_pickle=False) as arrays:
        pairs = dict(arrays)
    rows = len(pairs["voice"])
    pairs |= {"id_voice": np.arange(rows), "id_face": np.arange(rows) + (np.arange(rows) % 2) * 5000}
    held = Golden(pairs, tmp_path, voice="voice", face="face")
    header = "id,voice-speaker-id,face-speaker-id,label,voice-path,face-path"
    lines = [
        [str(i), "1", "1", str(1 - i % 2), v, f]
        for i, (v, f) in enumerate(zip(held.voices, held.faces, strict=True))
    ]
    found = held.score(held.write("veriflist_test_random.txt", lines, ",", (header,)), "fop")
    for metric in ("auc", "eer_fop", "eer_sbnet"):
        got = value(found, f"verification_fop_parity_labels/v2f/all/{metric}")
        assert got == pytest.approx(float(pairs[metric]), abs=1e-12), metric
    accuracy = value(found, "verification_fop_parity_labels/v2f/all/accuracy")
    assert accuracy == pytest.approx(pairs["accuracy"].mean(), abs=1e-12)


@pytest.mark.parametrize("name", ["v1", "v3"])
@pytest.mark.parametrize("part", ["heard", "unheard"])
def test_the_equal_error_rate_of_fame_comes_out_of_its_lists(shared_folder, tmp_path, name, part):
    with np.load(shared_folder / "golden" / f"mav_eer_{name}.npz", allow_pickle=False) as arrays:
        distances, same = -arrays[f"score_{part}"].astype(np.float64), arrays[f"gt_{part}"]
        expected = float(arrays[f"eer_{part}"])
    places = np.arange(len(same))
    voices, faces = (np.stack([places, np.full(len(same), 1.0)], 1) for _ in range(2))
    faces[:, 1] += distances
    voices[:, 1] -= 0
    paths = [
        [f"{side}/English/{i:05d}.{end}" for i in places]
        for side, end in (("voices", "wav"), ("faces", "jpg"))
    ]
    np.savez(tmp_path / "e.npz", paths=np.array(paths[0] + paths[1]), vectors=np.concatenate([voices, faces]))
    rows = [f"key{i:05d} {same[i]} {paths[0][i]} {paths[1][i]}" for i in places]
    (tmp_path / "English_test.txt").write_text("\n".join(rows) + "\n")
    settings = ScoreSettings(replica=replace(REPLICAS["fame"], dtype=np.float64))
    vectors = read_vectors([tmp_path / "e.npz"], NOBODY)
    (found,) = score_files([tmp_path / "English_test.txt"], vectors, NOBODY, settings, replicates=0)
    assert found.records["verification/v2f/all/eer_brentq"]["value"] == pytest.approx(expected, abs=1e-12)
