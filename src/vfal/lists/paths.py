"""Names of items: one key for every spelling that lists and embeddings use for the same file.

| what | spellings | key |
|---|---|---|
| VoxCeleb1 clip | `id10117/<video>/00001.wav`, `Name/<video>_0000001.wav` | `voice:<person>/<video>/00001` |
| frame of a video | `Name/1.6/<video>/0013500.jpg`, without `1.6` | `face:<person>/<video>/0013500` |
| VGGFace still | `Name/00000295.jpg` | `face:<person>/00000295` |
| anything else | `voices/English/00000.wav` | the path itself |

Folders in front and the ending do not matter in the first three. A person is the VoxCeleb1 id where the
table of names (`people.py`) knows the name, else the name as it stands.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.types import Modality

ENDINGS: dict[Modality, tuple[str, ...]] = {
    "voice": ("wav", "flac", "m4a", "mp3", "ogg"),
    "face": ("jpg", "jpeg", "png", "webp"),
}
KIND_OF: dict[str, Modality] = {ending: kind for kind, endings in ENDINGS.items() for ending in endings}
VOICE = re.compile(r"(?:^|/)(?P<person>[^/]+)/(?P<video>[\w-]{11})(?:/|_\d\d)(?P<item>\d{5})$")
FACE = re.compile(
    r"(?:^|/)(?P<person>[^/]+)(?:(?:/1\.6)?/(?P<video>[\w-]{11})/(?P<item>\d{7})|/(?P<still>\d{8}))$"
)


def kinds_of(paths: Iterable[str]) -> list[str]:
    """`voice`, `face` or an empty text for each path, by its ending."""
    return [KIND_OF.get(path.rpartition(".")[2].lower(), "") for path in paths]


class ItemName(NamedTuple):
    """What a path says: a key that is the same for all its spellings, person and video (empty: unsaid)."""

    key: str
    person: str
    video: str
    modality: str


class PathReader:
    """Reads paths, each once; `id_of` turns names into ids, `owner_of` says whose an item is, by key."""

    def __init__(self, id_of: Mapping[str, str], owner_of: Mapping[str, str] | None = None) -> None:
        self.id_of = id_of
        self.owner_of = owner_of or {}
        self._number: dict[str, int] = {}
        self._names: list[ItemName] = []
        self._columns: dict[str, NDArray[Any]] = {}

    def __call__(self, path: str) -> ItemName:
        """What a path says."""
        return self._names[int(self._numbers([path])[0])]

    def table(self, paths: Sequence[str]) -> pd.DataFrame:
        """One row per path: columns key, person, video, modality."""
        numbers = self._numbers(paths)
        return pd.DataFrame({name: column[numbers] for name, column in self._columns.items()})

    def keys(self, paths: Sequence[str]) -> NDArray[Any]:
        """The key of each path."""
        numbers = self._numbers(paths)
        return np.asarray(self._columns["key"][numbers])

    def _numbers(self, paths: Sequence[str]) -> NDArray[np.int64]:
        """The number of each path among those read so far; new ones are read."""
        numbers = np.fromiter(map(self._number.get, paths, repeat(-1)), np.int64, len(paths))
        if (new := np.flatnonzero(numbers < 0)).size or not self._columns:
            for place in new.tolist():
                numbers[place] = self._add(paths[place])
            self._columns = {name: np.empty(len(self._names), dtype=object) for name in ItemName._fields}
            for column, values in zip(self._columns.values(), zip(*self._names, strict=True), strict=False):
                column[:] = values
        return numbers

    def _add(self, path: str) -> int:
        if path not in self._number:
            self._number[path] = len(self._names)
            name = self._read(path)
            self._names.append(name._replace(person=self.owner_of.get(name.key, name.person)))
        return self._number[path]

    def _read(self, path: str) -> ItemName:
        plain = path.replace("\\", "/")
        stem, _, ending = plain.rpartition(".")
        modality = KIND_OF.get(ending.lower(), "")
        if not modality:
            stem = plain
        # Without an ending (keys of somebody's embeddings) the digits tell a clip from a picture.
        for kind, pattern in (("voice", VOICE), ("face", FACE)):
            if modality not in (kind, "") or not (match := pattern.search(stem)):
                continue
            said = match.groupdict()
            person = self.id_of.get(said["person"], said["person"])
            video, item = said["video"] or "", said["item"] or said["still"]
            key = f"{kind}:{person}/{video}/{item}" if video else f"{kind}:{person}/{item}"
            return ItemName(key, person, video, modality or kind)
        return ItemName(plain, "", "", modality)
