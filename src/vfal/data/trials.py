"""Trial lists drawn by the published rule of Seeking the Shape of Sound, for any corpus.

Every item of the probe modality asks `queries_per_probe` times. The right item is any item of its
identity in the other modality. A wrong identity is that of a random voice clip of the split, in both
directions (so prolific speakers are impostors more often), its own left out and within the group's
cell; then a random item of it. Joint trials, as in TriNet, draw identities uniformly.

| table | columns |
|---|---|
| matching | split, direction, group, trial, probe, candidate_0 .. candidate_{K-1} |
| verification | split, direction, group, trial, probe, candidate, same (and language, of the clip) |
| joint_matching | split, direction, group, mean_of, trial, draw, probe, candidate_0, candidate_1 |

`candidate_0` is the right one. Candidates are of different identities; the last ones are missing where
a cell has too few people. A joint trial is `mean_of` rows, one item of each side per row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.config.protocols import TrialSettings
from vfal.core.errors import DataError
from vfal.core.seeding import generator
from vfal.core.types import DIRECTIONS, GALLERY_OF, PROBE_OF, Direction, Group, Modality, Split
from vfal.evaluation.groups import cells

Integers = NDArray[np.int64]
KEYS_AT_ONCE = 4_000_000  # random keys held at a time: 32 MB


class Side:
    """The items of one modality, sorted by person and number."""

    def __init__(self, numbers_N: Integers, people_N: Integers, people: int) -> None:
        order = np.lexsort((numbers_N, people_N))
        self.numbers_N, self.people_N = numbers_N[order], people_N[order]
        self.counts_I = np.bincount(self.people_N, minlength=people)
        self.starts_I = np.cumsum(self.counts_I) - self.counts_I

    def one_of(self, people: Integers, rng: np.random.Generator) -> Integers:
        """A uniformly random item number of each person; -1 stays -1."""
        place = (rng.random(people.shape) * self.counts_I[people]).astype(np.int64)
        # Nobody is looked up in the first row: -1 is the last person, who may have no items.
        rows = np.where(people < 0, 0, self.starts_I[people] + place)
        return np.where(people < 0, -1, self.numbers_N[rows])

    def several_of(self, people_T: Integers, several: int, rng: np.random.Generator) -> Integers:
        """`several` different item numbers (T, several) of each person, all of whom have as many."""
        keys = rng.random((len(people_T), int(self.counts_I[people_T].max())))
        keys[np.arange(keys.shape[1]) >= self.counts_I[people_T][:, None]] = np.inf
        place = np.argpartition(keys, several - 1, axis=1)[:, :several]
        return np.asarray(self.numbers_N[self.starts_I[people_T][:, None] + place])


@dataclass(frozen=True)
class Pool:
    """One split's people, in the order of their names, and their items."""

    split: Split
    identities: pd.DataFrame
    sides: dict[Modality, Side]
    seed: int
    settings: TrialSettings

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Who has items in both modalities."""
        return np.asarray((self.sides["voice"].counts_I > 0) & (self.sides["face"].counts_I > 0))

    def draws(self, table: str, direction: Direction, group: Group) -> np.random.Generator:
        """The random numbers of one part of one table."""
        return generator(self.seed, "trials", self.split, table, direction, group)


def make_trials(
    identities: pd.DataFrame,
    clips: pd.DataFrame,
    faces: pd.DataFrame,
    *,
    split: Split,
    seed: int,
    settings: TrialSettings,
) -> dict[str, pd.DataFrame]:
    """Tables `matching`, `verification` and `joint_matching` of one split.

    Items of people outside the split are never drawn. A person without items in one modality asks
    nothing and is nobody's impostor. Raises `DataError` when fewer than two people can be compared.
    """
    people = identities[identities["split"] == split].sort_values("identity", ignore_index=True)
    names = pd.Index(people["identity"].to_numpy(dtype=object))
    sides: dict[Modality, Side] = {
        "voice": _side(names, clips["identity"], clips["clip"]),
        "face": _side(names, faces["identity"], faces["face"]),
    }
    pool = Pool(split, people, sides, seed, settings)
    if pool.complete.sum() < 2:
        raise DataError(
            f"split {split}: {pool.complete.sum()} of {len(people)} identities have both clips and faces; "
            "trials need at least 2. Raise prepare.identities or add media."
        )
    makers: dict[str, Callable[[Pool, Direction, Group], pd.DataFrame]] = {
        "matching": _matching,
        "verification": _verification,
        "joint_matching": _joint_matching,
    }
    tables = {
        name: pd.concat([make(pool, d, g) for d in DIRECTIONS for g in settings.groups], ignore_index=True)
        for name, make in makers.items()
    }
    if "language" in clips:
        tables["verification"]["language"] = _languages(tables["verification"], clips)
    return tables


def _languages(trials: pd.DataFrame, clips: pd.DataFrame) -> pd.Series:
    """The language of each trial's clip, which asks in v2f and is asked for in f2v."""
    clip = trials["probe"].where(trials["direction"] == "v2f", trials["candidate"])
    return clip.map(clips.set_index("clip")["language"]).astype("str")


def _side(names: "pd.Index[Any]", owners: pd.Series, numbers: pd.Series) -> Side:
    people = names.get_indexer(pd.Index(owners.to_numpy(dtype=object))).astype(np.int64)
    return Side(numbers.to_numpy(dtype=np.int64)[people >= 0], people[people >= 0], len(names))


