"""Frames about trial lists (`data/trials.py`): one row per trial, and one row per list."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from vfal.core.types import DIRECTIONS, GALLERY_OF, PROBE_OF, Direction
from vfal.validation.frames import Frame
from vfal.validation.roster import Codes, Roster

LIST = ["split", "direction", "group"]
BAG = [*LIST, "mean_of", "trial"]
TRIAL = "{split} {direction} {group}, trial {trial}"
JOINT_TRIAL = "{split} {direction} {group}, mean of {mean_of}, trial {trial}"


def trial_frames(
    trials: Mapping[str, pd.DataFrame], people: Roster, *, splits: Sequence[str], groups: Sequence[str]
) -> dict[str, Frame]:
    """Frames about every table of `trials` (matching, verification, joint_matching), by name.

    `splits` and `groups` are those that must have lists, in both directions.
    """
    frames = {}
    for protocol, table in trials.items():
        judged = _judged(table, people)
        subject = JOINT_TRIAL if "mean_of" in table else TRIAL
        frames[protocol] = Frame(judged, subject)
        for group in people.groups:
            frames[f"{protocol} {group}"] = Frame(judged[_of_group(judged["group"], group)], subject)
        frames[f"{protocol} lists"] = Frame(_lists(judged, splits, groups), "{split} {direction} {group}")
        if "mean_of" in table:
            frames[f"{protocol} trials"] = Frame(_bags(judged), subject)
    return frames


def _of_group(groups: pd.Series, group: str) -> pd.Series:
    """Which rows belong to a group; `same_gender+same_nationality` belongs to both."""
    belongs = {name: group in str(name).split("+") for name in groups.dropna().unique()}
    return groups.map(belongs).eq(True)


def _judged(table: pd.DataFrame, people: Roster) -> pd.DataFrame:
    """`table` and, for each row, what is true of its people."""
    frame = table.reset_index(drop=True)
    # A direction that is none has a rule of its own; its rows are judged as if they were v2f.
    f2v = frame["direction"].eq("f2v").to_numpy(dtype=bool)
    parts = [_direction(frame[rows], people, way) for way, rows in (("v2f", ~f2v), ("f2v", f2v))]
    frame = frame.join(pd.concat(parts).sort_index())
    if "same" in frame:
        label = frame["same"].astype("boolean")
        frame["positive"] = label.fillna(False).astype(bool)
        frame["label_true"] = label.eq(frame["right"]).fillna(False).astype(bool)
    return frame


def _direction(rows: pd.DataFrame, people: Roster, way: str) -> pd.DataFrame:
    """Findings on the trials of one direction; N rows, K candidates each, the last ones may be missing."""
    direction: Direction = "f2v" if way == "f2v" else "v2f"
    candidates = rows[[column for column in rows.columns if column.startswith("candidate")]]
    given_NK = candidates.notna().to_numpy(dtype=bool)
    items_NK = _numbers(candidates)
    probe_N = people.owner(PROBE_OF[direction], _numbers(rows[["probe"]]))[:, 0]
    gallery_NK = people.owner(GALLERY_OF[direction], items_NK)
    everyone, absent = np.column_stack([probe_N, gallery_NK]), np.pad(~given_NK, ((0, 0), (1, 0)))
    split_N = people.split_code(rows["split"])
    findings = {
        "probe_person": probe_N,
        "other_person": gallery_NK[:, -1],
        "known": ((everyone >= 0) | absent).all(axis=1),
        "right": (gallery_NK[:, 0] == probe_N) & (probe_N >= 0),
        "others_wrong": ((gallery_NK != probe_N[:, None]) | ~given_NK)[:, 1:].all(axis=1),
        "within_split": ((people.attribute("split", everyone) == split_N[:, None]) | absent).all(axis=1)
        & (split_N >= 0),
        "without_gaps": given_NK[:, :2].all(axis=1) & (given_NK[:, :-1] >= given_NK[:, 1:]).all(axis=1),
        "items_differ": _all_differ(items_NK, given_NK),
        "people_differ": _all_differ(gallery_NK, given_NK & (gallery_NK >= 0)),
    }
    for group in people.groups:
        codes = people.attribute(group, everyone)
        findings[group] = ((codes == codes[:, :1]) | absent).all(axis=1) & (codes[:, 0] >= 0)
    return pd.DataFrame(findings, index=rows.index)


def _numbers(items: pd.DataFrame) -> Codes:
    return items.astype("Int64").fillna(-1).to_numpy(dtype=np.int64)


def _all_differ(codes_NK: Codes, counted_NK: np.ndarray) -> np.ndarray:
    """Whether the counted codes of each row all differ."""
    apart_K = -1 - np.arange(codes_NK.shape[1])
    ordered_NK = np.sort(np.where(counted_NK, codes_NK, apart_K), axis=1)
    return np.asarray((ordered_NK[:, 1:] != ordered_NK[:, :-1]).all(axis=1))


def _lists(frame: pd.DataFrame, splits: Sequence[str], groups: Iterable[str]) -> pd.DataFrame:
    """One row per list that must be there or is there: its trials, and how many of them are positive."""
    expected = pd.DataFrame(list(product(splits, DIRECTIONS, groups)), columns=LIST, dtype="str")
    counted = frame.assign(positive=frame.get("positive", frame["right"])).groupby(LIST, as_index=False)
    found = counted.agg(trials=("positive", "size"), positives=("positive", "sum"))
    lists = expected.merge(found.astype(dict.fromkeys(LIST, "str")), on=LIST, how="outer", sort=True)
    lists[["trials", "positives"]] = lists[["trials", "positives"]].fillna(0).astype("int64")
    negatives = lists["trials"] - lists["positives"]
    return lists.assign(
        negatives=negatives, positive_ratio=lists["positives"] / lists["trials"].clip(lower=1)
    )


def _bags(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per joint trial: whether its rows are as many as they should be, and of the same people."""
    bags = frame.groupby(BAG, as_index=False).agg(
        rows=("probe", "size"),
        people=("probe_person", "nunique"),
        others=("other_person", "nunique"),
        probes=("probe", "nunique"),
        rights=("candidate_0", "nunique"),
        wrongs=("candidate_1", "nunique"),
    )
    differ = bags[["probes", "rights", "wrongs"]].eq(bags["rows"], axis=0).all(axis=1)
    return bags.assign(
        whole=bags["rows"].eq(bags["mean_of"]).astype(bool),
        one_person=bags["people"].eq(1),
        one_other=bags["others"].eq(1),
        items_differ=differ,
    )
