import subprocess
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.errors import BusyError, MachineError
from vfal.data.people_lists import read_splits
from vfal.promotion.worktree import environment_in, keep_splits, own_checkout, track_at

PARAMS = "seed: 1 # of everything\ntracking:\n  uri: '' # MLflow\n"


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@t"]
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of git and DVC with one commit, as the current folder."""
    folder = tmp_path / "main"
    (folder / ".dvc").mkdir(parents=True)
    (folder / ".dvc/config").write_text("[core]\n    analytics = false\n")
    (folder / ".dvc/.gitignore").write_text("/config.local\n/tmp\n/cache\n")
    (folder / ".gitignore").write_text("/.state/\n")
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "withdrawn.csv").write_text("identity,date,reason\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "-m", "first")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("VFAL_STATE", raising=False)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    return folder


def test_what_happens_in_the_own_checkout_is_not_seen_in_the_main_one(main: Path) -> None:
    with own_checkout(main, "HEAD", print) as folder:
        (folder / "params.yaml").write_text("seed: 2\n")
        (folder / "new.txt").write_text("new")
        assert git(main, "status", "--porcelain") == ""
    assert not folder.exists()
    assert (main / "params.yaml").read_text() == PARAMS
    assert git(main, "worktree", "list").count("\n") == 1


def test_what_is_not_committed_is_named_and_left_out(main: Path) -> None:
    (main / "params.yaml").write_text("seed: 3\n")
    said: list[str] = []
    with own_checkout(main, "HEAD", said.append) as folder:
        assert (folder / "params.yaml").read_text() == PARAMS
    assert "not committed, so no part of it: params.yaml" in said[0]


def test_people_who_withdrew_a_moment_ago_are_withdrawn_in_it(main: Path) -> None:
    (main / "withdrawn.csv").write_text("identity,date,reason\nid1,2026-11-21,\n")
    with own_checkout(main, "HEAD", print) as folder:
        assert "id1" in (folder / "withdrawn.csv").read_text()


def test_official_files_are_in_it_though_in_no_commit(main: Path, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("Somebody\n")
    (main / "lists").mkdir()
    (main / "lists/seen.txt").symlink_to(tmp_path / "names.txt")
    with own_checkout(main, "HEAD", print) as folder:
        assert (folder / "lists/seen.txt").read_text() == "Somebody\n"


def test_it_shares_the_cache_and_the_checkpoints_of_the_main_checkout(main: Path) -> None:
    from dvc.repo import Repo

    with own_checkout(main, "HEAD", print) as folder, Repo(str(folder)) as repo:
        assert Path(repo.cache.local_cache_dir) == main / ".dvc/cache"
        assert environment_in(folder)["VFAL_STATE"] == str(main / ".state")
        assert git(folder, "status", "--porcelain") == ""


def test_what_a_killed_retraining_left_is_cleared_first(main: Path) -> None:
    left = main / ".state/retraining"
    git(main, "worktree", "add", "--quiet", "--detach", str(left))
    (left / "half").write_text("done")
    with own_checkout(main, "HEAD", print) as folder:
        assert folder == left and not (left / "half").exists()
    assert git(main, "worktree", "list").count("\n") == 1


def test_two_retrainings_at_once_are_one_and_one_refusal(main: Path) -> None:
    with (
        own_checkout(main, "HEAD", print),
        pytest.raises(BusyError, match=r"scheduled retraining: process .* is at it already"),
        own_checkout(main, "HEAD", print),
    ):
        pass


def test_an_unknown_revision_is_one_sentence(main: Path) -> None:
    with pytest.raises(MachineError, match="'nightly' is no commit"), own_checkout(main, "nightly", print):
        pass


def test_outside_git_there_is_no_retraining(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VFAL_STATE", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(MachineError, match="not a git repository"), own_checkout(tmp_path, "HEAD", print):
        pass


def test_known_people_keep_their_split_unless_they_withdrew(tmp_path: Path) -> None:
    (tmp_path / "withdrawn.csv").write_text("identity,date,reason\nid2,2026-11-21,\n")
    people = pd.DataFrame({"identity": ["id3", "id2", "id1"], "split": ["test", "train", "left_out"]})
    keep_splits(tmp_path, people)
    assert read_splits(tmp_path / "splits.csv") == {"id1": "left_out", "id3": "test"}


def test_only_the_address_of_mlflow_changes_in_params(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS)
    track_at(tmp_path, "sqlite:////else/where.db")
    assert (tmp_path / "params.yaml").read_text() == PARAMS.replace("''", '"sqlite:////else/where.db"')
