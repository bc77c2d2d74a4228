"""All checks, one after the other, as a table."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from vfal.core.errors import ConfigError, VfalError
from vfal.doctor import leftovers, locks, machine, schedules, stores, versions
from vfal.doctor.feasible import refuse_what_cannot_work
from vfal.doctor.finding import Finding, Level, Visit, ok

STYLES: dict[Level, str] = {"ok": "green", "warn": "yellow", "no": "bold red", "done": "bold green"}


def examine(folder: Path, *, fix: bool = False) -> int:
    """Print what every check finds; 1 when something fails, 0 otherwise. `fix` repairs what is safe to."""
    visit = Visit(folder.absolute(), fix)
    table = Table("check", "", Column("found", overflow="fold"), Column("what to do", overflow="fold"))
    failed = False
    for name, check in CHECKS.items():
        for finding in _found(check, visit):
            failed |= finding.level == "no"
            level = Text(finding.level, STYLES[finding.level])
            table.add_row(name, level, Text(finding.found), Text(finding.todo))
    Console(highlight=False).print(table)
    return int(failed)


def _found(check: Callable[[Visit], list[Finding]], visit: Visit) -> list[Finding]:
    try:
        return check(visit)
    except ConfigError as error:
        if check is params:
            return [Finding("no", str(error))]
        return [Finding("warn", "not looked at", "Correct params.yaml first.")]
    except VfalError as error:
        return [Finding("no", str(error))]
    except OSError as error:
        return [Finding("no", str(error), "Make it readable, or find out why it is not.")]


def params(visit: Visit) -> list[Finding]:
    """params.yaml, and whether this checkout and machine can do what it asks for."""
    found = visit.params
    refuse_what_cannot_work(found, visit.folder)
    people = found.prepare.identities.total
    return ok(f"{len(type(found).model_fields)} blocks, {people} identities, seeds {found.seeds}")


# torch takes longer to import than everything else to check, so it comes last.
CHECKS: dict[str, Callable[[Visit], list[Finding]]] = {
    "python": versions.python,
    "params.yaml": params,
    "versions": versions.pins,
    "telemetry": versions.switches,
    "disk": machine.disk,
    "git": stores.git,
    "dvc": locks.dvc,
    "dvc remotes": stores.remotes,
    "locks": locks.held,
    "tracking": stores.tracking,
    "databases": stores.databases,
    "schedules": schedules.schedules,
    "flow runs": schedules.zombies,
    "checkpoints": leftovers.checkpoints,
    "unfinished work": leftovers.unfinished,
    "temporary files": leftovers.temporary_files,
    "worktrees": leftovers.worktrees,
    "device": machine.device,
}
