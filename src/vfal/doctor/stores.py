"""Checks of what keeps results: MLflow, sqlite files, DVC's remotes and git."""

import configparser
import importlib.util
import os
import sqlite3
import subprocess
from pathlib import Path

from vfal.doctor.finding import Finding, Visit, no, ok, warn
from vfal.tracking.address import resolve, why_silent

GIT_STATUS = ["git", "--no-optional-locks", "status", "--porcelain"]
CREDENTIALS = {  # by scheme of a remote: the package that speaks it, and where a key may come from
    "s3": ("dvc_s3", ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"), "~/.aws/credentials"),
    "gs": ("dvc_gs", ("GOOGLE_APPLICATION_CREDENTIALS",), "~/.config/gcloud"),
    "azure": ("dvc_azure", ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT"), "~/.azure"),
    "ssh": ("dvc_ssh", ("SSH_AUTH_SOCK",), "~/.ssh"),
}


def tracking(visit: Visit) -> list[Finding]:
    """Whether MLflow takes runs."""
    address = resolve(visit.params.tracking.uri, visit.folder)
    place = visit.shown(address.database) if address.database else address.shown
    if reason := why_silent(address):
        todo = "Training goes on without it, and `vfal sync` fills in what is missing. Correct tracking.uri?"
        return warn(f"{place}: {reason}", todo)
    fresh = address.database is not None and not address.database.exists()
    return ok(f"{place}{' (made by the first `vfal sync`)' if fresh else ' answers'}")


def databases(visit: Visit) -> list[Finding]:
    """The sqlite files of this checkout: MLflow's, Optuna's and Prefect's."""
    address = resolve(visit.params.tracking.uri, visit.folder)
    files = [address.database] if address.database else []
    for name in ("tuning", "prefect"):
        files += sorted((visit.state / name).glob("*.db"))
    findings, sound = [], []
    for path in files:
        if not path.exists():
            continue
        if reason := _why_unsound(path):
            findings += no(f"{visit.shown(path)}: {reason}", _advice(path, path == address.database))
        else:
            sound.append(path.name)
    return findings or ok(f"{', '.join(sound)} sound" if sound else "none yet")


def remotes(visit: Visit) -> list[Finding]:
    """Where `dvc push` would put data."""
    home = visit.folder / ".dvc"
    config = configparser.ConfigParser()
    config.read([home / "config", home / "config.local"])
    findings = []
    for section in config.sections():
        if section.strip("'\"").startswith("remote "):
            name = section.strip("'\"").removeprefix("remote ").strip('"')
            findings += _remote(name, config[section], home)
    return findings or ok("none: data and models are on this machine alone", "docs/operations.md, section 9")


def git(visit: Visit) -> list[Finding]:
    """Whether runs can be told apart by commit."""
    try:
        done = subprocess.run(GIT_STATUS, cwd=visit.folder, capture_output=True, text=True, check=False)
    except OSError as error:
        return warn(f"git: {error.strerror}", "Install git; runs are recorded with their commit.")
    if done.returncode:
        reason = done.stderr.strip().partition("\n")[0].removeprefix("fatal: ")
        return warn(reason, "Runs are recorded without a commit.")
    changed = [line[3:] for line in done.stdout.splitlines()]
    if changed:
        more = ", ..." if len(changed) > 3 else ""
        named = f"{', '.join(changed[:3])}{more}"
        return warn(f"{len(changed)} not committed: {named}", "Runs are recorded as of a changed checkout.")
    return ok("everything is committed")


def _why_unsound(path: Path) -> str:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        return "" if "locked" in str(error) else str(error)  # a database at work is not a damaged one
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else str(found).replace("\n", " ")


def _advice(path: Path, is_tracking: bool) -> str:
    if is_tracking:
        return f"Move {path.name} away; `vfal sync` writes what is on disk into a new one."
    return f"Move {path.name} away, or put a copy back; what only it knew is lost."


def _remote(name: str, section: configparser.SectionProxy, home: Path) -> list[Finding]:
    url = section.get("url", "")
    scheme = url.partition("://")[0] if "://" in url else ""
    if not scheme:
        place = home / url
        if place.is_dir():
            return ok(f"{name}: {url}")
        return warn(f"{name}: {url}: no such folder", "Mount or make it; `dvc push` would fill a new one.")
    if scheme not in CREDENTIALS:
        return ok(f"{name}: {url}")
    package, variables, place_of_keys = CREDENTIALS[scheme]
    if importlib.util.find_spec(package) is None:
        return no(f"{name}: {url}: {package} is not installed", f"pip install {package.replace('_', '-')}")
    keys = any(os.environ.get(variable) for variable in variables)
    if keys or Path(place_of_keys).expanduser().exists() or {"profile", "access_key_id"} & set(section):
        return ok(f"{name}: {url}; keys found, not tried")
    return warn(f"{name}: {url}: no keys found", f"Set {variables[0]}, or write {place_of_keys}.")
