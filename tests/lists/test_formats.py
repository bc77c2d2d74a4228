"""Every published format, read into the same thing."""

import pickle
from collections import OrderedDict

import numpy as np
import pytest

from vfal.core.errors import DataError
from vfal.lists.formats import SHELF, get_format, read_list, recognise
from vfal.lists.plain_pickle import read_pickle


def old_voice(corpus, path: str) -> str:
    person, video, item = path.split("/")
    return f"{corpus.names[corpus.ids.index(person)]}/{video}_00{item}"


def frame(corpus, row: int, number: int) -> str:
    return f"{corpus.names[row]}/1.6/abcdefghij0/{25 * number:07d}.jpg"


def pairs_of(one) -> list[tuple[str, ...]]:
    probes, gallery = one.probes.table["path"].to_numpy(), one.gallery.table["path"].to_numpy()
    return [(p, *g) for p, g in zip(probes[one.probes_T], gallery[one.gallery_TK], strict=True)]


@pytest.mark.parametrize("name", SHELF)
def test_every_entry_of_the_shelf_says_what_it_is_and_where_it_is_from(name):
    assert get_format(name).title and get_format(name).source


@pytest.mark.parametrize("direction", ["v2f", "f2v"])
@pytest.mark.parametrize(("wrong", "name"), [(1, "match_{}_2_test.txt"), (4, "match_g_{}_5_test.txt")])
def test_a_matching_list_of_ssos(corpus, direction, wrong, name):
    lines = corpus.match_lines(direction, wrong)
    path = corpus.write(name.format(direction), lines)
    assert recognise(path) == "ssos_match"
    (one,) = read_list(path, corpus.people)
    assert (one.protocol, one.direction) == ("matching", direction)
    assert one.group == ("same_gender" if "_g_" in name else "all")
    assert [" ".join(row) for row in pairs_of(one)] == lines
    probe, gallery = one.persons(corpus.people)
    assert (probe[one.probes_T] == gallery[one.gallery_TK[:, 0]]).all()


def test_a_verification_list_of_ssos_has_labels_by_its_people_alone(corpus):
    lines = corpus.verify_lines("f2v")
    path = corpus.write("verify_f2v_test.txt", lines)
    (one,) = read_list(path, corpus.people)
    expected = [corpus.owner[a] == corpus.owner[b] for a, b in (line.split() for line in lines)]
    assert one.format == "ssos_verify" and one.labels(corpus.people).tolist() == expected


def test_a_retrieval_list_of_ssos(corpus):
    path = corpus.write("reterival_f2v_test.txt", [" ".join(corpus.faces), " ".join(corpus.voices)])
    (one,) = read_list(path, corpus.people)
    assert (one.format, one.protocol, one.direction) == ("ssos_retrieval", "retrieval", "f2v")
    assert (len(one.probes_T), one.gallery_TK.shape) == (len(corpus.faces), (1, len(corpus.voices)))


def test_a_verification_list_of_pins_joins_old_names_to_new_ones(corpus):
    rows = [
        f"{i},1,2,{i % 2},{old_voice(corpus, voice)},{corpus.names[row]}/abcdefghij0/0000025.jpg"
        for i, voice in enumerate(corpus.voices, start=1)
        for row in [corpus.owner[voice] if i % 2 else (corpus.owner[voice] + 1) % 8]
    ]
    header = "id,voice-speaker-id,face-speaker-id,label,voice-path,face-path"
    path = corpus.write("veriflist_test_GNA_unseenunheard.txt", [header, *rows])
    (one,) = read_list(path, corpus.people)
    assert (one.format, one.group) == ("pins_verification", "same_gender+same_nationality+same_age")
    assert set(one.probes.table["key"]) == set(corpus.people.reader.keys(corpus.voices))
    assert one.gallery.table["key"].iloc[0] == "face:id10001/abcdefghij0/0000025"
    assert one.rows_T[0] == 2 and one.labels(corpus.people).tolist() == [
        row.split(",")[3] == "1" for row in rows
    ]


def test_matching_and_retrieval_lists_of_cmpc(corpus):
    voices, faces = corpus.voices[:4], [frame(corpus, row, 4) for row in (0, 1, 2, 3)]
    rows = [f"{v} {faces[corpus.owner[v]]} {faces[3]}" for v in voices if corpus.owner[v] != 3]
    (one,) = read_list(corpus.write("matching_v2f_GN.csv", rows), corpus.people)
    assert (one.format, one.group) == ("cmpc_matching", "same_gender+same_nationality")
    wav = corpus.write("wav_20k.csv", ["VoxCeleb1 ID\twav", *(f"{v[:7]}\t{v}" for v in voices)])
    with pytest.raises(DataError, match=r"jpg_20k\.csv is not beside it"):
        read_list(wav, corpus.people)
    corpus.write("jpg_20k.csv", ["VoxCeleb1 ID\tjpg", *(f"id10001\t{f}" for f in faces)])
    (asking,) = read_list(wav, corpus.people)
    assert (asking.protocol, asking.direction, asking.gallery_TK.shape) == ("retrieval", "v2f", (1, 4))


