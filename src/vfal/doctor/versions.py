"""Checks of Python, of installed packages against their pins, and of telemetry."""

import configparser
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version

from vfal.core.switches import SWITCHES
from vfal.doctor.finding import Finding, Visit, no, ok, warn

PIN = re.compile(r"^([\w.-]+)==([^\s;#]+)", re.MULTILINE)
NAME = re.compile(r"[\w.-]+")
HELD_BACK = {"fastapi": "0.151", "sqlalchemy": "2.1"}  # Prefect 3.8.8 breaks from these on
SHOWN = ("torch", "dvc", "mlflow", "prefect", "optuna", *HELD_BACK)
MOST_NAMED = 6
SETUP = "Run `make setup`, which installs what constraints.txt names."
# DVC_NO_ANALYTICS works by being set to anything; a project may say the same in .dvc/config.
IN_DVC_CONFIG = ("analytics", "check_update")


def python(visit: Visit) -> list[Finding]:
    """The interpreter."""
    return ok(platform.python_version())


def pins(visit: Visit) -> list[Finding]:
    """Installed versions against constraints.txt, and the two that scheduling depends on."""
    findings = []
    for name, limit in HELD_BACK.items():
        found = _installed(name)
        if found and _numbers(found) >= _numbers(limit):
            findings += no(f"{name} {found}; Prefect 3.8.8 needs one below {limit}", SETUP)
    if missing := sorted(name for name in _needed() if _installed(name) is None):
        findings += no(f"not installed: {', '.join(missing)}", SETUP)
    path = visit.folder / "constraints.txt"
    if not path.exists():
        return findings + warn("no constraints.txt here to compare with", "Run vfal in a checkout.")
    pinned = dict(PIN.findall(path.read_text(encoding="utf-8")))
    kept = {name: found for name in pinned if (found := _installed(name))}
    other = [
        f"{name} {found} (pinned {pinned[name]})"
        for name, found in kept.items()
        if _public(found) != _public(pinned[name])
    ]
    if other:
        more = f" and {len(other) - MOST_NAMED} more" if len(other) > MOST_NAMED else ""
        findings += warn(f"{', '.join(other[:MOST_NAMED])}{more}", SETUP)
    if findings:
        return findings
    return ok(f"{len(kept)} pins kept: " + ", ".join(f"{name} {_installed(name)}" for name in SHOWN))


def switches(visit: Visit) -> list[Finding]:
    """Telemetry and update checks of other tools."""
    findings = []
    for name, wanted in SWITCHES.items():
        found = os.environ.get(name, wanted)
        if found != wanted and name != "DVC_NO_ANALYTICS":
            findings += warn(f"{name}={found} in your environment", f"Unset it, or set it to {wanted}.")
    config = configparser.ConfigParser()
    try:
        config.read([visit.folder / ".dvc" / name for name in ("config", "config.local")])
    except configparser.Error as error:
        return [*findings, *no(f".dvc/config cannot be read ({error})", "Take it from git again.")]
    for key in IN_DVC_CONFIG:
        if config.get("core", key, fallback="true").lower() != "false":
            findings += warn(f".dvc/config: core.{key} is on", f"dvc config core.{key} false")
    return findings or ok("off in MLflow, Prefect and DVC")


def _needed() -> set[str]:
    """What vfal itself asks for; nothing where it is not installed but only on the path."""
    try:
        asked = requires("vfal") or []
    except PackageNotFoundError:
        return set()
    return {found[0] for one in asked if "extra ==" not in one and (found := NAME.match(one))}


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _public(found: str) -> str:
    return found.partition("+")[0]  # 2.11.0+cu130 is 2.11.0


def _numbers(found: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", found)[:2]]
