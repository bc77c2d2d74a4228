"""Checks of locks: who works here now, and what dead processes left of DVC's."""

import fcntl
import json
from pathlib import Path
from typing import Any

from vfal.core.files import write_text
from vfal.doctor.finding import Finding, Visit, is_alive, no, ok, warn


def held(visit: Visit) -> list[Finding]:
    """Locks of ours that a process holds. The kernel frees them when their holder dies, so none is stale."""
    findings = []
    for path in sorted((visit.state / "locks").glob("*.lock")):
        if _is_held(path):
            holder = path.read_text(encoding="utf-8").strip() or "another process"
            findings += warn(f"{path.stem}: {holder} is at work", "Wait for it to end, or stop it.")
    return findings or ok("none held")


def dvc(visit: Visit) -> list[Finding]:
    """DVC's repository, and its record of who reads and writes what."""
    home = visit.folder / ".dvc"
    if not home.is_dir():
        return no("no .dvc folder; this is not a checkout of the project", "Run vfal in one.")
    if _is_held(home / "tmp" / "lock"):
        return warn("dvc is at work here", "Wait for it to end.")
    record = home / "tmp" / "rwlock"
    if not record.exists():
        return ok("repository found, no locks")
    try:
        entries = json.loads(record.read_text(encoding="utf-8") or "{}")
        dead, alive = _sorted_out(entries)
    except (ValueError, AttributeError, KeyError, TypeError):
        return _unreadable(record, visit)
    findings = [
        found
        for pid, what in sorted(alive.items())
        for found in warn(f"process {pid} works on {what}", "Wait for it to end.")
    ]
    if dead:
        named = ", ".join(f"process {pid} ({what})" for pid, what in sorted(dead.items()))
        if visit.fix:
            write_text(record, json.dumps(_without(entries, set(dead))))
            findings.append(Finding("done", f"DVC's locks of the dead dropped: {named}"))
        else:
            todo = "DVC drops them at its next run; so does `vfal doctor --fix`."
            findings += warn(f"locks left by the dead: {named}", todo)
    return findings or ok("repository found, no locks")


def _is_held(path: Path) -> bool:
    """Whether a process holds an flock on a file; asking takes a shared one for an instant."""
    try:
        with path.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _unreadable(record: Path, visit: Visit) -> list[Finding]:
    if not visit.fix:
        return no(f"{visit.shown(record)}: damaged; dvc stops at it", "`vfal doctor --fix` removes it.")
    record.unlink()
    return [Finding("done", f"{visit.shown(record)}: damaged, removed; nobody is at work here")]


def _sorted_out(entries: dict[str, Any]) -> tuple[dict[int, str], dict[int, str]]:
    """The processes in DVC's record, dead and alive, each with a path it works on."""
    dead: dict[int, str] = {}
    alive: dict[int, str] = {}
    for kind in ("write", "read"):
        for path, holders in entries.get(kind, {}).items():
            for holder in holders if isinstance(holders, list) else [holders]:
                pid = int(holder["pid"])
                (alive if is_alive(pid) else dead)[pid] = Path(path).name
    return dead, alive


def _without(entries: dict[str, Any], dead: set[int]) -> dict[str, Any]:
    writers = {path: one for path, one in entries.get("write", {}).items() if one["pid"] not in dead}
    readers = {
        path: kept
        for path, holders in entries.get("read", {}).items()
        if (kept := [one for one in holders if one["pid"] not in dead])
    }
    return {"write": writers, "read": readers}
