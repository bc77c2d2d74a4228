"""`vfal promote`: the trained model of this checkout against the champion, on people neither has seen."""

import hashlib
import json
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from vfal.core.config.params import MAIN, Params
from vfal.core.config.promote import Promote
from vfal.core.errors import DataError, MachineError
from vfal.core.paths import WITHDRAWN
from vfal.core.state import only_one
from vfal.data.people_lists import read_withdrawn
from vfal.dvc_stages import dvc_command, tool_environment
from vfal.promotion.origin import LAST, origin_of
from vfal.promotion.records import Decision, write_down
from vfal.promotion.rule import Comparison, compare, passes
from vfal.promotion.trials import fair_trials, seen_by
from vfal.tracking.aliases import CHAMPION, PREVIOUS, Aliases, Version, open_aliases
from vfal.tracking.chosen import choose
from vfal.tracking.mirror import sync
from vfal.tracking.people import people_of_checkout
from vfal.tracking.provenance import params_as_run, provenance_tags, read_lock

OUTCOME, REASON = "vfal.promotion", "vfal.promotion.reason"
ORIGIN, JUDGED, ROLLED_BACK = "vfal.origin", "vfal.promotion.judged", "vfal.promotion.rolled_back"


def promote(params: Params, *, scheduled: bool) -> Decision:
    """Register the model of this checkout, decide, move the aliases; the decision, which is on disk too.

    A `scheduled` promotion leaves alone what a person has rolled back. Raises `DataError` when the model
    is older than params.yaml or data, `MachineError` when MLflow does not answer: then a decision already
    made is on disk, and the next call makes the same one again.
    """
    with only_one("promotion", "vfal promote"), open_aliases(params.tracking, Path.cwd()) as aliases:
        _refuse_stale()
        challenger = _registered(params, aliases)
        champion = aliases.holder(CHAMPION)
        decision = _decide(params, aliases, champion, challenger, scheduled=scheduled)
        if decision.outcome == "unchanged":  # other code or parameters made it once more
            aliases.tag(challenger, {ORIGIN: decision.origin})
            return decision
        return carry_out(aliases, write_down(decision), champion, challenger)


def judged_digest(origin: str, champion: Version | None, settings: Promote) -> str:
    """Hex digest of what a decision follows from; a model with this tag need not be judged again."""
    parts = [origin, champion.number if champion else "", settings.model_dump()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def carry_out(
    aliases: Aliases, decision: Decision, champion: Version | None, challenger: Version
) -> Decision:
    """Tell MLflow: tags and files first, then `previous`, then `champion`.

    Broken off anywhere, the old champion still answers, and doing it again completes it.
    """
    aliases.tag(
        challenger,
        {
            OUTCOME: decision.outcome,
            REASON: decision.reason,
            "vfal.promotion.at": decision.at,
            ORIGIN: decision.origin,
            JUDGED: decision.judged,
        },
    )
    aliases.keep(challenger, [decision.stem.with_suffix(".json"), decision.stem.with_suffix(".md")])
    if decision.outcome in ("first", "promoted"):
        if champion is not None:
            aliases.give(PREVIOUS, champion)
        aliases.untag(challenger, ROLLED_BACK)
        aliases.give(CHAMPION, challenger)
    return write_down(decision.carried_out())


def _decide(
    params: Params, aliases: Aliases, champion: Version | None, challenger: Version, *, scheduled: bool
) -> Decision:
    origin = origin_of(Path())
    about = Decision(
        outcome="",
        reason="",
        champion=champion.number if champion else "",
        challenger=challenger.number,
        origin=origin,
        judged=judged_digest(origin, champion, params.promote),
        commit=provenance_tags().get("mlflow.source.git.commit", ""),
    )
    if champion is None:
        reason = f"Version {challenger.number} is the first champion: there was none to beat."
        return replace(about, outcome="first", reason=reason)
    if champion.number == challenger.number:
        reason = f"Version {champion.number} is the champion already, and this checkout holds no other model."
        return replace(about, outcome="unchanged", reason=reason)
    if scheduled and (when := challenger.tags.get(ROLLED_BACK)):
        reason = f"Version {challenger.number} was rolled back on {when}; `vfal promote` judges it anew."
        return replace(about, outcome="kept", reason=reason)
    comparison, withdrawn = _compare(params, aliases, champion, challenger)
    return _by_the_rule(about, comparison, withdrawn, params.promote)


def _by_the_rule(about: Decision, found: Comparison, withdrawn: list[str], settings: Promote) -> Decision:
    rule = settings.rule_after_withdrawal if withdrawn else settings.rule
    promoted = passes(found, rule, settings.tolerance)
    bar = "0" if rule == "better" else f"-{settings.tolerance:g}"
    mean = found.mean
    reason = (
        f"Version {about.challenger} {'takes the place of' if promoted else 'does not displace'} champion "
        f"{about.champion}: {mean.gain:+.4f} ({settings.level:.0%} interval {mean.low:+.4f} to "
        f"{mean.high:+.4f}) on {found.identities} people neither has seen; rule {rule} asks for an interval "
        f"above {bar}."
    )
    if withdrawn:
        reason += (
            f" The champion was trained with {len(withdrawn)} who have withdrawn since "
            f"({', '.join(withdrawn[:3])}{', ...' if len(withdrawn) > 3 else ''})."
        )
    outcome = "promoted" if promoted else "kept"
    return replace(about, outcome=outcome, reason=reason, comparison=found)


def _compare(
    params: Params, aliases: Aliases, champion: Version, challenger: Version
) -> tuple[Comparison, list[str]]:
    """The figures, and who of the people that the champion has seen has withdrawn since."""
    from vfal.promotion.judging import judge  # imports torch

    with tempfile.TemporaryDirectory(prefix="vfal-champion-") as temporary:
        folders = {one.number: Path(temporary) / one.number for one in (champion, challenger)}
        seen_by_champion = seen_by(aliases.people(champion, folders[champion.number] / "people"))
        seen = seen_by_champion | seen_by(people_of_checkout())
        fair = fair_trials(Path(), params.prepare, seen, least=params.promote.least_identities)
        old, new = (
            judge(aliases.fetch(one, folders[one.number]), Path(), fair, params)
            for one in (champion, challenger)
        )
    withdrawn = sorted(seen_by_champion & set(read_withdrawn(WITHDRAWN)["identity"]))
    return compare(old, new, params.promote, excluded=fair.excluded), withdrawn


def _registered(params: Params, aliases: Aliases) -> Version:
    """The version that holds the model of this checkout, registered when it was not."""
    chosen = choose(params_as_run(params, read_lock()), MAIN)
    if chosen is None:
        raise DataError("there is no trained model here. Run `vfal repro` first.")
    found = aliases.of_fingerprint(chosen.fingerprint)
    if found is None:
        said = sync(params, again=True)
        found = aliases.of_fingerprint(chosen.fingerprint)
        if found is None:
            raise MachineError(f"the model could not be registered. {said}")
    return found


def _refuse_stale() -> None:
    """A model that params.yaml, data or code have left behind is not what would be promoted."""
    done = subprocess.run(
        [dvc_command(), "status", "--json", "--with-deps", LAST],
        env=tool_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MachineError(f"dvc status ended with exit code {done.returncode}: {done.stderr.strip()}")
    if stale := json.loads(done.stdout or "{}"):
        raise DataError(f"not up to date: {', '.join(stale)}. Run `vfal repro` first.")
