"""collect: bring the corpus in, and list every file of it."""

import shutil

import pandas as pd

from vfal.core.config.params import Params
from vfal.core.files import write_json
from vfal.core.paths import RAW, REPORTS, WITHDRAWN
from vfal.core.state import fingerprint, work_folder
from vfal.core.tables import write_table
from vfal.data.features import GIVEN
from vfal.data.given import write_given
from vfal.data.people_lists import read_withdrawn
from vfal.data.quarantine import quarantine, refuse_too_many, without_specks
from vfal.datasets import get_dataset

TREE = "tree"
REPORT = REPORTS / "collect.json"


def run(params: Params) -> None:
    """Write `data/raw`: corpus.json, the tables of people, clips and faces, and a generated tree.

    `reports/collect.json` names the files that cannot be used.
    """
    settings, withdrawn = params.collect, frozenset(read_withdrawn(WITHDRAWN)["identity"])
    # Half a tree with people who have withdrawn since must not be taken up again.
    made_of = settings.model_dump() | {"withdrawn": sorted(withdrawn)}
    work = work_folder("collect", fingerprint("collect", made_of, []))
    # DVC deletes outputs before a stage; half a tree waits in the work folder for the next run instead.
    corpus = get_dataset(settings.dataset).collect(
        settings, work / TREE, workers=params.machine.workers, withdrawn=withdrawn
    )
    corpus = without_specks(corpus, settings)
    report = quarantine(corpus)
    write_json(REPORT, report)
    refuse_too_many(report, settings.max_corrupt_ratio, "collect.max_corrupt_ratio", REPORT)
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
    about = {"dataset": settings.dataset, "root": root.as_posix()}
    if corpus.features is not None:
        write_given(RAW / GIVEN, corpus)
        about["holds"] = "features"
    write_json(RAW / "corpus.json", about)
    shutil.rmtree(work)
