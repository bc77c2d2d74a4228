"""Lists as lines of text: decompressed, decoded, with errors that name the file and the row."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vfal.core.errors import DataError

BOM = b"\xef\xbb\xbf"
SEPARATORS = {" ": "space", "\t": "tab", ",": "comma", ";": "semicolon"}


@dataclass(frozen=True)
class Text:
    """A file's bytes (unpacked) and lines; `bom` and `crlf` say how it was written."""

    path: Path
    raw: bytes
    bom: bool
    crlf: bool
    lines: list[str]

    @property
    def name(self) -> str:
        """The file's name without .gz."""
        return self.path.name.removesuffix(".gz")

    @cached_property
    def sha256(self) -> str:
        """Of the unpacked bytes."""
        return hashlib.sha256(self.raw).hexdigest()

    @cached_property
    def git_blob(self) -> str:
        """What `git hash-object` says of the unpacked bytes."""
        return hashlib.sha1(b"blob %d\0" % len(self.raw) + self.raw, usedforsecurity=False).hexdigest()


def read_bytes(path: Path) -> bytes:
    """A file's bytes, unpacked when it is gzip; a missing or damaged one is a `DataError`."""
    try:
        told = path.stat()
        return _unpacked(path, told.st_mtime_ns, told.st_size)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file.") from None
    except IsADirectoryError:
        raise DataError(f"{path}: a folder, expected a file.") from None


@lru_cache(maxsize=2)  # a list is looked at, read and identified one after the other
def _unpacked(path: Path, _mtime_ns: int, _size: int) -> bytes:
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            return gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path}: damaged gzip file ({error}).") from None
    return raw


def read_lines(path: Path) -> Text:
    """The lines of a text file, without line ends. BOM and CRLF are taken off and remembered."""
    raw = read_bytes(path)
    bom = raw.startswith(BOM)
    body = raw.removeprefix(BOM)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        row = body[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, row {row}: not UTF-8 text ({error.reason}).") from None
    if not text.strip():
        raise DataError(f"{path}: empty.")
    crlf = "\r\n" in text
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    return Text(path, raw, bom, crlf, lines)


def columns_of(text: Text, separator: str, width: int | tuple[int, ...], *, skip: int = 0) -> NDArray[Any]:
    """The cells (T, K) of rows after the first `skip`; every row has the same number of columns.

    `width` is the number of columns there must be, or those there may be. Raises `DataError` that names
    the first row that differs.
    """
    lines = text.lines[skip:]
    if not lines:
        raise DataError(f"{text.path}: no rows, expected at least one.")
    widths = (width,) if isinstance(width, int) else width
    counts = _counts("\n".join(lines).encode(), separator)
    first = int(counts[0]) if int(counts[0]) in widths else widths[0]
    wrong = np.flatnonzero(counts != first)
    if wrong.size:
        row = int(wrong[0])
        raise DataError(
            f"{text.path}, row {row + 1 + skip}: {counts[row]} columns separated by {SEPARATORS[separator]}, "
            f"expected {first}{_other_separator(lines[row], separator, first)}: {lines[row][:200]!r}. "
            f"{wrong.size} of {len(lines)} rows differ."
        )
    cells = np.array(separator.join(lines).split(separator), dtype=object).reshape(len(lines), first)
    empty = np.argwhere(cells == "")
    if len(empty):
        row, column = empty[0].tolist()
        raise DataError(f"{text.path}, row {row + 1 + skip}: column {column + 1} is empty: {lines[row]!r}.")
    return cells


def _counts(body: bytes, separator: str) -> NDArray[np.int64]:
    """The number of columns of each line."""
    symbols = np.frombuffer(body, dtype=np.uint8)
    ends = np.append(np.flatnonzero(symbols == ord("\n")), len(symbols))
    places = np.flatnonzero(symbols == ord(separator))
    return np.asarray(np.diff(np.searchsorted(places, ends), prepend=0) + 1)


def _other_separator(line: str, separator: str, width: int) -> str:
    for other, name in SEPARATORS.items():
        if other != separator and line.count(other) + 1 == width:
            return f" (this row is separated by {name})"
    return ""
