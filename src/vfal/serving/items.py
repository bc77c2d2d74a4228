"""One item of a request, as text: the bytes of a file in base64, or `file:` and a path."""

import base64
import binascii
import os
from pathlib import Path

from vfal.core.config.serve import Serve
from vfal.core.errors import DataError
from vfal.core.types import Modality
from vfal.serving.media import refuse_size

FILE = "file:"
ROOT = "VFAL_MEDIA_ROOT"
LONGEST_SHOWN = 200  # letters of a path, in a message


def media_root() -> Path | None:
    """The folder that `file:` items may come from, as the server's environment says; None: from nowhere."""
    found = os.environ.get(ROOT, "")
    return Path(found) if found else None


def item_bytes(text: str, modality: Modality, place: str, limits: Serve, root: Path | None) -> bytes:
    """The file that an item stands for; a `DataError` that begins with `place` when there is none."""
    if text.startswith(FILE):
        return _read(text.removeprefix(FILE), modality, place, limits, root)
    packed = "".join(text.split())  # `base64` breaks its lines
    refuse_size(len(packed) * 3 // 4 - packed[-2:].count("="), modality, place, limits)
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(f"{place}: neither base64 ({error}) nor a path that begins with '{FILE}'.") from None


def _read(name: str, modality: Modality, place: str, limits: Serve, root: Path | None) -> bytes:
    shown = f"'{FILE}{name}'" if len(name) <= LONGEST_SHOWN else f"'{FILE}{name[:LONGEST_SHOWN]}...'"
    if root is None:
        raise DataError(
            f"{place}: {shown} is a path, and {ROOT} is not set on the server. Send the file in base64."
        )
    try:
        home = root.resolve(strict=True)
        path = (home / name).resolve()
        if not path.is_relative_to(home):
            raise DataError(f"{place}: {shown} leads out of the folder that the server may read.")
        if not path.is_file():
            raise DataError(f"{place}: {shown}: no such file in the folder that the server may read.")
        refuse_size(path.stat().st_size, modality, place, limits)
        return path.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:  # no access, a NUL in the name, links in a circle
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{place}: {shown} cannot be read ({reason}).") from None
