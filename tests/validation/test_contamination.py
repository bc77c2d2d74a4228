"""What published splits share, and what weights from elsewhere have seen: findings with names."""

from pathlib import Path
from typing import Any

import pytest

from vfal.core.config.validate import Validate


def told(settings: Validate, **changes: Any) -> Validate:
    return settings.model_copy(update=changes)


def test_a_video_in_two_splits_is_a_finding_and_the_map_goes_on(corpus: Any, settings: Validate) -> None:
    shared = corpus.having("clips", [16, 32], video="joint interview")
    verdict = shared.verdict(settings)
    assert verdict.success and [rule.offenders for rule in verdict.findings] == [("joint interview",)]
    assert verdict.findings[0].found == ("id10008 in train, id10016 in val",)


def test_a_finding_stops_the_map_when_it_is_told_to(corpus: Any, settings: Validate) -> None:
    shared = corpus.having("clips", [16, 32], video="joint interview")
    verdict = shared.verdict(told(settings, report_only=()))
    assert not verdict.success and verdict.findings == ()
    assert [rule.name for rule in verdict.breaches] == ["No video is in two splits"]


@pytest.fixture
def seen(corpus: Any, tmp_path: Path) -> Path:
    """A list that names a training, a validation and a test person, the last with an accent."""
    people = corpus.identities.set_index("identity")["name"]
    names = [people["id10008"], people["id10016"].upper(), people["id10024"].replace("e", "é"), "Nobody"]
    (tmp_path / "seen.txt").write_text("\n".join(names), encoding="utf-8")
    return tmp_path / "seen.txt"


def test_test_people_whom_weights_have_seen_stop_the_map_by_name(
    corpus: Any, settings: Validate, seen: Path
) -> None:
    verdict = corpus.verdict(told(settings, seen_by={"MS-Celeb": str(seen)}))
    (breach,) = verdict.breaches
    assert breach.name == "No val or test identity was seen by MS-Celeb"
    assert breach.offenders == ("id10016", "id10024") and breach.checked == 16


def test_people_seen_before_may_be_a_finding(corpus: Any, settings: Validate, seen: Path) -> None:
    allowed = told(settings, seen_by={"VGGFace2": str(seen)}, report_only=("seen_before",))
    verdict = corpus.verdict(allowed)
    assert verdict.success and len(verdict.findings) == 1


def test_missing_nationalities_may_be_a_finding(corpus: Any, settings: Validate) -> None:
    unknown = corpus.having("identities", 3, nationality="")
    assert unknown.verdict(told(settings, report_only=("nationality",))).success
    assert not unknown.verdict(settings).success
