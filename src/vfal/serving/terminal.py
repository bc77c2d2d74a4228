"""`vfal match`: one probe and its candidates, as a table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vfal.core.config.params import Params
from vfal.core.errors import DataError
from vfal.core.types import Modality
from vfal.serving.media import Media, kind_of, read_media
from vfal.serving.questions import judged
from vfal.serving.scorer import Scorer

VERDICTS = {True: "yes", False: "no", None: ""}
NOUNS: dict[Modality, str] = {"voice": "recording", "face": "picture"}


def print_match(scorer: Scorer, files: Sequence[Path], console: Console | None = None) -> None:
    """Print how well each file after the first fits the first, best first.

    The first is a recording and the others pictures, or the other way round; which is seen from their
    content. A file that cannot be used is a `DataError` that names it.
    """
    (probe_kind, probe), *candidates = [_read(path, scorer.params) for path in files]
    gallery_kind: Modality = "face" if probe_kind == "voice" else "voice"
    for path, (kind, _) in zip(files[1:], candidates, strict=True):
        if kind != gallery_kind:
            raise DataError(
                f"{path}: a {NOUNS[kind]} like {files[0]}; expected a {NOUNS[gallery_kind]} to match with it."
            )
    probe_1D = scorer.embed(probe_kind, [probe])
    gallery_MD = scorer.embed(gallery_kind, [media for _, media in candidates])
    voices, faces = (probe_1D, gallery_MD) if probe_kind == "voice" else (gallery_MD, probe_1D)
    score_M = scorer.matrix(voices, faces).ravel()
    table = Table(title=f"Who fits {files[0]}", title_justify="left", title_style="bold")
    table.add_column("", justify="right")
    table.add_column("file", overflow="fold")
    for heading in ("score", "probability", "same person"):
        table.add_column(heading, justify="right", no_wrap=True)
    for rank, place in enumerate(np.argsort(-score_M, kind="stable"), start=1):
        found = judged(scorer, float(score_M[place]))
        chance = "" if found["probability"] is None else f"{100 * found['probability']:.1f} %"
        name = Text(str(files[1 + place]))
        table.add_row(str(rank), name, f"{found['score']:+.3f}", chance, VERDICTS[found["same"]])
    console = console or Console(highlight=False)
    console.print(table)
    console.print(Text(_caption(scorer)))


def _read(path: Path, params: Params) -> tuple[Modality, Media]:
    try:
        file = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    if not file:
        raise DataError(f"{path}: empty, 0 bytes.")
    kind = kind_of(file)
    if kind is None:
        raise DataError(f"{path}: neither a recording (wav, flac, ogg, mp3) nor a picture (jpeg, png, ...).")
    return kind, read_media(kind, file, str(path), params)


def _caption(scorer: Scorer) -> str:
    known = scorer.calibration
    if known is None:
        return "No probabilities: nothing taught this model what its scores mean. `dvc repro retrain` does."
    wrong, missed = 100 * known.false_acceptance, 100 * known.false_rejection
    return (
        f"Probability: of being one person, were half of all pairs so ({known.trials:,} validation trials).\n"
        f"Same person: score at least {known.threshold:+.3f}; {wrong:.1f} % of pairs of two people reach it, "
        f"{missed:.1f} % of pairs of one person do not."
    )
