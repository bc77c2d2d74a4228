"""The rows of the report: which trained models there are, and what each one is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vfal.core.config.params import Params, variant_of
from vfal.core.errors import ConfigError

CHANCE, CEILING, WARM_UP, MAIN = "chance", "ceiling", "warm_up", "seeking_the_shape"

_KNOWN = {
    CHANCE: ("Chance", "guessing"),
    CEILING: (
        "Oracle ceiling",
        "the exact likelihood ratio of each pair, from the factors that made the people",
    ),
    WARM_UP: ("Warm-up only", "phase 1 alone, every identity alike"),
    MAIN: (
        "Full method, paper's rule",
        "seeking the shape: all three phases; hardness is the classification loss",
    ),
    "without_weights": ("Without weights (-W)", "the same training, every identity alike"),
    "cosine_hardness": ("Cosine hardness", "hardness is 1 - cosine of own voice and own face"),
    "rank_hardness": ("Rank hardness", "hardness is the rank of the own face or voice in its batch"),
    "oracle_drop": (
        "Oracle drop",
        "exactly the personalised are left out: the most that weighting could gain",
    ),
}


@dataclass(frozen=True)
class Entry:
    """One row: its name on disk, what to call it, and one phrase that says what it is."""

    name: str
    label: str
    meaning: str
    rule: str  # where its identity weights come from: learned, none or truth


@dataclass(frozen=True)
class Lineup:
    """Every trained model in the order of the table; `baseline` is the one without identity weights."""

    entries: tuple[Entry, ...]
    baseline: str | None

    def __getitem__(self, name: str) -> Entry:
        for entry in self.entries:
            if entry.name == name:
                return entry
        return entry_of(name, {}, "none")

    @property
    def weighted(self) -> tuple[Entry, ...]:
        """The entries that leave identities out."""
        return tuple(entry for entry in self.entries if entry.rule != "none")


def entry_of(name: str, overrides: Mapping[str, Any], rule: str) -> Entry:
    """The row of that name; one nobody has described is told by the parameters it changes."""
    changed = ", ".join(f"{key} = {value}" for key, value in overrides.items())
    label, meaning = _KNOWN.get(name, (name.replace("_", " ").capitalize(), changed))
    return Entry(name, label, meaning, rule)


def line_up(params: Params) -> Lineup:
    """The models of `evaluate.models`: warm-up, the one without weights, the main method, then the others.

    Raises `ConfigError` when the main method is not among them.
    """
    models, variants = params.evaluate.models, params.ablate.variants
    if MAIN not in models:
        raise ConfigError(f"evaluate.models: '{MAIN}' is missing; the report is about it. Add it.")
    entries = {WARM_UP: entry_of(WARM_UP, {}, "none"), MAIN: entry_of(MAIN, {}, params.weigh_identities.rule)}
    for name in models:
        if name not in entries:
            rule = variant_of(params, name).weigh_identities.rule
            entries[name] = entry_of(name, variants[name], rule)
    plain = [name for name in models if dict(variants.get(name, {})) == {"weigh_identities.rule": "none"}]
    order = dict.fromkeys([WARM_UP, *plain[:1], MAIN, *models])
    return Lineup(tuple(entries[name] for name in order if name in models), plain[0] if plain else None)
