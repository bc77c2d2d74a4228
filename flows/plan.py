"""prefect.yaml, checked before anything is deployed."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from vfal.core.config.params import read_raw
from vfal.core.errors import ConfigError
from vfal.core.shelf import nearest

PLAN = Path("prefect.yaml")
POOL = "training"


@dataclass(frozen=True)
class Deployment:
    """A deployment that prefect.yaml asks for: `flow/name`, and the crons that start it by themselves."""

    name: str
    crons: tuple[str, ...]


def read_plan(path: Path = PLAN) -> list[Deployment]:
    """The deployments of prefect.yaml; a `ConfigError` that names the first one that cannot work."""
    asked = read_raw(path).get("deployments")
    if not isinstance(asked, list) or not asked:
        raise ConfigError(f"{path}: expected a list `deployments`, found {asked!r}.")
    return [_checked(place, raw, path) for place, raw in enumerate(asked, start=1)]


def _checked(place: int, raw: Any, path: Path) -> Deployment:
    if not isinstance(raw, Mapping) or not {"name", "entrypoint"} <= set(raw):
        raise ConfigError(f"{path}, deployment {place}: expected `name` and `entrypoint`, found {raw!r}.")
    flow = _flow(str(raw["entrypoint"]), f"{path}, deployment '{raw['name']}'")
    name = f"{flow.name}/{raw['name']}"
    where = f"{path}, deployment '{name}'"
    pool = (raw.get("work_pool") or {}).get("name")
    if pool != POOL:
        raise ConfigError(
            f"{where}: work_pool.name is {pool!r}, expected '{POOL}', where one run goes at a time."
        )
    _check_parameters(flow, raw.get("parameters") or {}, where)
    schedules = raw.get("schedules") or []
    for schedule in schedules:
        _check_schedule(schedule, flow, where)
    return Deployment(
        name, tuple(one["cron"] for one in schedules if one.get("active", True) and "cron" in one)
    )


def _flow(entrypoint: str, where: str) -> Any:
    """The flow of `flows/<file>.py:<name>`."""
    from prefect import Flow

    file, _, name = entrypoint.partition(":")
    if not Path(file).exists():
        raise ConfigError(f"{where}: entrypoint {entrypoint}: there is no file {file}.")
    found = getattr(import_module(file.removesuffix(".py").replace("/", ".")), name, None)
    if not isinstance(found, Flow):
        raise ConfigError(f"{where}: entrypoint {entrypoint}: {file} has no flow '{name}'.")
    return found


def _check_parameters(flow: Any, parameters: Mapping[str, Any], where: str) -> None:
    from prefect.exceptions import ParameterTypeError

    known = list(flow.parameters.properties)
    for name in parameters:
        if name not in known:
            raise ConfigError(f"{where}: flow {flow.name} has no parameter '{name}'. {nearest(name, known)}")
    try:
        flow.validate_parameters(dict(parameters))
    except ParameterTypeError as error:
        raise ConfigError(f"{where}: {' '.join(str(error).split())}") from None


def _check_schedule(schedule: Any, flow: Any, where: str) -> None:
    from prefect.client.schemas.schedules import CronSchedule
    from pydantic import ValidationError

    if not isinstance(schedule, Mapping) or not {"cron", "interval", "rrule"} & set(schedule):
        raise ConfigError(f"{where}: a schedule needs a `cron`, found {schedule!r}.")
    _check_parameters(flow, schedule.get("parameters") or {}, where)
    if "cron" in schedule:
        given = {key: schedule[key] for key in ("cron", "timezone", "day_or") if key in schedule}
        try:
            CronSchedule(**given)
        except ValidationError as error:
            told = error.errors()[0]
            reason = told["msg"].removeprefix("Value error, ")
            raise ConfigError(
                f"{where}: schedule {told['loc'][-1]} {told['input']!r}: {reason}. "
                "A cron has five fields, `minute hour day month weekday`, as in '0 2 * * *'."
            ) from None
