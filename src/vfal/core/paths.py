"""Where stages put what they make, relative to the folder that holds dvc.yaml."""

import os
from pathlib import Path

PARAMS = Path("params.yaml")
WITHDRAWN = Path("withdrawn.csv")
KNOWN_SPLITS = Path("splits.csv")
LISTS = Path("lists")  # what `prepare.lists` is unless you name another folder
RAW = Path("data/raw")
PREPARED = Path("data/prepared")
MEDIA = Path("data/media")
FEATURES = Path("data/features")
ENCODERS = Path("models/encoders")
WARM_UP = Path("models/warm_up")
IDENTITY_WEIGHTS = Path("models/identity_weights")
TRAINED = Path("models/trained")
SHELF_MODELS = Path("models/shelf")
REPORTS = Path("reports")
STUDIES = REPORTS / "tune"
VERDICT = Path("validation/verdict.json")  # within the state folder


def state_folder() -> Path:
    """Checkpoints, locks and caches: outside DVC's outputs, which DVC deletes before it runs a stage.

    `VFAL_STATE` moves it, so that a temporary checkout can find the checkpoints of the main one.
    """
    return Path(os.environ.get("VFAL_STATE", ".state")).absolute()
