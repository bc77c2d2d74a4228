import gzip
from pathlib import Path

import pytest

from vfal.core.errors import DataError
from vfal.data.seen_people import read_seen


@pytest.mark.parametrize(
    ("text", "names", "identities"),
    [
        ("VoxCeleb1 ID\tVGGFace1 ID\tGender\nid1\tAnn_Lee\tf\n", ["Ann_Lee"], {"id1"}),
        ("VoxCeleb1_ID,VGGFace1_ID,Set\r\nid1,Ann_Lee,dev\r\nid2,Bo,none\r\n", ["Ann_Lee"], {"id1"}),
        ("\ufeffVoxCeleb2 ID,VGGFace2 ID,Gender,Set\nid00012 ,n000012 ,m ,dev \n", [], {"id00012"}),
        ('Class_ID, Name, Sample_Num, Flag, Gender\nn000001, "Sainz,_Jr.", 4, 1, m\n', ["Sainz,_Jr."], set()),
        ("Ann_Lee 1 \nBo 2 \nCy 4 \nDi_Fu 1 \n", ["Ann_Lee", "Di_Fu"], set()),
        ("Ann Lee\nBo 2nd\n", ["Ann Lee", "Bo 2nd"], set()),
    ],
)
def test_people_are_found_in_every_published_form(
    tmp_path: Path, text: str, names: list[str], identities: set[str]
) -> None:
    (tmp_path / "list.gz").write_bytes(gzip.compress(text.encode()))
    seen = read_seen(tmp_path / "list.gz")
    assert seen.names.tolist() == names and seen.identities == identities


def test_a_table_that_names_nobody_or_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n\n")
    with pytest.raises(DataError, match=r"a.txt: names nobody \(validate.seen_by\)"):
        read_seen(tmp_path / "a.txt")
    with pytest.raises(DataError, match=r"b.txt: no such file"):
        read_seen(tmp_path / "b.txt")
