from pathlib import Path

import pytest

from vfal.core.config.params import check, with_overrides
from vfal.core.errors import DataError
from vfal.tracking.address import resolve
from vfal.tracking.provenance import data_digest, params_as_run, provenance_tags, read_lock


def recorded(stage: str, **blocks) -> dict:
    return {stage: {"params": {"params.yaml": blocks}}}


def test_a_stage_is_the_authority_on_its_own_block(params, small_raw):
    warm_up = {**small_raw["warm_up"], "steps": 7}
    stages = recorded("warm_up", warm_up=warm_up) | recorded("weigh_identities", warm_up=small_raw["warm_up"])
    assert params_as_run(params, stages).warm_up.steps == 7


def test_a_method_and_seeds_are_as_retraining_recorded_them(params, small_raw):
    block = {**small_raw["methods"]["seeking_the_shape"], "margin": 2.5}
    ran = params_as_run(params, recorded("retrain", seeds=[4], **{"methods.seeking_the_shape": block}))
    assert ran.methods.seeking_the_shape.margin == 2.5
    assert ran.seeds == (4,)


def test_a_lock_of_a_vfal_with_other_keys_is_not_believed(params):
    assert params_as_run(params, recorded("warm_up", warm_up={"steps": 7, "gone": 1})) == params


def test_a_lock_without_a_corpus_has_no_digest():
    assert data_digest({}) is None


def test_outside_git_and_dvc_there_is_nothing_to_tell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance_tags() == {}


@pytest.mark.parametrize("text", ["", "stages:\n  retrain:\n    cmd: vfal st", "stages: {\n"])
def test_a_lock_that_dvc_is_writing_is_never_taken_for_whole(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vfal.tracking.provenance.BETWEEN_LOOKS_S", 0.0)
    Path("dvc.lock").write_text(text)
    with pytest.raises(DataError, match=r"dvc\.lock: not whole"):
        read_lock()


def test_an_empty_address_is_a_database_in_this_folder():
    address = resolve("", Path("/checkout"))
    assert address.uri == "sqlite:////checkout/mlflow.db"
    assert address.artifacts == Path("/checkout/mlruns")


def test_a_relative_database_lies_in_this_folder_too():
    assert resolve("sqlite:///runs/all.db", Path("/checkout")).database == Path("/checkout/runs/all.db")


def test_a_printed_address_hides_its_password(small_raw):
    uri = "postgresql+psycopg2://me:secret@db.local/mlflow"
    params = check(with_overrides(small_raw, {"tracking.uri": uri}))
    assert resolve(params.tracking.uri, Path()).shown == "postgresql+psycopg2://me:***@db.local/mlflow"
