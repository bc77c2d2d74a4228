"""A checkout of its own for a retraining: nobody's files, params.yaml or dvc.lock are touched."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from vfal.core.errors import MachineError
from vfal.core.paths import KNOWN_SPLITS, LISTS, PARAMS, WITHDRAWN, state_folder
from vfal.core.state import only_one
from vfal.data.people_lists import read_withdrawn, write_list

FOLDER = "retraining"
DVC_LOCAL = Path(".dvc/config.local")


@contextmanager
def own_checkout(main: Path, revision: str, say: Callable[[str], None]) -> Iterator[Path]:
    """A git worktree of `main` at `revision`, gone after the block; what a killed one left goes first.

    It shares the DVC cache of `main` and its checkpoints, so that nothing is computed twice, and takes
    the list of withdrawn people as it lies (consent does not wait for a commit) and the official files,
    which are in no commit. Raises `BusyError` when
    another retraining is at work and `MachineError` outside git or for an unknown revision.
    """
    with only_one(FOLDER, "scheduled retraining"):
        folder = state_folder() / FOLDER
        commit = _commit(main, revision)
        _tell(main, revision, commit, say)
        _remove(main, folder)
        try:
            _git(main, "worktree", "add", "--quiet", "--force", "--detach", str(folder), commit)
            _share_cache(main, folder)
            if (main / WITHDRAWN).exists():
                shutil.copyfile(main / WITHDRAWN, folder / WITHDRAWN)
            if (main / LISTS).is_dir():
                shutil.copytree(main / LISTS, folder / LISTS, dirs_exist_ok=True)
            yield folder
        finally:
            _remove(main, folder)


def environment_in(folder: Path) -> dict[str, str]:
    """What stages in `folder` need: its own code before any other, and the checkpoints of this checkout."""
    return {"PYTHONPATH": f"{folder / 'src'}:{folder}", "VFAL_STATE": str(state_folder())}


def keep_splits(folder: Path, people: pd.DataFrame) -> None:
    """Give the checkout `folder` the splits (identity, split) that people had, but for the withdrawn."""
    gone = read_withdrawn(folder / WITHDRAWN)["identity"]
    write_list(folder / KNOWN_SPLITS, people.loc[~people["identity"].isin(gone), ["identity", "split"]])


def track_at(folder: Path, uri: str) -> None:
    """Let the checkout `folder` report to the MLflow at `uri`."""
    yaml = YAML()
    document = yaml.load(folder / PARAMS)
    document["tracking"]["uri"] = DoubleQuotedScalarString(uri)  # plain, its colon breaks a flow mapping
    with (folder / PARAMS).open("w", encoding="utf-8") as handle:
        yaml.dump(document, handle)


def _commit(main: Path, revision: str) -> str:
    _git(main, "rev-parse", "--git-dir")
    try:
        return _git(main, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except MachineError:
        raise MachineError(f"git: '{revision}' is no commit of this repository.") from None


def _tell(main: Path, revision: str, commit: str, say: Callable[[str], None]) -> None:
    changed = _git(main, "diff", "--name-only", "HEAD", "--").split()
    others = [name for name in changed if name not in ("dvc.lock", WITHDRAWN.name)]
    left_out = f"; not committed, so no part of it: {', '.join(others)}" if others else ""
    say(f"Retraining what is committed: {commit[:10]} ({revision}){left_out}.")


def _share_cache(main: Path, folder: Path) -> None:
    from dvc.repo import Repo

    if (main / DVC_LOCAL).exists():
        shutil.copyfile(main / DVC_LOCAL, folder / DVC_LOCAL)
    with Repo(str(main)) as ours, Repo(str(folder)) as theirs, theirs.config.edit("local") as config:
        config["cache"]["dir"] = ours.cache.local_cache_dir


def _remove(main: Path, folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    _git(main, "worktree", "prune")


def _git(main: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=main, capture_output=True, text=True, check=False)
    except OSError as error:
        raise MachineError(
            f"git: {error.strerror}. A retraining works in a git worktree of its own."
        ) from None
    if done.returncode:
        reason = done.stderr.strip().removeprefix("fatal: ") or f"exit code {done.returncode}"
        raise MachineError(
            f"git {' '.join(words[:2])}: {reason}. A retraining works on a commit of this repository."
        )
    return done.stdout.strip()
