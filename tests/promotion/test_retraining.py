from pathlib import Path

import pytest

from vfal.core.errors import MachineError, ValidationBreach
from vfal.core.files import write_json
from vfal.promotion.records import newest
from vfal.promotion.retraining import Steps, _stage

RULES = [
    {"name": "Each identity once", "passed": True, "offending": 0, "checked": 9, "offenders": []},
    {"name": "Gender among m, f", "passed": False, "offending": 2, "checked": 9, "offenders": ["id1", "id2"]},
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> str:
        raise MachineError("stage: dvc ended with exit code 255.")

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VFAL_STATE", raising=False)
    monkeypatch.setattr("vfal.promotion.retraining.run_stage", failing)


def test_a_broken_rule_is_named_with_its_offenders_and_kept_on_disk(tmp_path: Path) -> None:
    write_json(tmp_path / "reports/validate.json", {"breaches": 1})
    write_json(tmp_path / ".state/validation/verdict.json", {"by_rule": RULES})
    with pytest.raises(ValidationBreach, match=r"break 1 rule.*champion stays. Gender among m, f: 2 of 9"):
        _stage("validate", tmp_path, Steps())
    left = newest()
    assert left is not None and left.outcome == "stopped" and "id1, id2" in left.reason


def test_a_validation_that_failed_for_another_reason_says_its_own(tmp_path: Path) -> None:
    write_json(tmp_path / "reports/validate.json", {"breaches": 0})
    with pytest.raises(MachineError, match="exit code 255"):
        _stage("validate", tmp_path, Steps())
    assert newest() is None