@pytest.mark.parametrize("extra", ["", "17 "])
def test_a_three_way_list_puts_the_right_candidate_first(corpus, extra):
    voice = f"/datasets/wav1/{corpus.voices[0]}"
    right, wrong = (f"/datasets/unzippedface/test/Person_0{row}/abcdefghij0/0000025.jpg" for row in (0, 1))
    lines = [f"{voice} {right} {wrong} {extra}0", f"{voice} {wrong} {right} {extra}1"]
    (one,) = read_list(corpus.write("test_V2F_8vox1_label50.txt", lines, end="\r\n"), corpus.people)
    assert one.format == "svhf" and pairs_of(one) == [(voice, right, wrong)] * 2
    assert one.probes.table["key"].tolist() == corpus.people.reader.keys(corpus.voices[:1]).tolist()


def test_trials_of_fame_with_and_without_truth(corpus):
    rows = [
        (f"key{i:05d}", i % 2, f"voices/English/{i:05d}.wav", f"faces/English/{i:05d}.jpg") for i in range(4)
    ]
    (open_list,) = read_list(
        corpus.write("English_test.txt", [f"{k} {v} {f}" for k, _, v, f in rows]), corpus.people
    )
    (told,) = read_list(
        corpus.write("Urdu_test.txt", [" ".join(map(str, row)) for row in rows]), corpus.people
    )
    assert open_list.format == told.format == "fame"
    assert open_list.same_T is None and told.same_T.tolist() == [False, True, False, True]
    assert told.probes.table["key"].tolist() == [row[2] for row in rows]


def eva(corpus) -> dict[str, object]:
    voices = [f"{corpus.names[corpus.owner[path]]}/{path.split('/', 1)[1]}" for path in corpus.voices]
    faces = [f"{name}/abcdefghij0/0000025.jpg" for name in corpus.names]
    first = {
        row: next(v for v, path in zip(voices, corpus.voices, strict=True) if corpus.owner[path] == row)
        for row in range(8)
    }
    return {
        "test_matching_g.pkl": {
            "wav_set": set(voices),
            "match_list": [
                (corpus.names[a], first[a], faces[a], corpus.names[b], first[b], faces[b])
                for a, b in ((0, 2), (1, 3), (4, 6))
            ],
        },
        "test_matching_10.pkl": {
            "match_list": [
                [[first[i] for i in order], [faces[i] for i in order]] for order in ((0, 1, 2), (3, 4, 5))
            ]
        },
        "test_verification.pkl": {
            "list": [[first[0], faces[0], np.int64(1)], [first[0], faces[1], 0]],
            "script": "x",
        },
        "test_retrieval.pkl": {
            "retrieval_lists": [
                [(first[i], faces[i], corpus.names[i]) for i in group] for group in ((0, 1), (2, 3), (4, 5))
            ]
        },
    }


def test_the_four_pickles_of_vfal_eva(corpus):
    found = {}
    for name, held in eva(corpus).items():
        (corpus.folder / name).write_bytes(pickle.dumps(held))
        found[name] = read_list(corpus.folder / name, corpus.people)
    pairs, galleries = found["test_matching_g.pkl"], found["test_matching_10.pkl"]
    assert [(one.direction, one.gallery_TK.shape, one.group) for one in pairs] == [
        ("v2f", (3, 2), "same_gender"),
        ("f2v", (3, 2), "same_gender"),
    ]
    assert [one.gallery_TK.shape for one in galleries] == [(2, 3), (2, 3)]
    (verification,) = found["test_verification.pkl"]
    assert verification.same_T.tolist() == [True, False]
    assert len(found["test_retrieval.pkl"]) == 6
    for one in (*pairs, *galleries):
        probe, gallery = one.persons(corpus.people)
        assert (probe[one.probes_T] == gallery[one.gallery_TK[:, 0]]).all()


class Harmful:
    def __reduce__(self):
        return (print, ("harm",))


def test_a_pickle_that_asks_for_anything_but_plain_values_is_refused(corpus, capsys):
    path = corpus.folder / "test_verification.pkl"
    path.write_bytes(pickle.dumps({"list": Harmful()}))
    with pytest.raises(DataError, match=r"test_verification\.pkl: not read, it asks for builtins\.print"):
        read_list(path, corpus.people)
    assert capsys.readouterr().out == ""
    path.write_bytes(pickle.dumps({"list": []})[:-4])
    with pytest.raises(DataError, match="damaged pickle"):
        read_list(path, corpus.people)


def test_arrays_and_plain_containers_come_out_of_a_pickle_as_they_went_in(tmp_path):
    held = OrderedDict(a=np.arange(3.0), b={1, 2}, c=[("x", np.float32(2.5))])
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(held))
    found = read_pickle(tmp_path / "x.pkl")
    np.testing.assert_array_equal(found["a"], held["a"])
    assert (found["b"], found["c"]) == (held["b"], held["c"])
