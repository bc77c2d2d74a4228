"""Checks of what should start by itself: prefect.yaml, the deployments of a server, and dead runs.

Prefect itself is not imported: its server is asked over HTTP, and flows/zombies.py in a process of its own.
"""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vfal.core.config.params import read_raw
from vfal.core.errors import ConfigError, DataError
from vfal.core.files import read_json
from vfal.doctor.finding import Finding, Visit, no, ok, warn

PLAN = "prefect.yaml"
ANSWER_S = 3.0
ZOMBIES_S = 60
SERVE = "`make serve-flows` brings up server, worker and deployments."


@dataclass(frozen=True)
class Asked:
    """A deployment of prefect.yaml: its entrypoint and name, and the crons that are switched on."""

    entrypoint: str
    name: str
    crons: tuple[tuple[str, str], ...]  # (cron, time zone)

    @property
    def shown(self) -> str:
        """Flow and name, as in `prefect deployment run`."""
        return f"{self.entrypoint.rpartition(':')[2]}/{self.name}"


def schedules(visit: Visit) -> list[Finding]:
    """Crons that can be read, deployments that are there, and runs planned for each that has a cron."""
    if not (visit.folder / PLAN).exists():
        return ok(f"no {PLAN}: nothing starts by itself")
    try:
        asked = _asked(visit)
        coming = [f"{one.shown} next {_next(one)}" for one in asked if one.crons]
    except ConfigError as error:
        return no(str(error), "Correct it; `python -m flows.serve --check` tells more.")
    planned = f"{len(asked)} deployments; {', '.join(coming) or 'none has a schedule'}"
    url = server_of(visit)
    if url is None:
        todo = SERVE if coming else ""
        return (warn if coming else ok)(f"{planned}; no server is up", todo)
    try:
        deployed = _post(url, "deployments/filter", {})
        runs = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
        waiting = {run.get("deployment_id") for run in _post(url, "flow_runs/filter", runs)}
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return warn(f"{planned}; the server at {url} does not answer ({reason})", SERVE)
    return _compared(asked, deployed, waiting, url) or ok(f"{planned}; served at {url}")


def zombies(visit: Visit) -> list[Finding]:
    """Runs that a server takes for running and whose process is gone; they keep others from starting."""
    if server_of(visit) is None:
        return ok("no server is up")
    if not (visit.folder / "flows" / "zombies.py").exists():
        return ok("not looked for: no flows/zombies.py here")
    command = [sys.executable, "-m", "flows.zombies", "--json", *(["--fix"] if visit.fix else [])]
    try:
        done = subprocess.run(
            command, cwd=visit.folder, capture_output=True, text=True,
            timeout=ZOMBIES_S, check=False,
        )  # fmt: skip
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError) as error:
        return warn(f"not looked for ({error})", "Run `python -m flows.zombies`.")
    if found is None:
        said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        return warn(f"not looked for ({said})", "Run `python -m flows.zombies`.")
    if not found:
        return ok("every open run has its process")
    named = ", ".join(f"{one['name']} ({one['state']} since {one['since']})" for one in found)
    if visit.fix:
        return [Finding("done", f"closed as crashed: {named}")]
    return no(f"without a process: {named}", "`vfal doctor --fix` closes them.")


def server_of(visit: Visit) -> str | None:
    """The API of the server to ask: the environment's, or the one that serves this checkout."""
    if url := os.environ.get("PREFECT_API_URL"):
        return url
    try:
        return str(read_json(visit.state / "flows" / "server.json")["url"])
    except (DataError, KeyError, TypeError):
        return None


def _asked(visit: Visit) -> list[Asked]:
    listed = read_raw(visit.folder / PLAN).get("deployments")
    if not isinstance(listed, list):
        raise ConfigError(f"{PLAN}: expected a list `deployments`, found {listed!r}.")
    asked = []
    for raw in listed:
        try:
            on = [one for one in raw.get("schedules") or [] if one.get("active", True) and "cron" in one]
            crons = tuple((str(one["cron"]), str(one.get("timezone") or "UTC")) for one in on)
            asked.append(Asked(str(raw["entrypoint"]), str(raw["name"]), crons))
        except (AttributeError, KeyError, TypeError):
            raise ConfigError(f"{PLAN}: a deployment needs name and entrypoint; found {raw!r}.") from None
    return asked


def _next(one: Asked) -> str:
    """When the first of its crons comes next."""
    from cronsim import CronSim, CronSimError

    times = []
    for cron, zone in one.crons:
        try:
            times.append(next(CronSim(cron, datetime.now(ZoneInfo(zone)))))
        except (CronSimError, StopIteration) as error:
            told = str(error) or "it never comes"
            raise ConfigError(f"{PLAN}, {one.shown}: cron '{cron}': {told}.") from None
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigError(f"{PLAN}, {one.shown}: no time zone '{zone}'.") from None
    return min(times, key=lambda when: when.astimezone(UTC)).strftime("%a %d %b %H:%M %Z")


def _compared(
    asked: list[Asked], deployed: list[dict[str, Any]], waiting: set[str | None], url: str
) -> list[Finding]:
    """What prefect.yaml asks for and the server does not do."""
    there = {(one.get("entrypoint"), one.get("name")): one for one in deployed}
    absent = [one.shown for one in asked if (one.entrypoint, one.name) not in there]
    findings = warn(f"not deployed at {url}: {', '.join(absent)}", SERVE) if absent else []
    for one in asked:
        found = there.get((one.entrypoint, one.name))
        if found is None:
            continue
        if found.get("paused"):
            findings += warn(f"{one.shown} is paused", f"prefect deployment resume, or leave it so: {url}")
        elif one.crons and found["id"] not in waiting:
            todo = "Wait a minute after deploying; then see `versions` above (docs/decisions/0001-pins.md)."
            findings += no(f"{one.shown} has a cron and no run is planned", todo)
    return findings


def _post(url: str, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    request = urllib.request.Request(  # noqa: S310 (the address is the user's)
        f"{url.rstrip('/')}/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:  # noqa: S310
        found: list[dict[str, Any]] = json.load(answer)
        return found
