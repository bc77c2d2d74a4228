"""Lock files that were cut short: dvc writes them in place, and a kill in that moment leaves half of one."""

import re
import time
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from vfal.core.files import write_text
from vfal.tracking.provenance import locks

STILL_S = 5.0  # a half file that nobody has written to for so long is nobody's work in progress
LOOK_S = 0.5
_ENTRY = re.compile(r"(?m)^  \S.*:$")


def mend_locks(folder: Path) -> list[str]:
    """Cut what is not whole from the lock files of `folder`, and say which; stages that are whole stay.

    The others are stale then, and dvc brings them back from its run cache if they had come to their end.
    Without this every dvc command ends with a complaint about the file.
    """
    said = []
    for path in locks(folder):
        while path.exists() and not _whole(text := path.read_text(encoding="utf-8")):
            if time.time() - path.stat().st_mtime < STILL_S:
                time.sleep(LOOK_S)
                continue
            kept = _mended(text)
            if kept:
                write_text(path, kept)
            else:
                path.unlink()
            stages = len(_ENTRY.findall(kept))
            lock = path.relative_to(folder)
            said.append(f"{lock}: dvc was killed while it wrote this file; {stages} of its stages are whole.")
    return said


def _whole(text: str) -> bool:
    try:
        stages = YAML(typ="safe").load(text)["stages"]
        return text.endswith("\n") and all("cmd" in entry for entry in stages.values())
    except (YAMLError, TypeError, KeyError, AttributeError):
        return False


def _mended(text: str) -> str:
    """Without the last entry, and those before it until the rest is whole; nothing when none is."""
    places = [found.start() for found in _ENTRY.finditer(text)]
    while places[1:]:
        if _whole(kept := text[: places.pop()]):
            return kept
    return ""
