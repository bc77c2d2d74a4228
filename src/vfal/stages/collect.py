"""collect: bring the corpus in, and list every file of it."""

import shutil

import pandas as pd

from vfal.core.config.params import Params
from vfal.core.files import write_json
from vfal.core.paths import RAW
from vfal.core.state import fingerprint, work_folder
from vfal.core.tables import write_table
from vfal.datasets import get_dataset

TREE = "tree"


def run(params: Params) -> None:
    """Write `data/raw`: corpus.json, the tables of people, clips and faces, and a generated tree."""
    settings = params.collect
    work = work_folder("collect", fingerprint("collect", settings.model_dump(), []))
    # DVC deletes outputs before a stage; half a tree waits in the work folder for the next run instead.
    corpus = get_dataset(settings.dataset).collect(settings, work / TREE, workers=params.machine.workers)
    RAW.mkdir(parents=True, exist_ok=True)
    root = corpus.root
    if root == work / TREE:
        root = RAW / TREE
        if root.exists():  # the stage was run by hand: DVC removes it before
            shutil.rmtree(root)
        shutil.move(work / TREE, root)
    write_table(RAW / "identities.parquet", corpus.identities)
    write_table(RAW / "clips.parquet", corpus.clips)
    write_table(RAW / "faces.parquet", corpus.faces)
    truth = corpus.truth if corpus.truth is not None else pd.DataFrame({"identity": [], "personalised": []})
    write_table(RAW / "truth.parquet", truth)
    write_json(RAW / "corpus.json", {"dataset": settings.dataset, "root": root.as_posix()})
    shutil.rmtree(work)
