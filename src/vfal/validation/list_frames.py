"""Frames about official list files (`validate.lists`): one row per file, and one row per item named."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from vfal.lists.check import OFFICIAL, REGENERATED, Verdict, check_file
from vfal.lists.formats import read_list
from vfal.lists.paths import PathReader
from vfal.lists.people import People
from vfal.validation.frames import Frame

ITEM = "{list}, row {row}: {path}"


def list_frames(
    paths: Iterable[str], tables: Mapping[str, pd.DataFrame], splits: Sequence[str]
) -> dict[str, Frame]:
    """The frames `lists` and `list items`, of files read with the people of this corpus.

    `splits` are those that lists may ask about. A file that cannot be read as a list is a row of `lists`
    with that as its defect; nothing is raised.
    """
    people = _people(tables)
    split_of = dict(zip(tables["identities"]["identity"], tables["identities"]["split"], strict=True))
    files, items = [], []
    for path in map(Path, paths):
        verdict = check_file(path, people, {})
        named = _items(path, people) if verdict.format != "unreadable" else _NO_ITEMS
        split = named["person"].map(split_of).fillna("")
        present = named["key"].isin(people.owner_of)
        items.append(
            named[["path", "row"]].assign(
                list=str(path), present=present, split=split, in_split=split.isin([*splits, ""])
            )
        )
        files.append(_file(path, verdict, sorted(set(split) - {""})))
    return {
        "lists": Frame(pd.DataFrame(files), "{list}"),
        "list items": Frame(pd.concat(items, ignore_index=True), ITEM),
    }


_NO_ITEMS = pd.DataFrame({name: pd.Series(dtype="str") for name in ("key", "person", "path", "row")})


def _file(path: Path, verdict: Verdict, splits: Sequence[str]) -> dict[str, object]:
    """What is to be judged of one file; duplicates that its rule draws are known, others are not."""
    duplicates = sum(int(count) for what, count in verdict.counts.items() if what.endswith("duplicate rows"))
    by_rule = verdict.status.startswith((OFFICIAL, REGENERATED))
    known = [*verdict.known, *([f"{duplicates} duplicate rows"] if duplicates and by_rule else [])]
    return {
        "list": str(path),
        "sound": not verdict.defects,
        "defects": "; ".join(verdict.defects),
        "flawless": not known,
        "known": "; ".join(known),
        "duplicates": 0 if by_rule else duplicates,
        "splits": len(splits),
        "splits_found": ", ".join(splits),
    }


def _items(path: Path, people: People) -> pd.DataFrame:
    tables = [items.table for one in read_list(path, people) for items in one.items.values()]
    columns = ["key", "person", "path", "row"]
    return pd.concat([table[columns] for table in tables]).drop_duplicates("key", ignore_index=True)


def _people(tables: Mapping[str, pd.DataFrame]) -> People:
    """The corpus' own people and whose its items are; doubtful rows have rules of their own."""
    table = tables["identities"].dropna(subset=["identity", "name"]).drop_duplicates("identity")
    table = table.assign(nationality=table["nationality"].fillna(""), gender=table["gender"].fillna("u"))
    names = table.drop_duplicates("name")
    id_of = dict(zip(names["name"], names["identity"], strict=True))
    reader = PathReader(id_of)
    owner_of: dict[str, str] = {}
    for name in ("clips", "faces"):
        items = tables[name].dropna(subset=["path", "identity"])
        owner_of |= dict(zip(reader.keys(items["path"].tolist()), items["identity"], strict=True))
    return People(table, "the corpus", id_of, owner_of)