def _matching(pool: Pool, direction: Direction, group: Group) -> pd.DataFrame:
    rng = pool.draws("matching", direction, group)
    probes_T, people_T, others_TK = _queries(pool, direction, group, pool.settings.candidates - 1, rng)
    gallery = pool.sides[GALLERY_OF[direction]]
    candidates_TK = gallery.one_of(np.concatenate([people_T[:, None], others_TK], axis=1), rng)
    return _table(
        pool, direction, group, trial=np.arange(len(probes_T)), probe=probes_T, **_columns(candidates_TK)
    )


def _verification(pool: Pool, direction: Direction, group: Group) -> pd.DataFrame:
    rng = pool.draws("verification", direction, group)
    probes_T, people_T, others_T1 = _queries(pool, direction, group, 1, rng)
    same_T = rng.random(len(probes_T)) < 0.5
    candidate_T = pool.sides[GALLERY_OF[direction]].one_of(np.where(same_T, people_T, others_T1[:, 0]), rng)
    trial = np.arange(len(probes_T))
    return _table(pool, direction, group, trial=trial, probe=probes_T, candidate=candidate_T, same=same_T)


def _joint_matching(pool: Pool, direction: Direction, group: Group) -> pd.DataFrame:
    rng = pool.draws("joint_matching", direction, group)
    asking, asked = pool.sides[PROBE_OF[direction]], pool.sides[GALLERY_OF[direction]]
    cell_I = cells(pool.identities, group)
    parts = [
        _table(pool, direction, group, **_joint_columns(*[np.empty((0, 1), dtype=np.int64)] * 3, mean_of=1))
    ]
    for mean_of in pool.settings.joint_means:
        able_I = (asking.counts_I >= mean_of) & (asked.counts_I >= mean_of)
        people_T = np.repeat(np.flatnonzero(able_I & (cell_I >= 0)), pool.settings.joint_queries_per_identity)
        others_T = other_people(people_T, able_I.astype(np.float64), cell_I, 1, rng)[:, 0]
        people_T, others_T = people_T[others_T >= 0], others_T[others_T >= 0]
        if not len(people_T):
            continue
        items = [
            side.several_of(people, mean_of, rng)
            for side, people in ((asking, people_T), (asked, people_T), (asked, others_T))
        ]
        parts.append(_table(pool, direction, group, **_joint_columns(*items, mean_of=mean_of)))
    return pd.concat(parts, ignore_index=True)


def _joint_columns(
    probe_TJ: Integers, right_TJ: Integers, wrong_TJ: Integers, *, mean_of: int
) -> dict[str, Any]:
    trials = len(probe_TJ)
    return {
        "mean_of": np.full(trials * mean_of, mean_of),
        "trial": np.repeat(np.arange(trials), mean_of),
        "draw": np.tile(np.arange(mean_of), trials),
        "probe": probe_TJ.ravel(),
        "candidate_0": right_TJ.ravel(),
        "candidate_1": wrong_TJ.ravel(),
    }


def _queries(
    pool: Pool, direction: Direction, group: Group, others: int, rng: np.random.Generator
) -> tuple[Integers, Integers, Integers]:
    """Probe items (T,), their people (T,) and up to `others` other people (T, others; -1 = too few)."""
    asking, cell_I = pool.sides[PROBE_OF[direction]], cells(pool.identities, group)
    asks_N = (pool.complete & (cell_I >= 0))[asking.people_N]
    probes_T, people_T = (
        np.repeat(values[asks_N], pool.settings.queries_per_probe)
        for values in (asking.numbers_N, asking.people_N)
    )
    clips_I = np.where(pool.complete, pool.sides["voice"].counts_I, 0).astype(np.float64)
    others_TK = other_people(people_T, clips_I, cell_I, others, rng)
    answerable = others_TK[:, 0] >= 0
    return probes_T[answerable], people_T[answerable], others_TK[answerable]


def other_people(
    people_T: Integers,
    weights_I: NDArray[np.float64],
    cell_I: Integers,
    others: int,
    rng: np.random.Generator,
) -> Integers:
    """Different people (T, others) of each one's cell, drawn one after the other in proportion to weight.

    Each person gets an exponential waiting time with its weight as rate; the first to arrive are those
    drawn without replacement. -1 where a cell has too few people.
    """
    chosen_TK = np.full((len(people_T), others), -1, dtype=np.int64)
    for cell in np.unique(cell_I[cell_I >= 0]):
        members = np.flatnonzero((cell_I == cell) & (weights_I > 0))
        trials = np.flatnonzero(cell_I[people_T] == cell)
        taken = min(others, len(members))
        step = max(1, KEYS_AT_ONCE // max(1, len(members)))
        for start in range(0, len(trials) if taken else 0, step):
            rows = trials[start : start + step]
            waits = rng.standard_exponential((len(rows), len(members))) / weights_I[members]
            waits[people_T[rows][:, None] == members] = np.inf
            first = np.argpartition(waits, taken - 1, axis=1)[:, :taken]
            wait = np.take_along_axis(waits, first, axis=1)
            order = np.argsort(wait, axis=1)
            found = np.where(np.isinf(wait), -1, members[first])
            chosen_TK[rows, :taken] = np.take_along_axis(found, order, axis=1)
    return chosen_TK


def _columns(candidates_TK: Integers) -> dict[str, Any]:
    return {
        f"candidate_{place}": pd.arrays.IntegerArray(column, column < 0)
        for place, column in enumerate(candidates_TK.T.copy())
    }


def _table(pool: Pool, direction: Direction, group: Group, **columns: Any) -> pd.DataFrame:
    table = pd.DataFrame(columns)
    for place, (name, value) in enumerate(
        (("split", pool.split), ("direction", direction), ("group", group))
    ):
        table.insert(place, name, pd.Series(value, index=table.index, dtype="str"))
    return table
