"""Score files of the FAME challenge."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vfal.core.errors import DataError
from vfal.core.files import whole_file, write_text
from vfal.lists.asked import Asked, Scored, ScoreSettings
from vfal.lists.formats.fame import Fame, trial_keys
from vfal.lists.people import NOBODY
from vfal.lists.replicas import REPLICAS
from vfal.lists.vectors import Vectors


def submission_lines(keys: Sequence[str], distances_T: np.ndarray) -> list[str]:
    """`key distance` with six decimals; a smaller distance means the same person."""
    return [f"{key} {distance:f}" for key, distance in zip(keys, distances_T, strict=True)]


def write_submission(source: Path, vectors: Vectors, folder: Path, *, language: str, heard: bool) -> Path:
    """Write `sub_score_<language>_<heard or unheard>.txt` for a list of FAME.

    The score is the Euclidean distance of the vectors as they are, in float32, as the baseline's.
    """
    (one,) = Fame().read(source, NOBODY)
    asked = Asked(one, vectors, NOBODY, ScoreSettings(replica=REPLICAS["fame"]), Scored())
    distances_T = -asked.prepared.pairs(one.direction, one.probes_T, one.gallery_TK[:, 0])
    path = folder / f"sub_score_{language}_{'heard' if heard else 'unheard'}.txt"
    write_text(path, "\n".join(submission_lines(trial_keys(source), distances_T)) + "\n")
    return path


def pack(files: Sequence[Path], archive: Path) -> Path:
    """A zip of score files, as the challenge's server wants it."""
    names = [file.name for file in files]
    if len(set(names)) < len(names):
        raise DataError(f"{archive}: two files of the same name: {', '.join(names)}.")
    with whole_file(archive) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as held:
        for file in files:
            held.write(file, file.name)
    return archive
