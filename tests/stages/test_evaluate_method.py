from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import ValidationBreach
from vfal.core.files import read_json, write_json
from vfal.method import Card
from vfal.methods.fvcme import FaceVoiceMatching
from vfal.stages.evaluate_method import run

FOLDER = Path("reports/shelf")


def test_the_shelf_answers_the_same_questions_as_the_main_method(params: Params) -> None:
    main = read_json(Path("reports/evaluate/seeking_the_shape.json"))
    for name in params.train_method.models:
        assert read_json(FOLDER / f"{name}.json").keys() == main.keys()
        records = read_json(FOLDER / name / "full.json")
        assert all(len(record["seeds"]) == 2 for record in records.values())


def test_a_task_that_is_not_on_the_card_gets_a_note_and_no_number(
    params: Params, again: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    again("reports/shelf/fvcme")
    card = FaceVoiceMatching.card
    only = Card(**{**vars(card), "tasks": frozenset({"matching"})})
    monkeypatch.setattr(FaceVoiceMatching, "card", only)
    run(params, "fvcme")
    assert all(name.startswith("matching_1_") for name in read_json(FOLDER / "fvcme.json"))
    notes = read_json(FOLDER / "fvcme/notes.json")
    assert (
        "verification: not defined for this method" in notes and not (FOLDER / "fvcme/retrieved.csv").exists()
    )


def test_a_model_that_knows_its_test_people_is_refused(params: Params, again: Callable[..., Path]) -> None:
    again("reports/shelf/fvcme")
    note = Path("models/shelf/fvcme/trained_on.json")
    tested = read_json(note) | {"identities": ["id10001", *read_json(note)["identities"]]}
    people = Path("data/prepared/identities.parquet")
    table = pd.read_parquet(people)
    first = table.loc[table["split"] == "test", "identity"].iloc[0]
    write_json(note, tested | {"identities": [first]})
    with pytest.raises(ValidationBreach, match=f"trained on 1 of the 8 people it is tested on: {first}"):
        run(params, "fvcme")
