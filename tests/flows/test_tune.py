import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from flows import tune as flow
from vfal.core.errors import MachineError
from vfal.core.files import write_json, write_text

from ..tiny_params import raw_params

RECORD = Path("reports/tune/margin_keep_delta")
SUMMARY = {"best_value": 0.7, "values": {"weigh_identities.decay": 0.95}}


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Artifacts by their key, of a flow that runs in a folder with a finished study; no server is needed."""
    monkeypatch.chdir(tmp_path)
    write_json(tmp_path / "params.yaml", raw_params())  # json is yaml
    trial = {"number": 0, "state": "complete", "value": 0.7, "values": SUMMARY["values"]}
    write_json(RECORD / "study.json", {"trials": [trial]})
    write_json(RECORD / "summary.json", SUMMARY)
    write_text(RECORD / "proposal.diff", "-  decay: 0.99\n+  decay: 0.95\n")
    artifacts: dict[str, Any] = {}
    monkeypatch.setattr(flow, "get_run_logger", lambda: logging.getLogger("flow"))
    for kind in ("table", "markdown"):
        monkeypatch.setattr(
            flow, f"create_{kind}_artifact", lambda content, key, **_: artifacts.update({key: content})
        )
    return artifacts


def test_the_flow_runs_vfal_tune_and_shows_trials_and_proposal(
    shown: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(flow, "_vfal", lambda *words: asked.append(words))
    assert flow.tune.fn() == SUMMARY
    flow.tune.fn(trials=3, apply=True)
    assert asked == [("tune",), ("tune", "--trials", "3"), ("tune", "--apply")]
    assert shown["tune-trials"] == [
        {"trial": 0, "state": "complete", "accuracy": 0.7, "weigh_identities.decay": 0.95}
    ]
    assert "+  decay: 0.95" in shown["tune-proposal"]


def test_a_study_that_cannot_be_run_fails_with_what_vfal_said(
    shown: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vfal = tmp_path / "bin/vfal"
    write_text(
        vfal, "#!/bin/sh\necho 'ConfigError: tune.space.margin: low: 5 is not below high 3.' >&2\nexit 1\n"
    )
    vfal.chmod(0o755)
    (tmp_path / "bin/python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    with pytest.raises(MachineError, match=r"vfal tune: exit code 1. ConfigError: tune.space.margin"):
        flow.tune.fn()
