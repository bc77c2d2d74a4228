"""The splits of published protocols, read from their own files in a folder of yours.

| split | files in `prepare.lists` | train / val / test |
|---|---|---|
| ssos | vox1_train.csv, vox1_val.csv, vox1_test.csv (Seeking the Shape of Sound) | 924 / 112 / 189 |
| pins | identity_splits.txt (Learnable PINs; CMPC, FOP, SBNet, vfal-eva) | 901 / 100 / 250 |
| trinet | none: VoxCeleb2 dev people train, VoxCeleb1 people test; val is drawn by seed | 5,994 / 0 / 1,251 |
| mav_celeb | test_people.txt or v3_meta.txt; else test is drawn by seed too | 64, 78, 50 / 0 / 6, 6, 8 |
| own | none: the column `set` of the corpus's people | - |

Files may be gzipped. Counts of a list that differ from the published ones are a `DataError`.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from vfal.core.config.machine import Prepare
from vfal.core.errors import ConfigError, DataError
from vfal.core.seeding import derive_seed
from vfal.core.shelf import nearest
from vfal.core.types import LEFT_OUT, SPLITS
from vfal.data.people_tables import folded, read_rows, read_text

SSOS_COLUMNS = ("VoxCeleb1_ID", "VGGFace1_ID", "Set")
SSOS_COUNTS = {"train": (924, 18), "val": (112, 4), "test": (189, 4)}  # usable, excluded (Set is none)
PINS_PARTS = {"1": ("train", 901), "2": ("val", 100), "4": ("test", 250)}
PINS_FILE, MAV_FILES = "identity_splits.txt", ("test_people.txt", "v3_meta.txt")
OWN_WORDS = {"dev": "train", "valid": "val", "validation": "val"}

Splits = dict[str, str]


def official_split(people: pd.DataFrame, settings: Prepare, *, withdrawn: int = 0) -> Splits:
    """The split of each person (`left_out` for those who are in none), as `prepare.split` has it.

    `people` are those of the corpus who have files. Raises `ConfigError` when the counts in the corpus
    are not those of `prepare.identities`, with the first of the people who are missing; as many as have
    withdrawn may be missing.
    """
    splits, expected = READERS[settings.split](people, settings)
    found = Counter(splits.values())
    asked = {split: getattr(settings.identities, split) for split in SPLITS}
    lacking = [count - found[split] for split, count in asked.items()]
    if min(lacking) < 0 or sum(lacking) > withdrawn:
        have = ", ".join(f"{split} {found[split]}" for split in SPLITS)
        want = ", ".join(f"{split} {count}" for split, count in asked.items())
        absent = sorted(set(expected) - set(splits))
        first = f" Without files, or not there at all: {len(absent)}, first {', '.join(absent[:5])}."
        raise ConfigError(
            f"prepare.identities: split {settings.split} gives {have} of this corpus, asked for are {want}."
            f"{first if absent else ''} Complete the corpus, or ask for what it has."
        )
    return splits


def ssos_lists(folder: Path) -> Splits:
    """The split of every identity of Seeking the Shape of Sound; its 26 excluded ones are left out."""
    splits: Splits = {}
    for split, (usable, excluded) in SSOS_COUNTS.items():
        path = _file(folder, f"vox1_{split}.csv")
        table = read_rows(path, SSOS_COLUMNS)
        none = int((table["Set"] == "none").sum())
        if (len(table) - none, none) != (usable, excluded):
            raise DataError(
                f"{path}: {len(table) - none} usable and {none} excluded identities; "
                f"published are {usable} and {excluded}."
            )
        for identity, kind in zip(table["VoxCeleb1_ID"], table["Set"], strict=True):
            _put(splits, identity, LEFT_OUT if kind == "none" else split, path)
    return splits


def pins_lists(folder: Path) -> Splits:
    """The split of every name of Learnable PINs."""
    path = _file(folder, PINS_FILE)
    splits: Splits = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        name, _, part = line.strip().rpartition(" ")
        if part not in PINS_PARTS or not name:
            raise DataError(f"{path}, line {number}: found '{line}'; expected a name and 1, 2 or 4.")
        _put(splits, name, PINS_PARTS[part][0], path)
    found, published = Counter(splits.values()), dict(PINS_PARTS.values())
    if found != published:
        raise DataError(f"{path}: {dict(found)} names per split; published are {published}.")
    return splits


def _ssos(people: pd.DataFrame, settings: Prepare) -> tuple[Splits, list[str]]:
    listed = ssos_lists(_folder(settings))
    splits = {identity: listed.get(identity, LEFT_OUT) for identity in people["identity"]}
    return splits, [identity for identity, split in listed.items() if split != LEFT_OUT]


def _pins(people: pd.DataFrame, settings: Prepare) -> tuple[Splits, list[str]]:
    listed = pins_lists(_folder(settings))
    identity_of = dict(zip(people["name"], people["identity"], strict=True))
    splits = dict.fromkeys(people["identity"], LEFT_OUT)
    splits |= {identity_of[name]: split for name, split in listed.items() if name in identity_of}
    return splits, [identity_of.get(name, name) for name in listed]


def _trinet(people: pd.DataFrame, settings: Prepare) -> tuple[Splits, list[str]]:
    """Trains on VoxCeleb2 dev without namesakes of VoxCeleb1's people: ten names are in both."""
    kinds = _own_column(people, "vox2_vggface2 with vox1_root")
    spelled = folded(people["name"])
    known = set(spelled[kinds == "vox1"])
    dev = people.loc[(kinds == "dev") & ~spelled.isin(known), "identity"].tolist()
    val = set(_drawn(dev, settings.identities.val, settings.seed))
    splits = dict.fromkeys(people["identity"], LEFT_OUT)
    splits |= {name: "val" if name in val else "train" for name in dev}
    splits |= dict.fromkeys(people.loc[kinds == "vox1", "identity"], "test")
    return splits, []


