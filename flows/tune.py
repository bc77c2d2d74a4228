"""The flow `tune`: more trials for the study of params.yaml, as `vfal tune` runs them.

Optuna keeps the trials, so a retried or repeated run goes on where the last one ended. Several runs at a
time share one study; on one machine they also share its cores.
"""

import contextlib
import os
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer
from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.logging import get_run_logger
from pydantic import Field

from flows.alive import hold_run
from flows.command import run_command
from flows.server import api, tool
from vfal.core.config.params import load_params
from vfal.core.death import dying_with_this_process
from vfal.core.errors import MachineError
from vfal.core.files import read_json
from vfal.core.paths import STUDIES
from vfal.dvc_stages import tool_environment

LAST_LINES = 3


@flow(name="tune", on_running=[hold_run], persist_result=False)
def tune(trials: Annotated[int, Field(ge=0)] = 0, apply: bool = False, folder: str = "") -> dict[str, Any]:
    """Run trials and show what they found; the summary of the study.

    Args:
        trials: how many to add; 0 completes the study to `tune.trials`.
        apply: write the winner into params.yaml, which the next `train` then runs.
        folder: the checkout; empty for the folder the flow is started in.
    """
    with contextlib.chdir(folder or "."):
        _vfal("tune", *(["--trials", str(trials)] if trials else []))
        if apply:
            _vfal("tune", "--apply")
        return _show(STUDIES / load_params().tune.study)


def _vfal(*arguments: str) -> None:
    """A `vfal` command that dies with this process, its lines in the log; its failure is a `MachineError`."""
    log, lines = get_run_logger(), []
    with subprocess.Popen(
        dying_with_this_process(tool("vfal", *arguments)),
        env=tool_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip())
                log.info("%s", line.rstrip())
            code = process.wait()
        except BaseException:  # a cancelled flow: nothing may go on behind its back
            process.kill()
            raise
    if code:
        raise MachineError(f"vfal {' '.join(arguments)}: exit code {code}. {' | '.join(lines[-LAST_LINES:])}")


def _show(record: Path) -> dict[str, Any]:
    """The trials as a table and the proposal as text, as artifacts of this run."""
    summary: dict[str, Any] = read_json(record / "summary.json")
    trials = [
        {"trial": trial["number"], "state": trial["state"], "accuracy": trial["value"], **trial["values"]}
        for trial in read_json(record / "study.json")["trials"]
    ]
    title = f"Study {record.name}, on validation identities"
    create_table_artifact(trials, key="tune-trials", description=title)
    diff = (record / "proposal.diff").read_text(encoding="utf-8")
    said = f"```diff\n{diff}```\n`vfal tune --apply` writes it." if diff else "params.yaml holds the winner."
    create_markdown_artifact(f"# {title}\n\n{said}\n", key="tune-proposal")
    return summary


def main(
    trials: Annotated[int, typer.Option(min=0, help="How many to add; 0: up to tune.trials in all.")] = 0,
    apply: Annotated[bool, typer.Option("--apply", help="Then write the winner to params.yaml.")] = False,
) -> None:
    """Run the flow here, with the Prefect server that is there or one of its own for the time."""
    with api(load_params().flows):
        tune(trials=trials, apply=apply)


if __name__ == "__main__":
    os.environ.pop("PREFECT__FLOW_RUN_ID", None)
    run_command(main)
