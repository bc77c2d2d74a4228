"""Scheduled retraining: new data in, a challenger trained beside everybody's work, the champion defended."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vfal.core.config.params import Params, load_params
from vfal.core.death import dying_with_this_process
from vfal.core.errors import MachineError, ValidationBreach
from vfal.core.files import read_json
from vfal.core.paths import REPORTS, VERDICT, state_folder
from vfal.dvc_stages import run_stage, stages_in_order, tool_environment
from vfal.promotion.origin import FIRST, JUDGED_BY, origin_of
from vfal.promotion.promoting import JUDGED, ORIGIN, OUTCOME, ROLLED_BACK, judged_digest
from vfal.promotion.records import Decision, newest, write_down
from vfal.promotion.worktree import environment_in, keep_splits, own_checkout, track_at
from vfal.tracking.aliases import CHAMPION, Aliases, Version, open_aliases

Result = TypeVar("Result")
Say = Callable[[str], None]
SHOWN = 5  # offenders of each broken rule


@dataclass(frozen=True)
class Steps:
    """How the steps of a retraining are run and told about: plainly here, as tasks in a flow."""

    def do(self, name: str, step: Callable[[], Result]) -> Result:
        """Run one step."""
        return step()

    def say(self, line: str) -> None:
        """Tell what happens."""
        print(line, flush=True)  # noqa: T201


def retrain(main: Path, *, revision: str = "HEAD", steps: Steps | None = None) -> Decision:
    """Retrain on today's data in a checkout of its own and let the champion be challenged.

    The outcome is unchanged, first, promoted or kept; a broken data rule is a `ValidationBreach` that
    names it, anything else that fails a `VfalError`. In both cases the champion stays.
    """
    steps = steps or Steps()
    with own_checkout(main, revision, steps.say) as folder:
        params = load_params(folder / "params.yaml")
        with open_aliases(params.tracking, main) as aliases:
            steps.do("prepare checkout", lambda: _equip(folder, params, aliases))
            _stage(FIRST, folder, steps, force=params.collect.dataset != "generated")
            if decision := _known(aliases, origin_of(folder), params):
                steps.say(decision.reason)
                return decision
        for name in stages_in_order(folder, [JUDGED_BY]):
            if name != FIRST:
                _stage(name, folder, steps)
        before = newest()
        steps.do("promote", lambda: _promote(folder, steps.say))
    decision = newest()
    if decision is None or decision == before:
        return Decision("unchanged", "The stages made the champion once more, to the byte.")
    return decision


def _equip(folder: Path, params: Params, aliases: Aliases) -> None:
    """Let the checkout report to the MLflow of the main one, and deal splits as the champion knew them."""
    track_at(folder, aliases.address.uri)
    champion = aliases.holder(CHAMPION)
    if champion is not None and params.promote.keep_splits:
        with tempfile.TemporaryDirectory(prefix="vfal-champion-") as temporary:
            keep_splits(folder, aliases.people(champion, Path(temporary)))


def _known(aliases: Aliases, origin: str, params: Params) -> Decision | None:
    """The decision not to train, when the model that would come out is the champion or has been judged."""
    champion = aliases.holder(CHAMPION)
    if champion is None:
        return None
    reason = ""
    if champion.tags.get(ORIGIN) == origin:
        reason = f"champion {champion.number} was made: data, parameters and code are the same"
    judged = judged_digest(origin, champion, params.promote)
    for version in aliases.versions():
        if not reason and version.tags.get(JUDGED) == judged:
            reason = f"version {version.number} was {_ended(version)} against champion {champion.number}"
    if not reason:
        return None
    return Decision(
        "unchanged", f"Nothing has changed since {reason}.", champion=champion.number, origin=origin
    )


def _ended(version: Version) -> str:
    outcome = "rolled back" if ROLLED_BACK in version.tags else version.tags.get(OUTCOME, "judged")
    return {"kept": "judged and kept out"}.get(outcome, outcome)


def _stage(name: str, folder: Path, steps: Steps, *, force: bool = False) -> None:
    try:
        steps.do(
            name,
            lambda: run_stage(name, folder, force=force, environment=environment_in(folder), say=steps.say),
        )
    except MachineError as error:
        if name == "validate":
            raise _breach(folder, error) from None
        raise


def _breach(folder: Path, error: MachineError) -> Exception:
    """The broken rules and their first offenders, kept on disk as well; `error` when it was not a rule."""
    path = folder / REPORTS / "validate.json"
    if not path.exists() or not read_json(path)["breaches"]:
        return error
    broken = [
        rule
        for rule in read_json(state_folder() / VERDICT)["by_rule"]
        if rule.get("stops", True) and not rule["passed"]
    ]
    told = [
        f"{rule['name']}: {rule['offending']} of {rule['checked']} ({', '.join(rule['offenders'][:SHOWN])})"
        for rule in broken
    ]
    reason = f"The new data break {len(broken)} rule(s); nothing was trained and the champion stays. "
    decision = write_down(Decision("stopped", reason + "; ".join(told) + "."))
    return ValidationBreach(f"{decision.reason} All of it: {decision.stem.with_suffix('.md')}.")


def _promote(folder: Path, say: Say) -> None:
    """`vfal promote` in the checkout of the retraining, by the code that trained."""
    process = subprocess.Popen(
        dying_with_this_process([str(Path(sys.executable).with_name("vfal")), "promote", "--scheduled"]),
        cwd=folder,
        env=tool_environment() | environment_in(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            say(line.rstrip())
        code = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if code:
        raise MachineError(" | ".join(line for line in lines[-3:] if line) or f"exit code {code}")
