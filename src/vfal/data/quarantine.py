"""Files of a corpus that no stage may use: each is named with its reason, and too many stop the map."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from vfal.core.config.machine import Collect
from vfal.core.errors import DataError
from vfal.dataset import Corpus


def without_specks(corpus: Corpus, settings: Collect) -> Corpus:
    """The corpus with a `problem` for recordings and pictures that are too small to be of anybody."""
    clips, faces = corpus.clips.copy(), corpus.faces.copy()
    short = clips["duration_s"].astype("float64") < settings.least_clip_s
    clips.loc[short, "problem"] = [
        f"{duration:.3f} s long, shorter than collect.least_clip_s {settings.least_clip_s:g}"
        for duration in clips.loc[short, "duration_s"]
    ]
    sides = faces[["width_px", "height_px"]]
    small = sides.min(axis=1).lt(settings.least_face_px).fillna(False).astype(bool)
    faces.loc[small, "problem"] = [
        f"{width} x {height} px, smaller than collect.least_face_px {settings.least_face_px}"
        for width, height in sides[small].itertuples(index=False)
    ]
    return replace(corpus, clips=clips, faces=faces)


def quarantine(corpus: Corpus) -> dict[str, Any]:
    """How many files were found, and which of them are not used, with reasons."""
    tables = [
        table.loc[table["problem"] != "", ["path", "problem"]] for table in (corpus.clips, corpus.faces)
    ]
    listed = pd.concat(tables).itertuples(index=False)
    entries = [{"path": path, "reason": reason} for path, reason in (*corpus.left_aside, *listed)]
    items = len(corpus.clips) + len(corpus.faces) + len(corpus.left_aside)
    return {"items": items, "corrupt_ratio": len(entries) / items, "quarantined": entries}


def refuse_too_many(report: dict[str, Any], allowed_ratio: float, key: str, file: Path) -> None:
    """Raise `DataError` when more of a report's items are quarantined than `key` allows."""
    entries, ratio = report["quarantined"], report["corrupt_ratio"]
    if ratio > allowed_ratio:
        first = ", ".join(f"{entry['path']} ({entry['reason']})" for entry in entries[:3])
        raise DataError(
            f"{key.partition('.')[0]}: {len(entries)} of {report['items']} files cannot be decoded "
            f"({ratio:.1%}), more than {key} {allowed_ratio:.1%} allows. First: {first}. All: {file}."
        )
