from pathlib import Path

import pytest

from vfal.doctor import examine as doctor
from vfal.doctor.finding import Visit, no, ok


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_a_failed_check_is_exit_code_one_and_a_warning_is_not(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", {"weather": lambda visit: doctor.ok("fair")})
    assert doctor.examine(checkout) == 0
    monkeypatch.setattr(doctor, "CHECKS", {"weather": lambda visit: [*ok("fair"), *no("[wet]", "Wait.")]})
    assert doctor.examine(checkout) == 1
    assert "[wet]" in capsys.readouterr().out


def test_a_wrong_params_file_is_told_once(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "params.yaml").write_text("seeds: [1]\n")
    assert doctor.examine(checkout) == 1
    out = capsys.readouterr().out
    assert out.count("is missing") == len([line for line in out.splitlines() if "is missing" in line])
    assert out.count("Correct params.yaml first.") == 3  # tracking, databases, device


def test_a_check_that_may_not_look_does_not_stop_the_others(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(visit: Visit) -> list[doctor.Finding]:
        raise PermissionError(13, "Permission denied", str(visit.state))

    monkeypatch.setattr(doctor, "CHECKS", {"first": refused, "second": lambda visit: ok("fair")})
    assert doctor.examine(checkout) == 1
    out = capsys.readouterr().out
    assert "Permission denied" in out and "fair" in out
