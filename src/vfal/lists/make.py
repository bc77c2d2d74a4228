"""Lists that are not public, drawn again by the published rule, in the published format, and marked so."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from vfal.core.config.protocols import TrialSettings
from vfal.core.errors import DataError
from vfal.core.files import sha256_of, write_json, write_text
from vfal.core.types import DIRECTIONS, GALLERY_OF, PROBE_OF, Direction, Group, Modality, Split
from vfal.data.trials import make_trials
from vfal.lists.check import SIDECAR
from vfal.lists.formats import read_list, recognise
from vfal.lists.paths import kinds_of
from vfal.lists.people import People
from vfal.lists.text import read_lines

RULE = "ssos: 3 queries per item, wrong identities in proportion to their voice clips"
QUERIES = 3
SPLIT: Split = "test"
GROUP_MARK: dict[Group, str] = {"all": "", "same_gender": "g_", "same_nationality": "n_"}
ITEM: dict[Modality, str] = {"voice": "clip", "face": "face"}


def items_of(files: Iterable[Path], people: People) -> list[str]:
    """The paths of all items of some lists, or of plain files with one path per row; each once."""
    paths: dict[str, None] = {}
    for file in files:
        text = read_lines(file)
        if all(kind for kind in kinds_of(text.lines)) and not any(
            " " in line.strip() for line in text.lines[:5]
        ):
            paths |= dict.fromkeys(line.strip() for line in text.lines)
            continue
        for one in read_list(file, people, recognise(file)):
            for items in (one.probes, one.gallery):
                paths |= dict.fromkeys(items.table["path"])
    return list(paths)


def make_lists(
    paths: Sequence[str],
    people: People,
    folder: Path,
    *,
    tag: str,
    groups: tuple[Group, ...],
    candidates: int,
    seed: int,
) -> list[Path]:
    """Write matching, verification and retrieval lists in the format of SSoS, and return their files.

    Each file ends in `.regenerated.txt` and has a note beside it with rule, seed and sha256. Raises
    `DataError` for paths that do not tell whose they are.
    """
    items = people.reader.table(paths).assign(path=list(paths))
    nameless = items[(items["person"] == "") | (items["modality"] == "")]
    if len(nameless):
        raise DataError(
            f"{nameless['path'].iloc[0]!r} does not tell its person and kind (docs/protocols.md has the "
            f"layouts); {len(nameless)} of {len(items)} paths are like it."
        )
    items = items.sort_values(["person", "key"], ignore_index=True)
    tables = {kind: _numbered(items[items["modality"] == kind], column) for kind, column in ITEM.items()}
    identities = _identities(items["person"].unique().tolist(), people)
    settings = TrialSettings(
        groups=groups,
        queries_per_probe=QUERIES,
        candidates=candidates,
        joint_queries_per_identity=1,
        joint_means=(),
    )
    trials = make_trials(
        identities, tables["voice"], tables["face"], split=SPLIT, seed=seed, settings=settings
    )
    path_of = {kind: table["path"].to_numpy(dtype=object) for kind, table in tables.items()}
    written = []
    for direction in DIRECTIONS:
        for group in groups:
            for kind, table, size in (("match", "matching", candidates), ("verify", "verification", 0)):
                rows = trials[table]
                rows = rows[(rows["direction"] == direction) & (rows["group"] == group)]
                name = (
                    f"{kind}_{GROUP_MARK[group]}{direction}_{f'{size}_' if size else ''}{tag}.regenerated.txt"
                )
                written.append(_write(folder / name, _lines(rows, direction, path_of), seed))
        sides = [" ".join(path_of[kind]) for kind in (PROBE_OF[direction], GALLERY_OF[direction])]
        written.append(_write(folder / f"reterival_{direction}_{tag}.regenerated.txt", sides, seed))
    return written


def _numbered(items: pd.DataFrame, column: str) -> pd.DataFrame:
    table = items.reset_index(drop=True)
    return pd.DataFrame({column: np.arange(len(table)), "identity": table["person"], "path": table["path"]})


def _identities(persons: list[str], people: People) -> pd.DataFrame:
    facts = {
        column: people.of(persons, column).to_numpy(dtype=object) for column in ("gender", "nationality")
    }
    table = pd.DataFrame({"identity": persons, **facts, "split": SPLIT})
    return table.assign(gender=table["gender"].replace("", "u"))


def _lines(rows: pd.DataFrame, direction: Direction, path_of: dict[Modality, np.ndarray]) -> list[str]:
    """Trials as text; those whose cell has too few people for all candidates are left out."""
    columns = [column for column in rows.columns if column.startswith("candidate")]
    rows = rows.dropna(subset=columns)
    cells = [path_of[PROBE_OF[direction]][rows["probe"].to_numpy(dtype=np.int64)]]
    cells += [path_of[GALLERY_OF[direction]][rows[column].to_numpy(dtype=np.int64)] for column in columns]
    return [" ".join(row) for row in zip(*cells, strict=True)]


def _write(path: Path, lines: list[str], seed: int) -> Path:
    write_text(path, "\n".join(lines) + "\n")
    note = {
        "status": "regenerated",
        "rule": RULE,
        "seed": seed,
        "rows": len(lines),
        "sha256": sha256_of(path),
    }
    write_json(path.with_name(path.name + SIDECAR), note)
    return path
