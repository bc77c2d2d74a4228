"""A study in the terminal."""

from collections.abc import Mapping
from typing import Any

import optuna
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_study(
    console: Console, described: Mapping[str, Any], summary: Mapping[str, Any], diff: str
) -> None:
    """One row per trial, the best one marked; then the gain over params.yaml and the proposed change."""
    names = {name: keys[0] for name, keys in described["space"].items()}
    table = Table("trial", "state", "accuracy", *names, "s", "", title=f"study {described['study']}")
    for trial in described["trials"]:
        marks = [name for name in ("best", "defaults") if described[name] == trial["number"]]
        value = "" if trial["value"] is None else f"{trial['value']:.4f}"
        held = [str(trial["values"].get(key, "")) for key in names.values()]
        seconds = "" if trial["seconds"] is None else f"{trial['seconds']:.0f}"
        told = ", ".join(marks) or _short(trial)
        style = "bold" if "best" in marks else "dim" if trial["value"] is None else ""
        table.add_row(str(trial["number"]), trial["state"], value, *held, seconds, Text(told), style=style)
    console.print(table)
    if summary["gain"] is not None:
        console.print(
            f"Best: trial {summary['best_trial']}, {summary['best_value']:.4f} on validation identities; "
            f"params.yaml as it was: {summary['default_value']:.4f} ({summary['gain']:+.4f})."
        )
    if summary["values"] is not None:
        console.print(Text(f"\n{diff}") if diff else "params.yaml holds these values already.")
        if diff:
            console.print("`vfal tune --apply` writes this into params.yaml.")


def best_value(study: optuna.Study) -> str:
    """The largest value so far, for the progress bar."""
    try:
        return f"{study.best_value:.4f}"
    except ValueError:
        return "none yet"


def _short(trial: Mapping[str, Any]) -> str:
    if trial["retry_of"] is not None and not trial["reason"]:
        return f"again, after {trial['retry_of']}"
    reason: str = trial["reason"]
    return reason if len(reason) <= 60 else f"{reason[:57]}..."
