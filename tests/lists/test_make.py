"""Lists drawn again by the published rule, and the challenge's score files."""

import json
import zipfile
from collections import Counter

import numpy as np
import pytest

from vfal.core.errors import DataError
from vfal.lists.check import check_file
from vfal.lists.commands import run_check, run_make, run_submission
from vfal.lists.crowd import crowd_of_paths, items_of
from vfal.lists.formats import read_list
from vfal.lists.make import make_lists
from vfal.lists.recipes import get_recipe
from vfal.lists.submission import submission_lines


def make(items, out, **changed):
    asked = {
        "prepared": None, "split": "test", "rule": "ssos", "meta": [], "tag": "x", "groups": [],
        "candidates": 2, "seed": 3,
    }  # fmt: skip
    run_make(items, out, **asked | changed)
    return out


@pytest.fixture
def items(corpus):
    return corpus.write("reterival_v2f_x.txt", [" ".join(corpus.voices), " ".join(corpus.faces)])


@pytest.fixture
def made(corpus, items):
    return make([items], corpus.folder / "made")


def test_made_lists_follow_the_published_rule_and_say_that_they_are_made(corpus, made):
    assert len(list(made.glob("*.regenerated.txt"))) == 10
    for path in made.glob("m*.txt"):
        verdict = check_file(path, corpus.people, {})
        assert verdict.status.startswith("regenerated (ssos") and verdict.defects == []
        (one,) = read_list(path, corpus.people)
        assert set(Counter(one.probes_T.tolist()).values()) == {3}
        assert verdict.counts["rows per probe"] == "3 to 3"
        if "_g_" in path.name:
            assert (
                verdict.counts[f"negatives same gender {one.direction}"]
                == f"{len(one.probes_T)} of {len(one.probes_T)}"
            )
    assert run_check(sorted(made.glob("*.txt")), list_format="auto", meta=[corpus.meta], splits=None) == 0


def test_a_made_list_that_was_changed_is_no_longer_regenerated(corpus, made):
    path = made / "match_v2f_2_x.regenerated.txt"
    path.write_text(path.read_text().replace("00001.wav", "00002.wav"))
    assert check_file(path, corpus.people, {}).status.startswith("changed: not the file")


def test_the_same_seed_makes_the_same_bytes(corpus, made):
    again = [made / "reterival_v2f_x.regenerated.txt"]
    make(again, corpus.folder / "again", meta=[corpus.meta], groups=["all", "same_gender"])
    for path in made.glob("m*.txt"):
        assert (corpus.folder / "again" / path.name).read_bytes() == path.read_bytes()
    assert (
        json.loads((made / "match_v2f_2_x.regenerated.txt.made.json").read_text())["status"] == "regenerated"
    )


def test_impostors_come_in_proportion_to_their_clips(corpus):
    clips = {0: 40, 1: 10, 2: 10, 3: 20}
    paths = [f"{corpus.ids[who]}/abcdefghij0/{i:05d}.wav" for who, many in clips.items() for i in range(many)]
    paths += [f"{corpus.names[who]}/{i:08d}.jpg" for who in clips for i in range(10)]
    settings = {"tag": "x", "groups": ("all",), "candidates": 2}
    drawn: Counter = Counter()
    for seed in range(12):
        crowd = crowd_of_paths(paths, corpus.people, seed)
        files = make_lists(crowd, get_recipe("ssos"), corpus.folder / "m", **settings)
        (one,) = read_list(next(file for file in files if file.name.startswith("match_f2v")), corpus.people)
        person = one.gallery.table["person"].to_numpy()[one.gallery_TK[:, 1]]
        drawn.update(person[one.probes.table["person"].to_numpy()[one.probes_T] == corpus.ids[1]].tolist())
    total = sum(drawn.values())
    for who, share in ((0, 40 / 70), (2, 10 / 70), (3, 20 / 70)):
        assert drawn[corpus.ids[who]] / total == pytest.approx(share, abs=4 * np.sqrt(share / total))


def test_items_may_come_from_a_file_of_paths_but_must_tell_their_person(corpus):
    plain = corpus.write("items.txt", corpus.voices + corpus.faces)
    assert items_of([plain], corpus.people) == corpus.voices + corpus.faces
    with pytest.raises(DataError, match=r"'clip1.wav' does not tell its person"):
        crowd_of_paths(["clip1.wav"], corpus.people, 1)


def test_score_files_of_the_challenge(corpus, capsys):
    rows = [f"key{i:05d} {v} {f}" for i, (v, f) in enumerate(zip(corpus.voices, corpus.faces, strict=True))]
    files = [corpus.write(f"{name}_test.txt", rows) for name in ("English", "Urdu")]
    run_submission([corpus.npz()], files, trained_on="English", out=corpus.folder / "out")
    with zipfile.ZipFile(corpus.folder / "out" / "submission.zip") as held:
        assert held.namelist() == ["sub_score_English_heard.txt", "sub_score_Urdu_unheard.txt"]
        key, score = held.read("sub_score_English_heard.txt").decode().splitlines()[0].split()
    expected = np.linalg.norm(corpus.vector[corpus.voices[0]] - corpus.vector[corpus.faces[0]])
    assert key == "key00000" and float(score) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(DataError, match=r"row 2: key 'key00000' stands twice"):
        run_submission(
            [corpus.npz()],
            [corpus.write("Hindi_test.txt", [rows[0], rows[0]])],
            trained_on="x",
            out=corpus.folder,
        )


@pytest.mark.parametrize("name", ["v1", "v3"])
@pytest.mark.parametrize("part", ["heard", "unheard"])
def test_lines_are_those_of_the_challenge_baseline(shared_folder, name, part):
    with np.load(shared_folder / "golden" / f"mav_eer_{name}.npz", allow_pickle=False) as golden:
        lines, scores = golden[f"submission_{part}"].tolist(), golden[f"score_{part}"]
    assert submission_lines([line.split()[0] for line in lines], -scores) == lines
