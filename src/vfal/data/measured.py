"""Headers and hashes of a corpus's files, remembered from one look to the next.

A file of the same path, size and time of change is taken for the same file, as DVC takes it. Looking at a
corpus again then costs a look at its folders: 300,000 files in seconds instead of an hour of reading.
What was measured is written down every few thousand files, so a look that was cut short goes on there.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from vfal.core.paths import state_folder
from vfal.core.workers import spread
from vfal.data import probe

WORTH = 2_000  # files; reading a header and hashing takes a fraction of a millisecond
AT_ONCE = 5_000  # rows asked for, or written, at a stretch
Measures = dict[str, object]


class Measured:
    """What was found out about files; `keep` forgets the files that were not looked at."""

    def __init__(self, place: Path | None = None) -> None:
        """`place` is where to remember; None measures every file anew."""
        if place is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
        self._rows = sqlite3.connect(place or ":memory:")
        self._rows.execute("PRAGMA secure_delete = ON")  # nothing stays of people who withdrew
        self._rows.execute(
            "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INT, changed INT, measures TEXT)"
        )
        self._rows.execute("CREATE TEMP TABLE looked_at (path TEXT PRIMARY KEY)")

    @classmethod
    def of(cls, root: Path) -> "Measured":
        """The memory of the corpus at `root`; other probes than those that measured remember nothing."""
        source = Path(probe.__file__).read_bytes()
        name = sha256(root.as_posix().encode() + b"\0" + source).hexdigest()[:16]
        return cls(state_folder() / "measured" / f"{name}.sqlite")

    def look(
        self, files: Sequence[Path], probe: Callable[[Path], Measures], *, workers: int, title: str
    ) -> Iterator[Measures]:
        """What `probe` says of each file, in the order of `files`; probed only when it is new."""
        self._rows.executemany("INSERT OR IGNORE INTO looked_at VALUES (?)", ((str(path),) for path in files))
        new, marks = [], []
        for part in _parts(files):
            known = self._known(part, "size, changed")
            for path in part:
                status = path.stat()
                mark = (status.st_size, status.st_mtime_ns)
                if known.get(str(path)) != mark:
                    new.append(path)
                    marks.append(mark)
        found = spread(probe, new, workers=workers, title=title, worth=WORTH)
        try:
            for number, (path, mark, measures) in enumerate(zip(new, marks, found, strict=True), start=1):
                row = (str(path), *mark, json.dumps(measures))
                self._rows.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", row)
                if number % AT_ONCE == 0:
                    self._rows.commit()
        finally:
            self._rows.commit()
        for part in _parts(files):
            known = self._known(part, "measures")
            for path in part:
                yield json.loads(str(known[str(path)][0]))

    def _known(self, files: Sequence[Path], columns: str) -> dict[str, tuple[object, ...]]:
        asked = ", ".join("?" * len(files))
        rows = self._rows.execute(
            f"SELECT path, {columns} FROM files WHERE path IN ({asked})",  # noqa: S608  our own words
            [str(path) for path in files],
        )
        return {path: tuple(values) for path, *values in rows}

    def keep(self) -> None:
        """Remember the files looked at, and no others."""
        self._rows.execute("DELETE FROM files WHERE path NOT IN (SELECT path FROM looked_at)")
        self._rows.commit()
        self._rows.close()


def _parts(files: Sequence[Path]) -> Iterator[Sequence[Path]]:
    for start in range(0, len(files), AT_ONCE):
        yield files[start : start + AT_ONCE]
