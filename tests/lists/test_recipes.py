"""Lists drawn by the rules of CMPC, Learnable PINs and SVHF, from paths or from a prepared corpus."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from vfal.core.errors import ConfigError, DataError
from vfal.lists.check import check_file
from vfal.lists.commands import run_make
from vfal.lists.crowd import crowd_of_corpus, crowd_of_paths
from vfal.lists.formats import read_list
from vfal.lists.make import make_lists
from vfal.lists.people import NOBODY
from vfal.lists.recipes import get_recipe

VIDEOS, TAKES, PEOPLE = 3, 4, 12


@pytest.fixture
def paths():
    """Clips and frames of three videos per person, in the layout of Learnable PINs."""
    found = []
    for who in range(PEOPLE):
        for take in range(VIDEOS * TAKES):
            video = f"video{who:02d}_{take % VIDEOS:03d}"
            found += [f"Person_{who:02d}/{video}/{take:05d}.wav"]
            found += [f"Person_{who:02d}/1.6/{video}/{25 * take:07d}.jpg"]
    return found


@pytest.fixture
def crowd(corpus, paths):
    return crowd_of_paths(paths, corpus.people, 5)


def drawn(crowd, folder, rule, **changed):
    recipe = get_recipe(rule)
    asked = {"tag": "x", "groups": recipe.usual, "candidates": 2} | changed
    return {path.name: path for path in make_lists(crowd, recipe, folder, **asked)}


def test_matching_by_the_rule_of_cmpc_has_forty_different_rows_per_identity(corpus, crowd):
    files = drawn(crowd, corpus.folder / "cmpc", "cmpc")
    assert set(files) == {
        *(f"matching_{d}_x_{g}.regenerated.csv" for d in ("v2f", "f2v") for g in ("U", "G", "N", "GN")),
        "wav_x.regenerated.csv",
        "jpg_x.regenerated.csv",
    }
    for name, path in files.items():
        verdict = check_file(path, corpus.people, {})
        assert verdict.status.startswith("regenerated (cmpc") and verdict.format.startswith("cmpc")
        (one,) = read_list(path, corpus.people)
        if one.protocol == "retrieval":
            assert len(one.probes_T) == one.gallery_TK.shape[1] == len(crowd.items) / 2
            continue
        # Four of the twelve are in no table of people: they have no gender, and ask in U alone.
        asks = one.probes.table["person"].to_numpy()[one.probes_T]
        assert set(Counter(asks).values()) == {40}
        assert len(set(asks)) == (PEOPLE if "_U." in name else 8)
        assert verdict.counts["duplicate rows"] == 0
        assert not [defect for defect in verdict.defects if "not in" not in defect]


def test_cmpc_impostors_are_drawn_evenly_over_identities(corpus, paths):
    few = [path for path in paths if "Person_00" not in path or "/video00_000/" in path]
    person = {}
    for seed in range(6):
        crowd = crowd_of_paths(few, corpus.people, seed)
        path = drawn(crowd, corpus.folder / "e", "cmpc", groups=("all",))["matching_v2f_x_U.regenerated.csv"]
        (one,) = read_list(path, corpus.people)
        person[seed] = one.gallery.table["person"].to_numpy()[one.gallery_TK[:, 1]]
    counts = Counter(np.concatenate(list(person.values())).tolist())
    expected = 6 * 40  # each of twelve is as often an impostor as the others, whatever it has
    assert all(abs(count - expected) < 5 * np.sqrt(expected) for count in counts.values())


def test_cmpc_candidates_may_be_more_and_scarce_items_give_fewer_rows(corpus, paths):
    scarce = [path for path in paths if "/00000.wav" in path or "/0000000.jpg" in path]
    crowd = crowd_of_paths(scarce, corpus.people, 1)
    path = drawn(crowd, corpus.folder / "s", "cmpc", groups=("all",), candidates=5)[
        "matching_f2v_x_U.regenerated.csv"
    ]
    (one,) = read_list(path, corpus.people)
    assert one.gallery_TK.shape[1] == 5 and check_file(path, corpus.people, {}).counts["duplicate rows"] == 0


def test_verification_by_the_rule_of_pins_has_every_clip_once_and_labels_by_turns(corpus, crowd):
    files = drawn(crowd, corpus.folder / "pins", "pins")
    assert [name.split("_")[2] for name in files] == ["random", "G", "N"]
    for name, path in files.items():
        verdict = check_file(path, corpus.people, {})
        (one,) = read_list(path, corpus.people)
        assert verdict.format == "pins_verification" and verdict.status.startswith("regenerated (pins")
        assert verdict.counts["labels alternate"] == "yes"
        assert verdict.counts["rows per probe"] == "1 to 1"
        people = PEOPLE if "random" in name else 8
        assert verdict.counts["rows"] == people * VIDEOS * TAKES
        assert not [defect for defect in verdict.defects if "not in" not in defect]
    assert one.group == "same_nationality"


def test_lists_in_the_manner_of_svhf_name_the_right_place_and_its_video(corpus, crowd):
    files = drawn(crowd, corpus.folder / "svhf", "svhf", candidates=3)
    assert list(files) == ["x_V2F_8_label50.regenerated.txt", "x_F2V_8_label50.regenerated.txt"]
    for direction, path in zip(("v2f", "f2v"), files.values(), strict=True):
        labels = Counter(line[-1] for line in path.read_text().splitlines())
        assert set(labels) == {"0", "1", "2"} and min(labels.values()) > 100
        verdict = check_file(path, corpus.people, {})
        (one,) = read_list(path, corpus.people)
        assert one.direction == direction and verdict.format == "svhf"
        assert verdict.counts["rows"] == 50 * PEOPLE and len(one.probes) <= 8 * PEOPLE
        shared, total = map(int, verdict.counts["positives of one video"].split(" of "))
        assert shared == total if direction == "v2f" else shared < total / 2
        assert not [defect for defect in verdict.defects if "not in" not in defect]


@pytest.mark.parametrize("rule", ["cmpc", "pins", "svhf"])
def test_every_rule_gives_the_same_bytes_for_the_same_seed(corpus, paths, crowd, rule):
    first = drawn(crowd, corpus.folder / "one", rule)
    again = drawn(crowd_of_paths(paths[::-1], corpus.people, 5), corpus.folder / "two", rule)
    assert [path.read_bytes() for path in first.values()] == [path.read_bytes() for path in again.values()]


def test_a_path_that_holds_the_separator_is_refused(corpus, paths):
    crowd = crowd_of_paths([*paths, "Per,son/video00_000/00001.wav", "Per,son/00000001.jpg"], NOBODY, 1)
    with pytest.raises(DataError, match=r"'Per,son/.*holds a comma"):
        drawn(crowd, corpus.folder / "bad", "pins")


def test_a_list_nobody_can_ask_in_is_not_written(corpus, paths):
    assert list(drawn(crowd_of_paths(paths, NOBODY, 1), corpus.folder / "n", "pins")) == [
        "veriflist_x_random_unseenunheard.regenerated.txt"
    ]


class TestPreparedCorpus:
    @pytest.fixture
    def prepared(self, tmp_path):
        """Tables of a folder corpus, whose paths alone would not tell persons."""
        folder = tmp_path / "prepared"
        folder.mkdir()
        who = [f"p{number}" for number in range(6)]
        people = pd.DataFrame({"identity": who, "name": who, "gender": list("mfmfmf"), "nationality": "X"})
        people.assign(split=["test"] * 4 + ["val"] * 2).to_parquet(folder / "identities.parquet")
        for item, kind, measures, ending in (
            ("clip", "voices", ("video", "duration_s", "sample_rate_hz"), "wav"),
            ("face", "faces", ("width_px", "height_px"), "png"),
        ):
            table = pd.DataFrame({"identity": np.repeat(who, 3), item: np.arange(18)})
            table["path"] = [f"{kind}/{row.identity}/{row[item]}.{ending}" for _, row in table.iterrows()]
            table = table.assign(bytes=1, sha256="", problem="", **dict.fromkeys(measures, 1))
            table.loc[0, "problem"] = "cut off"
            table.astype({"video": "str"} if item == "clip" else {}).to_parquet(folder / f"{item}s.parquet")
        return folder

    @pytest.mark.parametrize("rule", ["ssos", "cmpc", "pins", "svhf"])
    def test_its_readable_items_of_one_split_are_asked(self, prepared, tmp_path, rule, capsys):
        out = tmp_path / rule
        run_make([], out, prepared=prepared, split="test", rule=rule, meta=[], tag="x", groups=["all"],
                 candidates=2, seed=1)  # fmt: skip
        names = [line.rpartition("/")[2] for line in capsys.readouterr().out.split()]
        assert names and all(".regenerated." in name for name in names)
        text = "".join((out / name).read_text() for name in names)
        assert "p3" in text and "p4" not in text
        assert "voices/p0/0.wav" not in text and "voices/p0/1.wav" in text

    def test_a_split_nobody_is_in_is_told(self, prepared):
        with pytest.raises(DataError, match="nobody is in split 'tset'; found test, val"):
            crowd_of_corpus(prepared, "tset", 1)

    def test_items_come_from_one_place(self, prepared, tmp_path):
        asked = {"split": "test", "rule": "ssos", "meta": [], "tag": "x", "groups": [], "candidates": 2}
        for prepared_or_not, items in ((None, []), (prepared, [tmp_path / "list"])):
            with pytest.raises(ConfigError, match="either --items or --prepared"):
                run_make(items, tmp_path, prepared=prepared_or_not, seed=1, **asked)

    def test_an_unknown_rule_and_a_group_that_a_rule_does_not_know_are_told(self, prepared, tmp_path):
        asked = {"prepared": prepared, "split": "test", "meta": [], "tag": "x", "candidates": 2, "seed": 1}
        with pytest.raises(ConfigError, match=r"--rule: unknown name 'cmcp'\. Did you mean 'cmpc'"):
            run_make([], tmp_path, rule="cmcp", groups=[], **asked)
        with pytest.raises(ConfigError, match="--group 'same_gender': no such choice"):
            run_make([], tmp_path, rule="svhf", groups=["same_gender"], **asked)
