"""The files below a folder, and the tables that are made of them."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from vfal.core.errors import DataError
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS
from vfal.data.measured import Measured, Measures
from vfal.data.probe import probe_face, probe_voice
from vfal.dataset import Corpus

VOICE_ENDINGS = (".wav", ".flac", ".ogg", ".mp3", ".m4a")
FACE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
WHOLE_NUMBERS = ("sample_rate_hz", "width_px", "height_px")

Place = Mapping[str, str]
Owner = Callable[[tuple[str, ...]], Place | str | None]


@dataclass
class Tree:
    """Files below a folder in the order of their paths, and what was left aside, with reasons.

    A link that leads out of the folder is not followed unless `follow_links` says so: a corpus whose
    files are somewhere else is no longer the corpus that was looked at.
    """

    top: Path
    endings: tuple[str, ...]
    follow_links: bool = False
    files: list[Path] = field(default_factory=list)
    left_aside: list[tuple[Path, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Walk. Raises `DataError` when there is no such file at all."""
        self._inside = self.top.resolve()
        self._seen: set[Path] = set()
        self._walk(self.top)
        self.files.sort()
        if not self.files:
            raise DataError(f"{self.top}: holds no {', '.join(self.endings)} file; the corpus is empty.")

    def _walk(self, folder: Path) -> None:
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            return
        for entry in entries:
            path = Path(entry.path)
            wanted = path.suffix.lower() in self.endings
            if entry.is_symlink() and (reason := self._why_not(path)):
                if wanted or path.is_dir():
                    self.left_aside.append((path, reason))
            elif entry.is_dir():
                self._walk(path)
            elif wanted:
                self.files.append(path)

    def _why_not(self, link: Path) -> str:
        """Why a link is not followed; empty when it is."""
        target = link.resolve()
        inside = target.is_relative_to(self._inside)
        if not target.exists():
            return f"a link to {target}, which is not there"
        if not inside and not self.follow_links:
            return f"a link to {target}, outside the corpus (collect.follow_links is false)"
        if target.is_dir():
            if inside or target in self._seen or self._inside.is_relative_to(target):
                return f"a link to {target}, which is listed already"
            self._seen.add(target)
        return ""


def address(path: Path, root: Path) -> str:
    """A file's address from the corpus root; faces may lie elsewhere, then it climbs by `..`."""
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return Path(os.path.relpath(path, root)).as_posix()


@dataclass(frozen=True)
class Reading:
    """How the files of a corpus are looked at: its root, the memory, the processes, and who withdrew."""

    root: Path
    measured: Measured
    workers: int
    withdrawn: Collection[str] = ()


def clip_table(trees: Sequence[Tree], owner: Owner, reading: Reading) -> pd.DataFrame:
    """The table of recordings, as in `core/tables.py`.

    `owner` says of the parts of a path below its tree whose the file is (`identity`, `video` and other
    columns), or where such a file should lie instead, or None for a file of somebody the corpus is not
    about. Files of withdrawn people are not opened.
    """
    return _numbered(_table(trees, owner, reading, probe_voice, "list clips"), "clip", CLIP_COLUMNS)


def face_table(trees: Sequence[Tree], owner: Owner, reading: Reading) -> pd.DataFrame:
    """The table of pictures, as in `core/tables.py`."""
    return _numbered(_table(trees, owner, reading, probe_face, "list faces"), "face", FACE_COLUMNS)


def _table(
    trees: Sequence[Tree], owner: Owner, reading: Reading, probe: Callable[[Path], Measures], title: str
) -> pd.DataFrame:
    files, places = [], []
    for tree in trees:
        tree.left_aside = [
            (path, why) for path, why in tree.left_aside if not _withdrawn(path, tree, owner, reading)
        ]
        for path in tree.files:
            place = owner(path.relative_to(tree.top).parts)
            if isinstance(place, str):
                tree.left_aside.append((path, f"expected {tree.top.name}/{place}"))
            elif place is not None and place["identity"] not in reading.withdrawn:
                files.append(path)
                places.append({**place, "path": address(path, reading.root)})
    if not files:
        first = next((f" First: {path}: {why}." for tree in trees for path, why in tree.left_aside), "")
        raise DataError(f"{trees[0].top}: no file of it belongs to anybody of the corpus.{first}")
    measures = reading.measured.look(files, probe, workers=reading.workers, title=title)
    return pd.concat([pd.DataFrame(places), pd.DataFrame.from_records(list(measures))], axis=1)


def _withdrawn(path: Path, tree: Tree, owner: Owner, reading: Reading) -> bool:
    """Whether a file left aside is of somebody who withdrew: a report must not name them either."""
    parts = path.relative_to(tree.top).parts
    place = owner(parts)
    return bool({*parts, *(place.values() if isinstance(place, Mapping) else ())} & {*reading.withdrawn})


def _numbered(table: pd.DataFrame, number: str, columns: Sequence[str]) -> pd.DataFrame:
    more = [column for column in table.columns if column not in columns]
    table = table.sort_values(["identity", "path"], ignore_index=True)
    table.insert(0, number, range(len(table)))
    return table.astype({name: "Int64" for name in WHOLE_NUMBERS if name in table})[[*columns, *more]]


def first_folder(root: Path, names: Iterable[str], what: str) -> Path:
    """The first of some folders that is there; none of them is a `DataError`."""
    names = list(names)
    found = next((root / name for name in names if (root / name).is_dir()), None)
    if found is None:
        raise DataError(f"{root}: neither {' nor '.join(names)} is there; expected a folder of {what}.")
    return found


def left_aside(root: Path, *trees: Tree) -> tuple[tuple[str, str], ...]:
    """What the trees left aside, as addresses from the corpus root, with reasons."""
    return tuple((address(path, root), why) for tree in trees for path, why in sorted(tree.left_aside))


def joined(first: Corpus, second: Corpus) -> Corpus:
    """Two corpora as one, under the root of the first."""

    def table(name: str, number: str) -> pd.DataFrame:
        ours, theirs = getattr(first, name), getattr(second, name)
        moved = theirs.assign(path=[address(second.root / path, first.root) for path in theirs["path"]])
        both = pd.concat([ours, moved], ignore_index=True)
        return _numbered(both.drop(columns=number), number, list(ours))

    people = pd.concat([first.identities, second.identities], ignore_index=True)
    return Corpus(
        first.root,
        people.sort_values("identity", ignore_index=True),
        table("clips", "clip"),
        table("faces", "face"),
        left_aside=(
            *first.left_aside,
            *((address(second.root / path, first.root), why) for path, why in second.left_aside),
        ),
    )
