import io
from pathlib import Path

import pytest
from rich.console import Console

from vfal.core.errors import DataError
from vfal.serving.scorer import Scorer
from vfal.serving.terminal import print_match


def shown(scorer: Scorer, *files: Path) -> str:
    out = io.StringIO()
    print_match(scorer, files, Console(file=out, width=160))
    return out.getvalue()


@pytest.fixture
def tree(trained: Path) -> Path:
    return trained / "data/raw/tree"


@pytest.mark.parametrize(("probe", "candidates"), [("wav", "png"), ("png", "wav")])
def test_candidates_are_ranked_for_a_probe_of_either_kind(
    scorer: Scorer, tree: Path, probe: str, candidates: str
) -> None:
    files = [tree / f"id0{person}.{candidates}" for person in range(4)]
    rows = [
        line.split("│") for line in shown(scorer, tree / f"id00.{probe}", *files).splitlines() if "%" in line
    ]
    ranked = [row for row in rows if len(row) > 4]
    scores = [float(row[3]) for row in ranked]
    assert [row[1].strip() for row in ranked] == ["1", "2", "3", "4"]
    assert scores == sorted(scores, reverse=True)
    assert {Path(row[2].strip()).name for row in ranked} == {file.name for file in files}
    assert all((row[5].strip() == "yes") == (score >= 0.1) for row, score in zip(ranked, scores, strict=True))


def test_it_is_said_what_probability_and_decision_rest_on(scorer: Scorer, tree: Path) -> None:
    out = shown(scorer, tree / "id00.wav", tree / "id00.png")
    assert "(80 validation trials)" in out and "score at least +0.100" in out


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("id00.wav", "none.png"), "none.png: cannot be read (No such file or directory)."),
        (("id00.wav", "."), ".: cannot be read (Is a directory)."),
        (("id00.wav", "empty"), "empty: empty, 0 bytes."),
        (("id00.wav", "text"), "text: neither a recording (wav, flac, ogg, mp3) nor a picture"),
        (
            ("id00.wav", "id01.wav"),
            "id01.wav: a recording like id00.wav; expected a picture to match with it.",
        ),
        (
            ("id00.png", "id01.png"),
            "id01.png: a picture like id00.png; expected a recording to match with it.",
        ),
        (("short.wav", "id01.png"), "short.wav: length: found 0.01 s, expected 0.5 to 3 s."),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    scorer: Scorer, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...], sentence: str,
) -> None:  # fmt: skip
    from .conftest import recording

    for file in tree.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("no media")
    (tmp_path / "short.wav").write_bytes(recording(seconds=0.01))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        shown(scorer, *map(Path, names))
    assert str(caught.value).startswith(sentence)
