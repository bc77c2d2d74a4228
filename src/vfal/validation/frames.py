"""The frames that rules look at: derived from the tables so that one row is one thing to judge.

Great Expectations judges rows and names rows, so a question about people ("in how many splits?") is
answered here, with group-bys, and only judged there.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

import pandas as pd

from vfal.data.people_tables import folded
from vfal.data.seen_people import read_seen
from vfal.evaluation.groups import UNKNOWN
from vfal.validation.normalise import filled, normalised_id, normalised_name


@dataclass(frozen=True)
class Frame:
    """A table to judge, and how to name one of its rows: a text with columns in braces."""

    table: pd.DataFrame
    subject: str

    @property
    def subject_columns(self) -> list[str]:
        """The columns that `subject` names, in its order."""
        return [column for _, column, _, _ in Formatter().parse(self.subject) if column]


def corpus_frames(
    tables: Mapping[str, pd.DataFrame], root: Path | None, splits: Sequence[str]
) -> dict[str, Frame]:
    """Frames about people and files, by name.

    `tables` holds identities (with split), clips and faces; `splits` are those that must have people.
    """
    identities = _identities(tables["identities"])
    people = identities.dropna(subset="identity").drop_duplicates("identity")
    clips = _items(tables["clips"], "clip", people, root)
    faces = _items(tables["faces"], "face", people, root)
    heard, seen = clips[clips["problem"].eq("")], faces[faces["problem"].eq("")]
    return {
        "identities": Frame(identities, "{subject}"),
        "people": Frame(_people(identities, heard, seen), "{identity}"),
        "ids": Frame(_spellings(identities, normalised_id(identities["identity"])), "{identities}"),
        "names": Frame(_spellings(identities, normalised_name(identities["name"])), "{identities}"),
        "splits": Frame(_splits(identities, splits), "{split}"),
        "contents": Frame(_contents(heard, seen, people), "{paths}"),
        "videos": Frame(_videos(heard, seen, people), "{video}"),
        "clips": Frame(clips, "{subject}"),
        "faces": Frame(faces, "{subject}"),
        "readable clips": Frame(heard, "{subject}"),
        "readable faces": Frame(seen, "{subject}"),
    }


def _identities(table: pd.DataFrame) -> pd.DataFrame:
    """The table with blanks as missing, and a subject even for a person without an identity."""
    text = ("identity", "name", "gender", "nationality", "split")
    frame = pd.DataFrame({column: filled(table[column]) for column in text}).reset_index(drop=True)
    row = "row " + pd.Series(frame.index + 1, dtype="str")
    return frame.assign(subject=frame["identity"].where(frame["identity"].notna(), row))


def _people(identities: pd.DataFrame, clips: pd.DataFrame, faces: pd.DataFrame) -> pd.DataFrame:
    """One row per identity: its splits, and how many readable clips and faces it has."""
    known = identities.dropna(subset="identity")
    frame = known.drop_duplicates("identity")[["identity"]].reset_index(drop=True)
    return frame.assign(
        splits=_looked_up(frame["identity"], known.groupby("identity")["split"].nunique()),
        splits_found=_named(frame["identity"], _joined(known, "identity", "split"), "no split"),
        clips=_looked_up(frame["identity"], clips["identity"].value_counts()),
        faces=_looked_up(frame["identity"], faces["identity"].value_counts()),
    )


def _spellings(identities: pd.DataFrame, spelling: pd.Series) -> pd.DataFrame:
    """One row per normalised id or name: whose it is, and whether it keeps to one side of pre-training."""
    rows = identities.assign(spelling=spelling, pretrain=identities["split"].eq("pretrain"))
    rows = rows.dropna(subset=["identity", "spelling"])
    grouped = rows.groupby("spelling")
    frame = grouped["identity"].nunique().rename("people").to_frame()
    return frame.assign(
        identities=_joined(rows, "spelling", "identity"),
        splits_found=_joined(rows, "spelling", "split"),
        pretrain_apart=grouped["pretrain"].max().eq(grouped["pretrain"].min()).astype(bool),
    ).reset_index()


def _splits(identities: pd.DataFrame, expected: Sequence[str]) -> pd.DataFrame:
    """One row per split expected or found: how many people and how many genders it has."""
    people = identities.dropna(subset=["identity", "split"]).drop_duplicates(["identity", "split"])
    names = dict.fromkeys([*expected, *sorted(people["split"].unique())])
    frame = pd.DataFrame({"split": list(names)}, dtype="str")
    gendered = people[people["gender"].ne(UNKNOWN["gender"])]
    return frame.assign(
        people=_looked_up(frame["split"], people.groupby("split")["identity"].nunique()),
        genders=_looked_up(frame["split"], gendered.groupby("split")["gender"].nunique()),
        genders_found=_named(frame["split"], _joined(gendered, "split", "gender"), "no gender"),
    )


def _contents(clips: pd.DataFrame, faces: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """One row per file content (sha256): the paths that hold it, whose they are, and in which splits.

    Unreadable files are left out: two empty files are equal, and neither is ever used.
    """
    columns = ["sha256", "identity", "path"]
    files = pd.concat([clips[columns], faces[columns]], ignore_index=True).dropna(subset="sha256")
    files = files.assign(split=files["identity"].map(people.set_index("identity")["split"]))
    grouped = files.groupby("sha256")
    return pd.DataFrame(
        {
            "people": grouped["identity"].nunique(),
            "splits": grouped["split"].nunique(),
            "paths": _joined(files, "sha256", "path"),
            "people_found": _joined(files, "sha256", "identity"),
            "splits_found": _joined(files, "sha256", "split"),
        }
    ).reset_index()


def _videos(clips: pd.DataFrame, faces: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """One row per video: how many splits the people heard or seen in it are in, and who they are."""
    rows = pd.concat([table[["video", "identity"]] for table in (clips, faces) if "video" in table])
    rows = rows.dropna().drop_duplicates().merge(people[["identity", "split"]], on="identity")
    who = rows["identity"] + " in " + rows["split"]
    grouped = rows.assign(found=who).groupby("video")
    frame = grouped["split"].nunique().rename("splits").to_frame()
    return frame.assign(found=_joined(rows.assign(found=who), "video", "found")).reset_index()


def seen_frame(frames: Mapping[str, Frame], path: Path) -> Frame:
    """One row per val and test identity: whether it is absent from a table of people seen elsewhere."""
    people = frames["identities"].table.dropna(subset="identity")
    people = people[people["split"].isin(["val", "test"])].reset_index(drop=True)
    seen = read_seen(path)
    namesake = folded(people["name"]).isin(set(folded(seen.names)))
    return Frame(people.assign(unseen=~(namesake | people["identity"].isin(seen.identities))), "{identity}")


def _items(table: pd.DataFrame, number: str, people: pd.DataFrame, root: Path | None) -> pd.DataFrame:
    """One row per clip or face, with what is on disk and whether its person is known."""
    frame = table.reset_index(drop=True)
    path, identity = filled(frame["path"]), filled(frame["identity"])
    named = f"{number} " + frame[number].astype("str").fillna("without a number")
    found = _sizes_on_disk(path, root) if root is not None else [-1] * len(path)
    sizes = pd.Series(found, index=frame.index, dtype="int64")
    return frame.assign(
        subject=path.where(path.notna(), named),
        path=path,
        identity=identity,
        sha256=filled(frame["sha256"]),
        problem=filled(frame["problem"]).fillna(""),
        known=identity.isin(people["identity"]).astype(bool),
        exists=sizes.ge(0),
        bytes_found=sizes,
        size_as_listed=frame["bytes"].astype("Int64").fillna(-2).eq(sizes).astype(bool),
    )


def _sizes_on_disk(paths: pd.Series, root: Path) -> list[int]:
    """Bytes of each file below `root`; -1 where there is no such file."""
    return [_size(os.path.join(root, path)) if isinstance(path, str) else -1 for path in paths]  # noqa: PTH118


def _size(path: str) -> int:
    try:
        status = os.stat(path)  # noqa: PTH116  one Path per file doubles the time of this loop
    except OSError:
        return -1
    return status.st_size if stat.S_ISREG(status.st_mode) else -1


def _looked_up(keys: pd.Series, counts: pd.Series) -> pd.Series:
    return keys.map(counts).fillna(0).astype("int64")


def _named(keys: pd.Series, names: pd.Series, otherwise: str) -> pd.Series:
    found = keys.map(names)
    return found.astype("str").where(found.notna(), otherwise)


def _joined(rows: pd.DataFrame, key: str, column: str) -> pd.Series:
    """The distinct values of `column` under each key as one text; only keys with several are joined."""
    values = rows.dropna(subset=column).drop_duplicates([key, column]).sort_values([key, column])
    text = values.drop_duplicates(key).set_index(key)[column].astype("str")
    several = values[values.duplicated(key, keep=False)].groupby(key)[column].agg(", ".join)
    text.loc[several.index] = several.to_numpy(dtype=object)
    return text
