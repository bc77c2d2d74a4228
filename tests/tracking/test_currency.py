"""Which results may be mirrored while the map runs."""

from pathlib import Path

import pytest

from vfal.tracking.currency import Currency, dvc_md5

RETRAINED = Path("models/trained/seeking_the_shape")


@pytest.fixture
def lock(checkout: Path) -> dict:
    """A dvc.lock in which each of two stages vouches for what lies on disk."""

    def entry(path: str, *reads: str) -> dict:
        return {
            "deps": [{"path": read, "md5": dvc_md5(Path(read))} for read in reads],
            "outs": [{"path": path, "md5": dvc_md5(Path(path))}],
        }

    return {
        "prepare": entry("data/prepared"),
        "weigh_identities": entry("models/identity_weights", "data/prepared", "data/prepared/clips.parquet"),
        "retrain": entry(str(RETRAINED), "data/prepared", "models/identity_weights"),
        "evaluate@seeking_the_shape": entry("reports/evaluate/seeking_the_shape.json", str(RETRAINED)),
    }


def current(lock: dict) -> set[str]:
    found = Currency(lock)
    return {name for name in lock if name in found}


def test_what_lies_on_disk_as_recorded_is_current(lock):
    assert current(lock) == set(lock)


def test_a_folder_has_the_md5_that_dvc_gives_it(tmp_path):
    (tmp_path / "of").mkdir()
    (tmp_path / "of/a.txt").write_text("a\n")
    (tmp_path / "b.txt").write_text("b\n")
    # from `dvc add` of the same folder
    assert dvc_md5(tmp_path) == "47412e1cb2319e809562c609e7e22539.dir"


def test_a_half_written_output_is_not_current_and_neither_is_what_reads_it(lock):
    (RETRAINED / "seed_2.safetensors").unlink()
    assert current(lock) == {"prepare", "weigh_identities"}


def test_a_stage_that_has_not_run_again_since_its_input_changed_is_not_current(lock):
    lock["weigh_identities"]["outs"][0]["md5"] = "of the new weights.dir"
    assert current(lock) == {"prepare"}


def test_new_data_leave_no_old_model_current(lock):
    lock["prepare"]["outs"][0]["md5"] = "of other people.dir"
    assert current(lock) == {"prepare"}


def test_a_changed_file_inside_an_output_is_seen_by_who_reads_that_file(lock):
    Path("data/prepared/clips.parquet").write_bytes(b"other clips")
    assert "weigh_identities" not in current(lock)


def test_a_stage_that_dvc_has_not_recorded_is_not_current(lock):
    assert "warm_up" not in Currency(lock)


def test_without_a_lock_everything_is_taken():
    assert "retrain" in Currency({})
