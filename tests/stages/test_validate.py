from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import ValidationBreach
from vfal.core.files import read_json
from vfal.stages.validate import run


def test_a_sound_corpus_passes_and_says_so(params: Params) -> None:
    report = read_json(Path("reports/validate.json"))
    assert report["success"] == 1
    assert "<html" in Path("reports/validate.html").read_text()


def test_a_breach_stops_the_map_after_a_table_of_offenders(
    params: Params, again: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    again()
    identities = pd.read_parquet("data/prepared/identities.parquet")
    identities.loc[3, "gender"] = "x"
    identities.to_parquet("data/prepared/identities.parquet")
    with pytest.raises(ValidationBreach, match="the map stops here"):
        run(params)
    assert identities.loc[3, "identity"] in capsys.readouterr().err
    assert read_json(Path("reports/validate.json"))["success"] == 0


def test_one_gender_only_is_a_breach(params: Params, again: Callable[..., Path]) -> None:
    again()
    identities = pd.read_parquet("data/prepared/identities.parquet")
    identities.assign(gender="f").to_parquet("data/prepared/identities.parquet")
    with pytest.raises(ValidationBreach):
        run(params)


def test_an_identity_with_no_face_is_a_breach(
    params: Params, again: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    again()
    faces = pd.read_parquet("data/prepared/faces.parquet")
    someone = faces.loc[0, "identity"]
    faces[faces["identity"] != someone].to_parquet("data/prepared/faces.parquet")
    with pytest.raises(ValidationBreach):
        run(params)
    assert someone in capsys.readouterr().err
