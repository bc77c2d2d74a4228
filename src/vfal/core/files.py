"""Writing files so that nothing half-written is ever taken for whole, and reading what was written."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vfal.core.errors import DataError, MachineError, VfalError
from vfal.core.ranks import leading

FULL_BELOW_BYTES = 1 << 16


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; on success it is flushed and renamed to `path`.

    If the block raises, the temporary file is removed and `path` keeps what it had. A full disk or a
    folder that cannot be written becomes a `MachineError` naming the file. Of several processes that
    train together only the leading one writes; what the others hand over is dropped.
    """
    if not leading():
        with TemporaryDirectory() as nowhere:
            yield Path(nowhere) / path.name
        return
    partial = path.with_name(f".{path.name}.partial-{os.uname().nodename}-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with partial.open("rb") as handle:
            os.fsync(handle.fileno())
        partial.replace(path)
    except Exception as error:
        # numpy, torch and safetensors each report a full disk by an error of their own, without a number.
        if (ours := machine_error(error, path)) is None:
            raise
        raise ours from error
    finally:
        # Unlinking in a folder that cannot be read is part of the failure already being reported.
        if os.access(path.parent, os.W_OK):
            partial.unlink(missing_ok=True)


def machine_error(error: Exception, path: Path | str) -> MachineError | None:
    """The `MachineError` behind an error that came up while writing `path`; None when it is another one."""
    if isinstance(error, VfalError):
        return None
    number = error.errno if isinstance(error, OSError) else None
    told = number is None and os.strerror(errno.ENOSPC) in str(error)  # safetensors
    full = number is None and _disk_is_full(Path(path).parent)  # numpy, torch
    if number in (errno.ENOSPC, errno.EDQUOT) or told or full:
        return MachineError(
            f"{path}: the disk is full. Free some space and run again; nothing was half-written."
        )
    if number in (errno.EACCES, errno.EROFS, errno.EPERM):
        reason = os.strerror(number)
        return MachineError(f"{path}: no access ({reason}). Make it and its folder writable and run again.")
    return None


def _disk_is_full(folder: Path) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free < FULL_BELOW_BYTES


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's bytes whole or not at all."""
    if leading():  # the leading process may have removed `source` by the time another comes here
        with whole_file(target) as partial:
            shutil.copyfile(source, partial)


def write_json(path: Path, value: Any) -> None:
    """Write json with sorted keys, so that equal values are equal bytes; NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read json; a missing or damaged file is a `DataError` naming it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{path}: no such file. Run the stage that makes it (`vfal doctor` names it)."
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a json file ({error}). Delete it and run its stage again.") from error


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
