"""Retraining on a corpus that changes, as it happens at night: one checkout, one champion."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ..stages.conftest import SMALL
from ..tiny_corpus import write_corpus
from ..tiny_params import raw_params
from .conftest import COPIED, checkout, environment, run

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(1800)]  # a minute on two idle cores

RETRAIN = """
import sys
from pathlib import Path
from vfal.core.errors import VfalError
from vfal.promotion.retraining import retrain
try:
    print(retrain(Path.cwd()).outcome)
except VfalError as error:
    sys.exit(str(error))
"""
ONE_VARIANT = {
    "seeds": [1],
    "ablate__variants": {},
    "evaluate__models": ["seeking_the_shape"],
    "promote__least_identities": 4,
    "promote__rule": "not_worse",
    "promote__tolerance": 1.0,
}


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@t"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, env=environment(folder), check=True, capture_output=True, text=True
    )
    return done.stdout


def retrain(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RETRAIN],
        cwd=folder,
        env=environment(folder),
        check=False,
        capture_output=True,
        text=True,
    )


def vfal(folder: Path, *words: str) -> str:
    done = run(folder, "vfal", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("retraining") / "corpus", people=40, clips=3, faces=3)


@pytest.fixture(scope="module")
def main(repository: Path, corpus: Path) -> Path:
    """A committed checkout over that corpus in which nothing has run."""
    folder = checkout(repository, corpus.parent / "main")
    raw = raw_params(**{**SMALL, **ONE_VARIANT, "collect__root": str(corpus)})
    (folder / "params.yaml").write_text(json.dumps(raw, indent=1))  # json is yaml
    (folder / ".gitignore").write_text("/.state/\n/mlruns/\n/mlflow.db*\n__pycache__/\n/data/\n/models/\n")
    git(folder, "add", "-A", *COPIED, ".gitignore")
    git(folder, "commit", "--quiet", "-m", "all")
    return folder


def newest_people(main: Path) -> pd.DataFrame:
    found = main.glob("mlruns/**/model/identities.parquet")
    return pd.read_parquet(max(found, key=lambda path: path.stat().st_mtime))


def test_a_year_of_nights(main: Path, corpus: Path) -> None:
    first = retrain(main)
    assert first.stdout.splitlines()[-1:] == ["first"], first.stdout + first.stderr
    before = newest_people(main)

    again = retrain(main)
    assert again.stdout.splitlines()[-1:] == ["unchanged"], again.stdout + again.stderr
    assert "vfal stage prepare" not in again.stdout

    gone, odd = before.loc[before["split"] == "train", "identity"].iloc[:2]
    told = vfal(main, "forget", gone)
    assert "champion" in told and "train" in told
    third = retrain(main)
    assert third.stdout.splitlines()[-1:] == ["promoted"], third.stdout + third.stderr
    after = newest_people(main)
    expected = before[before["identity"] != gone].set_index("identity")["split"].sort_index()
    pd.testing.assert_series_equal(after.set_index("identity")["split"].sort_index(), expected)

    meta = corpus / "vox1_meta.csv"
    meta.write_text(re.sub(rf"^({odd}\t\w+)\t[mf]\t", r"\1\tx\t", meta.read_text(), flags=re.MULTILINE))
    stopped = retrain(main)
    assert stopped.returncode == 1 and odd in stopped.stderr and "champion stays" in stopped.stderr

    assert git(main, "status", "--porcelain", "--untracked-files=no").split() == ["M", "withdrawn.csv"]
    assert git(main, "worktree", "list").count("\n") == 1
    assert not (main / "data/raw").exists()
