"""Lists with something wrong: one sentence that names the file and the row."""

import gzip

import numpy as np
import pytest

from vfal.core.errors import DataError
from vfal.lists.asked import ScoreSettings
from vfal.lists.check import check_file
from vfal.lists.formats import read_list
from vfal.lists.people import NOBODY, read_people
from vfal.lists.scoring import score_list
from vfal.lists.vectors import read_vectors


def changed(lines: list[str], row: int, line: str) -> list[str]:
    return [*lines[: row - 1], line, *lines[row:]]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("id10001/abcdefghij1/00001.wav", r"row 3: 1 columns separated by space, expected 3"),
        ("a.wav b.jpg c.jpg d.jpg", r"row 3: 4 columns separated by space, expected 3"),
        (
            "id10001/abcdefghij1/00001.wav,b.jpg,c.jpg",
            r"row 3: 1 columns .* \(this row is separated by comma\)",
        ),
        ("id10001/abcdefghij1/00001.wav\tb.jpg\tc.jpg", r"this row is separated by tab"),
        ("id10001/abcdefghij1/00001.wav  b.jpg", r"row 3: column 2 is empty"),
        (
            "id10001/abcdefghij1/00001.wav notes.txt c.jpg",
            r"row 3: 'notes.txt' is neither a voice nor a face file",
        ),
        ("id10001/abcdefghij1/00001.wav b.wav c.jpg", r"row 3: 'b.wav' stands in a column of face files"),
        ("", r"row 3: 1 columns separated by space, expected 3"),
    ],
)
def test_a_row_unlike_the_others_is_named(corpus, line, sentence):
    path = corpus.write("match_v2f_2_test.txt", changed(corpus.match_lines("v2f"), 3, line))
    with pytest.raises(DataError, match=r"match_v2f_2_test\.txt.*" + sentence):
        read_list(path, corpus.people)
    verdict = check_file(path, corpus.people, {})
    assert verdict.format == "unreadable" and "row 3" in verdict.defects[0]


def test_a_byte_order_mark_windows_line_ends_and_gzip_change_nothing_but_are_told(corpus):
    lines = corpus.verify_lines("v2f")
    plain = corpus.write("verify_v2f_test.txt", lines)
    odd = corpus.folder / "odd_verify.txt.gz"
    odd.write_bytes(gzip.compress(b"\xef\xbb\xbf" + "\r\n".join(lines).encode()))
    (one,), (other,) = (read_list(path, corpus.people) for path in (plain, odd))
    np.testing.assert_array_equal(one.gallery_TK, other.gallery_TK)
    assert one.probes.table["key"].tolist() == other.probes.table["key"].tolist()
    told = check_file(odd, corpus.people, {}).defects
    assert ["byte order mark" in told[0], "CR LF" in told[1]] == [True, True]


def test_duplicate_rows_are_counted_and_the_first_is_named(corpus):
    lines = corpus.verify_lines("v2f")
    verdict = check_file(corpus.write("verify_v2f.txt", [*lines, *lines[:3]]), corpus.people, {})
    assert verdict.counts["duplicate rows"] == 3
    assert verdict.counts["first duplicate"] == f"row {len(lines) + 1} repeats row 1"


@pytest.mark.parametrize("kind", ["match", "pins"])
def test_labels_that_contradict_paths_are_named_by_check_and_refused_by_score(corpus, kind):
    if kind == "match":
        lines = corpus.match_lines("v2f")
        probe, right, wrong = lines[4].split()
        path = corpus.write("match_v2f_2_test.txt", changed(lines, 5, f"{probe} {wrong} {right}"))
        row = "row 5"
    else:
        header = "id,voice-speaker-id,face-speaker-id,label,voice-path,face-path"
        rows = [
            f"{i},1,1,{int(i != 2)},{v},{f}"
            for i, (v, f) in enumerate(zip(corpus.voices, corpus.faces, strict=True), 1)
        ]
        path, row = corpus.write("veriflist_test_random.txt", [header, *rows]), "row 3"
    assert any(row in defect for defect in check_file(path, corpus.people, {}).defects)
    vectors = read_vectors([corpus.npz()], corpus.people)
    (one,) = read_list(path, corpus.people)
    with pytest.raises(DataError, match=rf"{path.name}, {row}: .*1 of {len(corpus.voices)} rows"):
        score_list(one, vectors, corpus.people, ScoreSettings())


def test_people_that_the_table_does_not_know_are_named(corpus):
    lines = changed(corpus.verify_lines("v2f"), 2, f"{corpus.voices[1]} Nobody_Here/00000001.jpg")
    verdict = check_file(corpus.write("verify_v2f.txt", lines), corpus.people, {})
    assert "row 2: 'Nobody_Here'" in verdict.defects[0]


def test_without_the_table_of_people_ids_and_names_cannot_be_joined(corpus):
    path = corpus.write("verify_v2f.txt", corpus.verify_lines("v2f"))
    (one,) = read_list(path, NOBODY)
    with pytest.raises(DataError, match=r"--meta vox1_meta\.csv"):
        one.labels(NOBODY)


def test_persons_of_another_split_are_a_defect(corpus):
    verdict = check_file(corpus.write("verify_v2f_test.txt", corpus.verify_lines("v2f")), corpus.people, {})
    assert any("8 persons are not in ssos test, first 'id10001'" in defect for defect in verdict.defects)
    assert any("rows, the published list has 65,550" in defect for defect in verdict.defects)
    assert verdict.status.startswith("changed: named verify_v2f_test.txt, but git blob")


@pytest.mark.parametrize(
    ("name", "raw", "sentence"),
    [
        ("gone.txt", None, "no such file"),
        ("empty.txt", b"", "no known list format"),
        ("latin.txt", "a.wav b.jpg\nc.wav José.jpg\n".encode("latin-1"), "row 2: not UTF-8"),
        ("half.txt.gz", gzip.compress(b"a.wav b.jpg\n" * 99)[:-9], "damaged gzip"),
        ("prose.txt", b"Once upon a time\n", "no known list format; its first row is 'Once upon a time'"),
        ("same.txt", b"a.wav b.wav\n", "no known list format"),
    ],
)
def test_a_file_that_is_no_list_says_why(tmp_path, name, raw, sentence):
    if raw is not None:
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError, match=rf"{name}.*{sentence}"):
        read_list(tmp_path / name, NOBODY)


def test_a_table_of_people_with_a_row_too_short_or_a_person_twice_is_refused(corpus):
    lines = corpus.meta.read_text().splitlines()
    with pytest.raises(DataError, match=r"row 3: 2 columns, expected 5"):
        read_people([corpus.write("short.csv", changed(lines, 3, "id10002\tPerson_01"))])
    with pytest.raises(DataError, match=r"identity 'id10001' stands in two rows"):
        read_people([corpus.write("twice.csv", [*lines, "id10001\tOther\tm\tLand A\tdev"])])
