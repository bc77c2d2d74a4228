"""Retrieval lists of CMPC: one file of clips and one of faces, side by side, each with its persons' ids."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vfal.core.errors import DataError
from vfal.lists.format import Format
from vfal.lists.people import People
from vfal.lists.text import columns_of, read_lines
from vfal.lists.trial_list import TrialList, build

HEADERS = {"wav": "VoxCeleb1 ID\twav", "jpg": "VoxCeleb1 ID\tjpg"}
OTHER = {"wav": "jpg", "jpg": "wav"}


class CmpcRetrieval(Format):
    """`wav_20k.csv` asks `jpg_20k.csv` beside it, or the reverse: tab separated, id and path."""

    title: ClassVar = "CMPC retrieval"
    source: ClassVar = "Cocoxili/CMPC, data/retrieval"

    def recognises(self, head: list[str]) -> bool:
        """One of the two headers."""
        return head[0] in HEADERS.values()

    def read(self, path: Path, people: People) -> list[TrialList]:
        """One list: this file's items ask, those of the file beside it are asked for."""
        kind, asking = _side(path)
        beside = path.with_name(path.name.replace(kind, OTHER[kind]))
        if not beside.exists() or beside == path:
            raise DataError(
                f"{path}: {beside.name} is not beside it; a retrieval list of CMPC is the two files."
            )
        other, asked = _side(beside)
        if other == kind:
            raise DataError(
                f"{beside}, row 1: the header of a {kind} list, expected {HEADERS[OTHER[kind]]!r}."
            )
        rows = np.arange(2, len(asking) + 2)
        return [build(path, "cmpc_retrieval", "retrieval", asking, asked[None], people, rows=rows)]


def _side(path: Path) -> tuple[str, NDArray[Any]]:
    text = read_lines(path)
    kind = next((kind for kind, header in HEADERS.items() if text.lines[0] == header), "")
    if not kind:
        raise DataError(
            f"{path}, row 1: {text.lines[0]!r}, expected {HEADERS['wav']!r} or {HEADERS['jpg']!r}."
        )
    return kind, columns_of(text, "\t", 2, skip=1)[:, 1]
