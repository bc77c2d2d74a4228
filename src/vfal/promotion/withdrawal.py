"""`vfal forget`: somebody withdraws; which models were made with them, and what to do about each."""

import datetime
import difflib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from vfal.core.config.params import Params
from vfal.core.errors import ConfigError, MachineError
from vfal.core.paths import RAW, WITHDRAWN
from vfal.core.tables import read_table
from vfal.data.people_lists import read_withdrawn, write_list
from vfal.promotion.trials import SEEN
from vfal.tracking.aliases import CHAMPION, open_aliases


@dataclass(frozen=True)
class Holding:
    """A model version that knows a person: the split they were in, and what to do."""

    version: str
    run_id: str
    aliases: tuple[str, ...]
    split: str
    todo: str


def forget(params: Params, who: str, reason: str) -> tuple[str, bool, list[Holding]]:
    """Write a person into withdrawn.csv; their identity, whether they are new there, and who holds them.

    `who` is an identity or the name of its faces. One whom neither corpus nor a model knows is a
    `ConfigError` with the nearest known. The list is written before MLflow is asked: an MLflow that does
    not answer is a `MachineError` that says so.
    """
    people = _people_on_disk()
    try:
        known = _people_of_models(params)
    except MachineError as error:
        identity, added = _withdraw(who, reason, people, set())
        raise MachineError(
            f"{identity} is in {WITHDRAWN}, and absent from the next retraining. Which models know them "
            f"cannot be said now: {error}"
        ) from None
    identity, added = _withdraw(who, reason, people, {name for table in known.values() for name in table})
    holdings = [
        Holding(number, run_id, aliases, table[identity], _todo(aliases, table[identity]))
        for (number, run_id, aliases), table in known.items()
        if identity in table
    ]
    return identity, added, holdings


def print_holdings(identity: str, added: bool, holdings: list[Holding]) -> None:
    """What `forget` found, as a table, and what it cannot do by itself."""
    console = Console(soft_wrap=True, highlight=False)
    state = "is withdrawn" if added else "was withdrawn before"
    console.print(f"{identity} {state} ({WITHDRAWN}): absent from the next `collect` on.")
    if not holdings:
        console.print("No registered model was made with them.")
        return
    table = Table("version", "aliases", "split", "run", "what to do")
    for one in holdings:
        table.add_row(one.version, ", ".join(one.aliases), one.split, one.run_id, one.todo)
    console.print(table)
    console.print("Copies stay in DVC's cache until, after the retraining, `dvc gc --workspace` clears it.")


def _people_of_models(params: Params) -> dict[tuple[str, str, tuple[str, ...]], dict[str, str]]:
    """(version, run, aliases) and the split of everybody it was made with."""
    found = {}
    with (
        open_aliases(params.tracking, Path.cwd()) as aliases,
        tempfile.TemporaryDirectory(prefix="vfal-people-") as temporary,
    ):
        for version in aliases.versions():
            table = aliases.people(version, Path(temporary) / version.number)
            key = (version.number, version.run_id, version.aliases)
            found[key] = dict(zip(table["identity"], table["split"], strict=True))
    return found


def _people_on_disk() -> pd.DataFrame:
    path = RAW / "identities.parquet"
    if not path.exists():
        return pd.DataFrame(columns=["identity", "name"], dtype="str")
    return read_table(path, ["identity", "name"])[["identity", "name"]]


def _withdraw(who: str, reason: str, people: pd.DataFrame, others: set[str]) -> tuple[str, bool]:
    """The identity meant, and whether it is new in withdrawn.csv, where it stands afterwards."""
    listed = read_withdrawn(WITHDRAWN)
    identity = dict(zip(people["name"], people["identity"], strict=True)).get(who, who)
    if identity in set(listed["identity"]):
        return identity, False
    known = {*people["identity"], *others}
    if identity not in known:
        close = difflib.get_close_matches(who, sorted({*known, *people["name"]}), n=1, cutoff=0)
        hint = f"Did you mean '{close[0]}'?" if close else "Run `vfal repro` first."
        raise ConfigError(f"identity '{who}': unknown to the corpus and to every model. {hint}")
    row = {"identity": identity, "date": datetime.date.today().isoformat(), "reason": reason}
    write_list(WITHDRAWN, pd.concat([listed, pd.DataFrame([row])], ignore_index=True))
    return identity, True


def _todo(aliases: tuple[str, ...], split: str) -> str:
    if split not in SEEN:
        return "nothing: the model has not learned from them"
    if CHAMPION in aliases:
        return "retrain: python -m flows.retrain"
    return "delete the version" if not aliases else "delete the version when its alias has moved on"
