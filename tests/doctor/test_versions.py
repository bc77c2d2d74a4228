from importlib.metadata import version
from pathlib import Path

import pytest

from vfal.doctor import versions
from vfal.doctor.finding import Visit

from .conftest import told


def pinned(checkout: Path, *lines: str) -> None:
    (checkout / "constraints.txt").write_text("# pins\n" + "\n".join(lines) + "\n")


def test_versions_as_pinned_are_well_and_a_pin_of_nothing_installed_does_not_matter(
    checkout: Path, visit: Visit
) -> None:
    pinned(checkout, f"numpy=={version('numpy')}", f"torch=={version('torch')}+cu999", "no-such-package==1.0")
    [(level, found)] = told(versions.pins(visit))
    assert level == "ok" and found.startswith("2 pins kept: torch ")


def test_every_other_version_is_named_beside_its_pin(checkout: Path, visit: Visit) -> None:
    pinned(checkout, "numpy==0.1", f"pandas=={version('pandas')}", "typer==0.2")
    numpy, typer = version("numpy"), version("typer")
    assert told(versions.pins(visit)) == [("warn", f"numpy {numpy} (pinned 0.1), typer {typer} (pinned 0.2)")]


def test_a_version_that_breaks_scheduling_is_refused(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "version", lambda name: "2.1.9" if name == "sqlalchemy" else version(name))
    assert told(versions.pins(visit))[0] == ("no", "sqlalchemy 2.1.9; Prefect 3.8.8 needs one below 2.1")


def test_a_package_that_is_gone_is_named(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(name: str) -> str:
        if name == "optuna":
            raise versions.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(versions, "version", found)
    assert told(versions.pins(visit))[0] == ("no", "not installed: optuna")


def test_a_switch_that_does_not_switch_off_is_named(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(versions.switches(visit))[0][0] == "ok"
    monkeypatch.setenv("DO_NOT_TRACK", "1")  # Prefect understands it, MLflow does not
    monkeypatch.setenv("DVC_NO_ANALYTICS", "0")  # anything does
    assert told(versions.switches(visit)) == [("warn", "DO_NOT_TRACK=1 in your environment")]


def test_update_checks_of_dvc_that_are_on_are_named(checkout: Path, visit: Visit) -> None:
    (checkout / ".dvc/config.local").write_text("[core]\n    check_update = true\n")
    assert told(versions.switches(visit)) == [("warn", ".dvc/config: core.check_update is on")]
