"""Which split a model was trained on, and whether its test people are really unseen.

`models/trained/<name>/trained_on.json` holds `family`, the name of the split, and `identities`, the
people trained on; null where a released model does not say.
"""

from collections.abc import Sequence
from pathlib import Path

from vfal.core.errors import ValidationBreach
from vfal.core.files import read_json, write_json
from vfal.core.paths import PREPARED

NOTE = "trained_on.json"
NAMED = 5  # people named in a sentence


def write_trained_on(folder: Path, identities: Sequence[str]) -> None:
    """Leave the note beside models that were trained here, on `identities`."""
    write_json(folder / NOTE, {"family": prepared_family(), "identities": list(identities)})


def write_released_on(folder: Path, family: str) -> None:
    """Leave the note beside a released model, trained elsewhere on the split `family`."""
    write_json(folder / NOTE, {"family": family, "identities": None})


def prepared_family() -> str:
    """The name of the split in `data/prepared`."""
    return str(read_json(PREPARED / "split.json")["family"])


def seen_before(folder: Path, tested: Sequence[str]) -> str:
    """One sentence about a model that may have seen the people it is tested on; empty when it has not.

    Official splits contradict each other: of the 189 test people of SSoS, 131 train Learnable PINs.
    """
    if not (folder / NOTE).exists():
        return f"{folder}: does not say what it was trained on (no {NOTE})."
    note, family = read_json(folder / NOTE), prepared_family()
    both = sorted({*(note["identities"] or [])} & {*tested})
    if both:
        named = ", ".join(both[:NAMED]) + (f" and {len(both) - NAMED} more" if len(both) > NAMED else "")
        return f"{folder}: trained on {len(both)} of the {len(tested)} people it is tested on: {named}."
    if note["identities"] is None and note["family"] != family:
        return f"{folder}: trained on split {note['family']}, which may hold test people of split {family}."
    return ""


def refuse_seen(folder: Path, tested: Sequence[str], *, report_only: bool) -> str:
    """What `seen_before` finds; a `ValidationBreach` unless it is only to be reported."""
    found = seen_before(folder, tested)
    if found and not report_only:
        raise ValidationBreach(
            f"{found} Train on the split you test on, or name other_split in validate.report_only."
        )
    return found
