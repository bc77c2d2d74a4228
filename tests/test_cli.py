import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vfal import cli
from vfal.core.errors import DataError
from vfal.core.files import write_json

from .tiny_params import raw_params


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with parameters and nothing else; the command must not change this process for good."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "give_way", lambda: None)
    monkeypatch.delenv("VFAL_STATE", raising=False)
    write_json(tmp_path / "params.yaml", raw_params(machine__device="cpu"))  # json is yaml
    (tmp_path / "lists").mkdir()
    return tmp_path


def vfal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command."""
    monkeypatch.setattr(sys, "argv", ["vfal", *words])
    monkeypatch.setenv("COLUMNS", "160")
    try:
        cli.main()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_an_unknown_stage_is_one_message_with_the_nearest_name(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = vfal(monkeypatch, capsys, "stage", "retrian")
    assert (code, out) == (1, "")
    assert err == "ConfigError: stage 'retrian': no such stage. Did you mean 'retrain'?\n"


@pytest.mark.parametrize("words", [("stage", "evaluate"), ("stage", "collect", "warm_up")])
def test_a_stage_without_its_item_or_with_one_too_many_is_refused(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    code, _, err = vfal(monkeypatch, capsys, *words)
    assert (
        code == 1 and err.startswith(f"ConfigError: stage '{words[1]}': found item ") and err.count("\n") == 1
    )


def test_an_error_of_ours_is_one_message_and_exit_code_one(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = vfal(monkeypatch, capsys, "stage", "prepare")
    assert (code, out) == (1, "")
    assert err == "DataError: data/raw/identities.parquet: no such table. Run the stage that makes it.\n"


def test_brackets_in_a_message_are_not_taken_for_colours(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise DataError("[red]clip[/red] 3: shape [2, 3]")

    monkeypatch.setattr(cli, "load_params", refuse)
    assert vfal(monkeypatch, capsys, "stage", "prepare")[2] == "DataError: [red]clip[/red] 3: shape [2, 3]\n"


@pytest.mark.parametrize(
    ("number", "found"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "no access")]
)
def test_a_disk_that_takes_nothing_is_one_message(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, found: str
) -> None:
    def refuse() -> None:
        raise OSError(number, os.strerror(number), "models/trained/curve.jsonl")

    monkeypatch.setattr(cli, "load_params", refuse)
    code, _, err = vfal(monkeypatch, capsys, "stage", "prepare")
    assert (
        code == 1
        and err.startswith(f"MachineError: models/trained/curve.jsonl: {found}")
        and err.count("\n") == 1
    )


def test_a_bug_keeps_its_traceback(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "load_params", broken)
    monkeypatch.setattr(sys, "argv", ["vfal", "stage", "prepare"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


@pytest.mark.parametrize("words", [("nope",), ("stage",), ("stage", "collect", "--nope"), ("report", "more")])
def test_a_command_that_is_misspelt_is_explained_without_a_traceback(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    code, _, err = vfal(monkeypatch, capsys, *words)
    assert code == 2 and "Usage: vfal" in err and "Traceback" not in err


def test_params_are_refused_by_every_stage_before_any_work(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(here / "params.yaml", raw_params(weigh_identities__keep_ratio=1.7))
    for name in cli.STAGES:
        words = ("stage", name, "warm_up") if name in cli.REPEATED else ("stage", name)
        code, _, err = vfal(monkeypatch, capsys, *words)
        assert code == 1 and "params.yaml, weigh_identities.keep_ratio: found 1.7" in err
    assert sorted(path.name for path in here.iterdir()) == ["lists", "params.yaml"]


def test_the_same_stage_twice_at_once_is_refused(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with cli.only_one("prepare", "stage prepare"):
        code, _, err = vfal(monkeypatch, capsys, "stage", "prepare")
    assert code == 1 and err.startswith("BusyError: stage prepare: process ")


def test_the_methods_are_a_table_of_their_cards(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = vfal(monkeypatch, capsys, "methods")
    row = next(line for line in out.splitlines() if "seeking_the_shape" in line)
    assert code == 0
    for word in ("2021", "CVPR", "identity", "joint_matching, matching, retrieval, verification"):
        assert word in row


def test_a_preset_is_written_by_its_command(
    repository: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "params.yaml").write_text((repository / "params.yaml").read_text())
    (here / "presets").mkdir()
    (here / "presets/few.yaml").write_text("seeds: [4]\n")
    assert vfal(monkeypatch, capsys, "preset", "few") == (
        0, "seeds: [4]\nparams.yaml now holds preset 'few' (1 keys changed).\n", "",
    )  # fmt: skip
    assert "seeds: [4] # training seeds" in (here / "params.yaml").read_text()


def checked(out: str, name: str) -> str:
    """What the doctor thinks of a check: ok, warn or no."""
    row = next(line for line in out.splitlines() if line.startswith(f"│ {name} "))
    return row.split("│")[2].strip()


def test_the_doctor_fails_outside_a_checkout_and_says_why(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = vfal(monkeypatch, capsys, "doctor")
    assert code == 1
    assert checked(out, "dvc") == "no" and checked(out, "params.yaml") == "ok"


def test_the_doctor_is_content_with_a_checkout(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / ".dvc").mkdir()
    code, out, _ = vfal(monkeypatch, capsys, "doctor")
    assert code == 0 and checked(out, "dvc") == "ok"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"weigh_identities__keep_ratio": 1.7}, "weigh_identities.keep_ratio: found 1.7"),
        ({"weigh_identities__growth_ratio": 0.001}, "weigh_identities.growth_ratio"),
        ({"methods__seeking_the_shape__margin": float("nan")}, "methods.seeking_the_shape.margin"),
        ({"prepare__identities__test": 9000}, "prepare.identities"),
        ({"collect__dataset": "genrated"}, "Did you mean 'generated'?"),
        ({"evaluate__protocols": ["matchin"]}, "Did you mean 'matching'?"),
        ({"prepare__lists": "/nowhere"}, "prepare.lists: '/nowhere' is not a folder"),
        (
            {"pretrain__face": {"name": "small_fase", "channels": 4, "width": 4, "weights": ""}},
            "Did you mean 'small_face'?",
        ),
        (
            {
                "collect__dataset": "vox1_vggface",
                "ablate__variants": {"drop": {"weigh_identities.rule": "truth"}},
                "evaluate__models": ["seeking_the_shape", "drop"],
            },
            "ablate.variants.drop: rule 'truth'",
        ),
    ],
)
def test_the_doctor_names_the_key_that_cannot_work(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, object],
    found: str,
) -> None:
    (here / "params.yaml").write_text(json.dumps(raw_params(**changes)).replace("NaN", ".nan"))
    code, out, _ = vfal(monkeypatch, capsys, "doctor")
    words = " ".join(part.strip() for line in out.splitlines() for part in line.split("│")).split()
    assert code == 1 and " ".join(found.split()) in " ".join(words)


def test_the_installed_command_says_what_there_is(tmp_path: Path) -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("vfal"), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    for command in ("stage", "doctor", "methods", "sync", "report", "preset", "match"):
        assert f"{command} " in found.stdout
