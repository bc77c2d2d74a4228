"""The three questions a served model answers, one per row of a request.

    task     voice, face      gallery             answer
    match    one, the probe   list of the other   ranking: candidate, score, probability, same
    verify   both             -                   score, probability, same, threshold
    embed    one              -                   embedding

An item is the bytes of a file in base64, or `file:` and a path (`items.py`). Rows are answered all or none:
the first thing wrong is a `DataError` that names row and column, what was found and what was expected.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.errors import DataError
from vfal.core.shelf import nearest
from vfal.core.types import MODALITIES, Modality
from vfal.serving.items import item_bytes
from vfal.serving.scorer import Scorer

Task = Literal["match", "verify", "embed"]
TASKS: tuple[Task, ...] = ("match", "verify", "embed")
COLUMNS = ("task", "voice", "face", "gallery")
Row = Mapping[Any, Any]
Vectors = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Item:
    """One recording or picture of a request, and where in the request it stands."""

    modality: Modality
    text: str
    place: str


@dataclass(frozen=True)
class Question:
    """One row: `items` are the probe and its gallery, or the voice and the face, or the item to embed."""

    task: Task
    items: tuple[Item, ...]


def answer(scorer: Scorer, rows: Sequence[Row], root: Path | None) -> list[dict[str, Any]]:
    """One answer per row; `root` is the folder that `file:` items may come from."""
    questions = [_question(number, row) for number, row in enumerate(rows)]
    if not questions:
        raise DataError(f"request: no rows; expected at least one, with columns among {', '.join(COLUMNS)}.")
    vectors = _embedded(scorer, [item for question in questions for item in question.items], root)
    return [_answer(scorer, question, vectors) for question in questions]


def judged(scorer: Scorer, score: float) -> dict[str, Any]:
    """A score with its probability and decision, which are None where nothing taught the model any."""
    known = scorer.calibration
    return {
        "score": score,
        "probability": known.probability(score) if known else None,
        "same": known.accepts(score) if known else None,
    }


def _question(number: int, row: Row) -> Question:
    place = f"row {number}"
    task = row.get("task")
    if _absent(task):
        raise DataError(f"{place}, task: missing; expected {', '.join(TASKS[:-1])} or {TASKS[-1]}.")
    if not isinstance(task, str) or task not in TASKS:
        raise DataError(f"{place}, task: found {_shown(task)}. {nearest(str(task), TASKS)}")
    given = [modality for modality in MODALITIES if not _absent(row.get(modality))]
    gallery = row.get("gallery")
    if task != "match" and not _absent(gallery):
        raise DataError(f"{place}, gallery: found one; {task} takes none.")
    if task == "verify":
        for modality in MODALITIES:
            if modality not in given:
                raise DataError(f"{place}, {modality}: missing; verify takes a voice and a face.")
    elif len(given) != 1:
        found = "both" if given else "neither"
        role = "the probe" if task == "match" else "what to embed"
        raise DataError(f"{place}, voice and face: found {found}; {task} takes one of them, {role}.")
    items = [_item(modality, row[modality], f"{place}, {modality}") for modality in given]
    if task == "match":
        items += _gallery("face" if given == ["voice"] else "voice", gallery, f"{place}, gallery")
    return Question(task, tuple(items))


def _gallery(modality: Modality, gallery: Any, place: str) -> list[Item]:
    if _absent(gallery):
        raise DataError(f"{place}: missing; match takes a list of at least one {modality}.")
    if not isinstance(gallery, list | tuple | np.ndarray):
        raise DataError(f"{place}: found {_shown(gallery)}; expected a list of {modality}s.")
    if not len(gallery):
        raise DataError(f"{place}: found an empty list; expected at least one {modality}.")
    return [_item(modality, text, f"{place}[{index}]") for index, text in enumerate(gallery)]


def _item(modality: Modality, text: Any, place: str) -> Item:
    if not isinstance(text, str):
        raise DataError(f"{place}: found {_shown(text)}; expected base64 or 'file:' and a path, as text.")
    return Item(modality, text, place)


def _absent(value: Any) -> bool:
    """None, or what a table puts where a row has no such column."""
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


def _embedded(scorer: Scorer, items: list[Item], root: Path | None) -> Vectors:
    """Embeddings by place; everything is read and decoded before anything is computed."""
    limits = scorer.params.serve
    if len(items) > limits.most_items:
        raise DataError(
            f"request: found {len(items)} recordings and pictures, expected at most {limits.most_items}."
        )
    vectors: dict[str, NDArray[np.float32]] = {}
    media = [
        scorer.read(one.modality, item_bytes(one.text, one.modality, one.place, limits, root), one.place)
        for one in items
    ]
    for modality in MODALITIES:
        rows = [row for row, item in enumerate(items) if item.modality == modality]
        if rows:
            embedded = scorer.embed(modality, [media[row] for row in rows])
            vectors |= {items[row].place: vector for row, vector in zip(rows, embedded, strict=True)}
    return vectors


def _answer(scorer: Scorer, question: Question, vectors: Vectors) -> dict[str, Any]:
    first, *others = question.items
    if question.task == "embed":
        return {"task": "embed", "embedding": vectors[first.place].tolist()}
    probe_1D, others_MD = vectors[first.place][None], np.stack([vectors[item.place] for item in others])
    if first.modality == "voice":
        score_M = scorer.matrix(probe_1D, others_MD)[0]
    else:
        score_M = scorer.matrix(others_MD, probe_1D)[:, 0]
    if question.task == "verify":
        threshold = scorer.calibration.threshold if scorer.calibration else None
        return {"task": "verify", **judged(scorer, float(score_M[0])), "threshold": threshold}
    order = np.argsort(-score_M, kind="stable")
    ranking = [{"candidate": int(place), **judged(scorer, float(score_M[place]))} for place in order]
    return {"task": "match", "ranking": ranking}
