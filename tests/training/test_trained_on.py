from pathlib import Path

import pytest

from vfal.core.errors import ValidationBreach
from vfal.core.files import write_json
from vfal.training.trained_on import refuse_seen, seen_before, write_released_on, write_trained_on


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_json(Path("data/prepared/split.json"), {"family": "pins"})
    return tmp_path


def test_a_model_tested_on_people_it_was_trained_on_is_refused_by_their_names() -> None:
    write_trained_on(Path("model"), ["a", "b", "c"])
    assert seen_before(Path("model"), ["d"]) == ""
    with pytest.raises(ValidationBreach, match="model: trained on 2 of the 3 people it is tested on: b, c"):
        refuse_seen(Path("model"), ["b", "c", "d"], report_only=False)
    assert "b, c" in refuse_seen(Path("model"), ["b", "c", "d"], report_only=True)


def test_a_released_model_is_refused_on_another_split_than_its_own() -> None:
    write_released_on(Path("model"), "ssos")
    with pytest.raises(ValidationBreach, match=r"model: trained on split ssos, which may hold .* split pins"):
        refuse_seen(Path("model"), ["a"], report_only=False)
    write_released_on(Path("model"), "pins")
    assert refuse_seen(Path("model"), ["a"], report_only=False) == ""


def test_a_model_that_does_not_say_is_not_believed() -> None:
    assert "does not say what it was trained on" in seen_before(Path("model"), ["a"])
