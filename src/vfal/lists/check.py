"""What a list is: its counts, whether it is the published one, and what is wrong with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from vfal.core.errors import DataError
from vfal.core.files import sha256_of
from vfal.lists.formats import read_list, recognise
from vfal.lists.known import BY_BLOB, BY_NAME, DEFECTS, PINS_NUMBER, SSOS_IDS, WRONG_GENDER
from vfal.lists.people import People
from vfal.lists.replicas import parity
from vfal.lists.text import Text, read_bytes, read_lines
from vfal.lists.trial_list import TrialList
from vfal.metrics import Flags

OFFICIAL, REGENERATED = "official", "regenerated"
SIDECAR = ".made.json"  # beside a regenerated list: its rule, seed and sha256
ATTRIBUTES = {"gender": "u", "nationality": ""}  # and how an unknown one is written


@dataclass
class Verdict:
    """A checked list. `counts` are by what is counted; `known` defects are in the published file itself."""

    path: Path
    format: str
    status: str
    counts: dict[str, int | str] = field(default_factory=dict)
    known: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


def check_file(path: Path, people: People, splits: Mapping[str, str], list_format: str = "auto") -> Verdict:
    """The verdict about a file; a file that cannot be read as a list has that as its one defect."""
    try:
        kind = recognise(path) if list_format == "auto" else list_format
        lists = read_list(path, people, kind)
    except DataError as error:
        return Verdict(path, "unreadable", "", defects=[str(error)])
    verdict = Verdict(path, kind, status_of(path))
    if kind != "vfal_eva":
        _written(read_lines(path), verdict)
    for one in lists:
        _count(one, people, verdict, several=len(lists) > 1)
        _judge(one, people, splits, verdict)
    _compare(path, lists, verdict)
    return verdict


def status_of(path: Path) -> str:
    """`official (repository@commit)`, `regenerated (rule)`, `changed`, or `unknown`."""
    raw = read_bytes(path)
    text = Text(path, raw, False, False, [])
    if known := BY_BLOB.get(text.git_blob):
        return f"{OFFICIAL} ({known.origin}, blob {known.blob[:12]})"
    sidecar = path.with_name(path.name + SIDECAR)
    if sidecar.is_file():
        told = json.loads(sidecar.read_text(encoding="utf-8"))
        if told.get("sha256") == sha256_of(path):
            return f"{REGENERATED} ({told.get('rule', '?')}, seed {told.get('seed', '?')})"
        return f"changed: not the file that {sidecar.name} speaks of"
    known = BY_NAME.get(text.name)
    if known and known.blob:
        blobs = f"git blob {text.git_blob[:12]} is not {known.blob[:12]}"
        return f"changed: named {known.name}, but {blobs} of {known.origin}"
    return "unknown: named as a published list whose blob is not on record" if known else "unknown"


def _written(text: Text, verdict: Verdict) -> None:
    known = verdict.status.startswith(OFFICIAL)
    for found, what in (
        (text.bom, "starts with a byte order mark"),
        (text.crlf, "ends its lines with CR LF"),
    ):
        if found:
            (verdict.known if known else verdict.defects).append(f"{what} (read all the same)")


def _count(one: TrialList, people: People, verdict: Verdict, *, several: bool) -> None:
    lead = f"{one.name} {one.direction}: " if several else ""
    add: dict[str, int | str] = {f"{lead}protocol": f"{one.protocol} {one.direction} {one.group}"}
    add |= {
        f"{lead}{one.probes.modality}s": len(one.probes),
        f"{lead}{one.gallery.modality}s": len(one.gallery),
    }
    if one.protocol == "retrieval":
        add |= {f"{lead}queries": len(one.probes_T), f"{lead}gallery": one.gallery_TK.shape[1]}
    else:
        per_probe = np.bincount(one.probes_T)
        duplicates, first = _duplicates(one)
        add |= {f"{lead}rows": len(one.probes_T), f"{lead}duplicate rows": duplicates}
        add |= {f"{lead}first duplicate": first} if first else {}
        add[f"{lead}rows per probe"] = f"{per_probe.min()} to {per_probe.max()}"
    if one.protocol == "matching":
        add[f"{lead}candidates"] = one.gallery_TK.shape[1]
    codes = one.persons(people)
    if codes is not None:
        asking = np.unique(codes[0][one.probes_T])
        add[f"{lead}identities"] = len(np.union1d(asking, codes[1]))
    if one.protocol == "verification" and (one.same_T is not None or codes is not None):
        same_T = one.labels(people)
        add |= {f"{lead}positives": int(same_T.sum()), f"{lead}negatives": int((~same_T).sum())}
        if one.same_T is not None:
            add[f"{lead}labels alternate"] = _alternation(same_T, verdict)
    if codes is not None and one.protocol != "retrieval" and (one.probes.table["video"] != "").all():
        add[f"{lead}positives of one video"] = _of_one_video(one, people)
    verdict.counts |= add


def _alternation(same_T: Flags, verdict: Verdict) -> str:
    """Whether labels alternate, which FOP and SBNet take for granted; if not, that is a defect."""
    wrong = int((same_T != parity(len(same_T))).sum())
    if not wrong:
        return "yes"
    breaks = int((same_T[1:] == same_T[:-1]).sum())
    (verdict.known if verdict.status.startswith(OFFICIAL) else verdict.defects).append(
        f"labels do not alternate ({breaks} breaks): taken by row parity, as FOP and SBNet do, {wrong:,} of "
        f"{len(same_T):,} would be wrong"
    )
    return f"no, {breaks} breaks"


def _of_one_video(one: TrialList, people: People) -> str:
    """How many positives take both items from one video, which tells more than voice and face do."""
    same_T = np.ones(len(one.probes_T), dtype=bool) if one.protocol == "matching" else one.labels(people)
    videos = [items.table["video"].to_numpy() for items in (one.probes, one.gallery)]
    shared = videos[0][one.probes_T] == videos[1][one.gallery_TK[:, 0]]
    return f"{int((shared & same_T).sum())} of {int(same_T.sum())}"


def _duplicates(one: TrialList) -> tuple[int, str]:
    """How many rows repeat an earlier one, and which is the first; empty where none does."""
    rows = pd.DataFrame(np.column_stack([one.probes_T, one.gallery_TK]))
    again = np.flatnonzero(rows.duplicated().to_numpy())
    if not len(again):
        return 0, ""
    earlier = int(np.flatnonzero((rows == rows.iloc[again[0]]).all(axis=1).to_numpy())[0])
    return len(again), f"row {one.rows_T[again[0]]} repeats row {one.rows_T[earlier]}"


def _judge(one: TrialList, people: People, splits: Mapping[str, str], verdict: Verdict) -> None:
    """Labels, groups and splits against what paths and people say."""
    codes = one.persons(people)
    probe_person = one.probes.table["person"].to_numpy()
    gallery_person = one.gallery.table["person"].to_numpy()
    if people.known:
        _unknown_people(one, people, verdict)
    if codes is not None and one.protocol != "retrieval":
        equal_TK = codes[0][one.probes_T][:, None] == codes[1][one.gallery_TK]
        if one.protocol == "matching":
            _rows(one, ~equal_TK[:, 0], "the candidate marked right is of another person", verdict)
            _rows(one, equal_TK[:, 1:].any(axis=1), "a wrong candidate is of the probe's person", verdict)
        elif one.same_T is not None:
            _rows(
                one, one.same_T != equal_TK[:, 0], "the label contradicts the persons of the paths", verdict
            )
        if people.known:
            _negatives(one, people, equal_TK, verdict)
    _splits(one, np.concatenate([probe_person, gallery_person]), splits, verdict)


def _unknown_people(one: TrialList, people: People, verdict: Verdict) -> None:
    known = set(people.table["identity"])
    for items in (one.probes, one.gallery):
        strange = items.table[~items.table["person"].isin(known) & (items.table["person"] != "")]
        if len(strange):
            worst = strange.iloc[0]
            verdict.defects.append(
                f"row {worst['row']}: {worst['person']!r} ({worst['path']!r}) is not in {people.source}; "
                f"{strange['person'].nunique()} persons are not"
            )


def _negatives(one: TrialList, people: People, equal_TK: np.ndarray, verdict: Verdict) -> None:
    """How many negatives share gender and nationality; in a group, those that do not are defects."""
    for column, unknown in ATTRIBUTES.items():
        sides = [
            people.of(items.table["person"], column).to_numpy(dtype=object)
            for items in (one.probes, one.gallery)
        ]
        probe_T, gallery_TK = sides[0][one.probes_T], sides[1][one.gallery_TK]
        alike_TK = (probe_T[:, None] == gallery_TK) & (gallery_TK != unknown)
        negative_TK = ~equal_TK
        total, alike = int(negative_TK.sum()), int((alike_TK & negative_TK).sum())
        verdict.counts[f"negatives same {column} {one.direction}"] = f"{alike} of {total}"
        if f"same_{column}" not in one.group.split("+") or alike == total:
            continue
        crossing = (negative_TK & ~alike_TK).any(axis=1)
        ids = {people.id_of.get(name, name) for name in WRONG_GENDER}
        persons = (
            one.probes.table["person"].to_numpy()[one.probes_T],
            one.gallery.table["person"].to_numpy()[one.gallery_TK],
        )
        explained = np.isin(persons[0], list(ids)) | np.isin(persons[1], list(ids)).any(axis=1)
        blamed = verdict.known if (explained | ~crossing).all() else verdict.defects
        blamed.append(
            f"row {one.rows_T[np.flatnonzero(crossing)[0]]}: {int(crossing.sum())} negatives are not of "
            f"the same {column}"
            + (
                f", all of them with {', '.join(WRONG_GENDER)} (wrong in the lists' own table)"
                if blamed is verdict.known
                else ""
            )
        )


def _rows(one: TrialList, wrong_T: Flags, what: str, verdict: Verdict) -> None:
    if wrong_T.any():
        first = one.rows_T[np.flatnonzero(wrong_T)[0]]
        verdict.defects.append(
            f"row {first}: {what}; {int(wrong_T.sum())} of {len(wrong_T)} rows are like it"
        )


def _splits(one: TrialList, persons: np.ndarray, splits: Mapping[str, str], verdict: Verdict) -> None:
    """Every person in the split that a published list of that name is about."""
    known = BY_NAME.get(one.source.name.removesuffix(".gz"))
    if known is None or not known.split:
        return
    if known.split in SSOS_IDS:
        low, high = SSOS_IDS[known.split]
        inside = [
            not (name[:2] == "id" and name[2:].isdecimal()) or low <= int(name[2:]) <= high
            for name in np.unique(persons)
        ]
    elif splits:
        inside = [splits.get(name, "") == PINS_NUMBER[known.split] for name in np.unique(persons)]
    else:
        return
    outside = np.unique(persons)[~np.array(inside)]
    if len(outside):
        verdict.defects.append(f"{len(outside)} persons are not in {known.split}, first {outside[0]!r}")
    else:
        verdict.counts[f"all in split {one.direction}"] = known.split


def _compare(path: Path, lists: list[TrialList], verdict: Verdict) -> None:
    """Rows against the published count, and what is known to be wrong with the published file."""
    name = path.name.removesuffix(".gz")
    known = BY_NAME.get(name)
    if known is None:
        return
    rows = 2 if lists[0].format == "ssos_retrieval" else len(lists[0].probes_T)
    if rows != known.rows:
        verdict.defects.append(f"{rows:,} rows, the published list has {known.rows:,}")
    verdict.known += DEFECTS.get(name, ())


def read_splits(path: Path, people: People) -> dict[str, str]:
    """Person to split number of an identity_splits.txt (`Name number`)."""
    found = {}
    for row, line in enumerate(read_lines(path).lines, start=1):
        cells = line.split()
        if len(cells) != 2:
            raise DataError(f"{path}, row {row}: {line!r}, expected a name and a number.")
        found[people.id_of.get(cells[0], cells[0])] = cells[1]
    return found