def _mav_celeb(people: pd.DataFrame, settings: Prepare) -> tuple[Splits, list[str]]:
    names = people["identity"].tolist()
    if marked := _found(_folder(settings), *MAV_FILES):
        test = _marked(people, marked)
    else:
        test = _drawn(names, settings.identities.test, settings.seed)
    rest = [name for name in names if name not in set(test)]
    val = set(_drawn(rest, settings.identities.val, settings.seed))
    return dict.fromkeys(test, "test") | {name: "val" if name in val else "train" for name in rest}, []


def _own(people: pd.DataFrame, settings: Prepare) -> tuple[Splits, list[str]]:
    kinds = _own_column(people, "folder with a column set in people.csv").replace(OWN_WORDS)
    splits = dict(zip(people["identity"], kinds.where(kinds.isin(SPLITS), LEFT_OUT), strict=True))
    return splits, []


READERS: Mapping[str, Callable[[pd.DataFrame, Prepare], tuple[Splits, list[str]]]] = {
    "ssos": _ssos, "pins": _pins, "trinet": _trinet, "mav_celeb": _mav_celeb, "own": _own,
}  # fmt: skip


def _own_column(people: pd.DataFrame, expected: str) -> pd.Series:
    if "set" not in people:
        raise ConfigError(f"prepare.split: needs a corpus that says it of its people; expected {expected}.")
    return people["set"]


def _marked(people: pd.DataFrame, path: Path) -> list[str]:
    """Identities named in a list: one per line, or those marked (T) where there are such marks."""
    lines = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    marked = [line.removesuffix("(T)") for line in lines if line.endswith("(T)")] or lines
    by_name = dict(zip(folded(people["name"]), people["identity"], strict=True))
    by_name |= dict(zip(folded(people["identity"]), people["identity"], strict=True))
    spelled = folded(pd.Series(marked, dtype="str")).tolist()
    for line, spelling in zip(marked, spelled, strict=True):
        if spelling not in by_name:
            close = nearest(line.strip(), people["name"])
            raise DataError(f"{path}: '{line.strip()}' is nobody of the corpus. {close}")
    return [by_name[spelling] for spelling in spelled]


def _drawn(names: list[str], count: int, seed: int) -> list[str]:
    return sorted(names, key=lambda name: derive_seed(seed, "split", name))[:count]


def _folder(settings: Prepare) -> Path:
    if not Path(settings.lists).is_dir():
        raise ConfigError(
            f"prepare.lists: '{settings.lists}' is not a folder. Split {settings.split} is read from the "
            "files its authors published; name the folder that holds them."
        )
    return Path(settings.lists)


def _file(folder: Path, name: str) -> Path:
    if (found := _found(folder, name)) is None:
        raise DataError(f"prepare.lists: {folder} holds no {name}.")
    return found


def _found(folder: Path, *names: str) -> Path | None:
    candidates = [folder / f"{name}{ending}" for name in names for ending in ("", ".gz")]
    return next((path for path in candidates if path.is_file()), None)


def _put(splits: Splits, who: str, split: str, path: Path) -> None:
    if who in splits:
        raise DataError(f"{path}: {who} is listed twice, as {splits[who]} and as {split}.")
    splits[who] = split
