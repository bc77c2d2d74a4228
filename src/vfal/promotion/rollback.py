"""`vfal rollback`: the champion before this one answers again."""

from datetime import UTC, datetime
from pathlib import Path

from vfal.core.config.params import Params
from vfal.core.errors import DataError
from vfal.core.state import only_one
from vfal.promotion.promoting import OUTCOME, REASON, ROLLED_BACK
from vfal.promotion.records import Decision, write_down
from vfal.tracking.aliases import CHAMPION, PREVIOUS, open_aliases


def roll_back(params: Params, why: str) -> Decision:
    """Let champion and previous change places; `why` goes on the version that loses.

    A scheduled retraining does not promote that version again. Raises `DataError` without a previous one.
    """
    with only_one("promotion", "vfal rollback"), open_aliases(params.tracking, Path.cwd()) as aliases:
        champion, previous = aliases.holder(CHAMPION), aliases.holder(PREVIOUS)
        if champion is None or previous is None or champion.number == previous.number:
            now = f"version {champion.number} is champion" if champion else "there is no champion"
            raise DataError(
                f"model {aliases.name}: {now}, and no other version was before it; nothing to go back to."
            )
        reason = f"Version {previous.number} is champion again, {champion.number} was rolled back: {why}."
        decision = write_down(
            Decision("rolled_back", reason, champion=previous.number, challenger=champion.number)
        )
        when = datetime.now(UTC).isoformat(timespec="seconds")
        aliases.tag(champion, {OUTCOME: "rolled_back", REASON: reason, ROLLED_BACK: when})
        aliases.tag(previous, {OUTCOME: "champion again", REASON: reason})
        aliases.untag(previous, ROLLED_BACK)
        aliases.give(CHAMPION, previous)
        aliases.give(PREVIOUS, champion)
        return write_down(decision.carried_out())
