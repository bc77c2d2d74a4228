from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import ConfigError, ValidationBreach
from vfal.core.files import read_json
from vfal.stages.validate import judge_corpus, run


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


def naming(params: Params, folder: Path, **files: object) -> Params:
    """The parameters with `prepare.lists` at that folder and files of it named in `validate`."""
    return params.model_copy(
        update={
            "prepare": params.prepare.model_copy(update={"lists": str(folder)}),
            "validation": params.validation.model_copy(update=files),
        }
    )


def test_files_that_params_name_are_read_from_the_folder_that_dvc_watches(
    params: Params, again: Callable[..., Path], tmp_path: Path
) -> None:
    again()
    people = pd.read_parquet("data/prepared/identities.parquet").set_index("split")["name"]
    (tmp_path / "of_others").mkdir()
    (tmp_path / "of_others/people.txt").write_text(f"{people['test'].iloc[0]}\n")
    (tmp_path / "trials.txt").write_text("neither a list nor a table\n")
    named = naming(params, tmp_path, seen_by={"VGGFace2": "of_others/people.txt"}, lists=("trials.txt",))
    found = {rule.name: rule.found or rule.offenders for rule in judge_corpus(named).breaches}
    assert len(found["No val or test identity was seen by VGGFace2"]) == 1
    assert "no known list format" in found["Every list can be read and contradicts nothing"][0]


def test_a_file_behind_a_link_to_a_folder_is_refused_because_dvc_does_not_look_there(
    params: Params, again: Callable[..., Path], tmp_path: Path
) -> None:
    again()
    (tmp_path / "far").mkdir()
    (tmp_path / "far/people.txt").write_text("Nobody\n")
    (tmp_path / "near").mkdir()
    (tmp_path / "near/linked").symlink_to(tmp_path / "far")
    (tmp_path / "near/people.txt").symlink_to(tmp_path / "far/people.txt")
    judge_corpus(naming(params, tmp_path / "near", seen_by={"VGGFace2": "people.txt"}))
    with pytest.raises(ConfigError, match=r"linked/people.txt lies behind a link to a folder"):
        judge_corpus(naming(params, tmp_path / "near", seen_by={"VGGFace2": "linked/people.txt"}))


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
