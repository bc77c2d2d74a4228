"""Seeking the Shape of Sound: matching, verification and retrieval, impostors by number of clips."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np
import pandas as pd

from vfal.core.config.protocols import TrialSettings
from vfal.core.types import DIRECTIONS, GALLERY_OF, PROBE_OF, Direction, Group, Modality, Split
from vfal.data.trials import make_trials
from vfal.lists.crowd import Crowd, rows_of
from vfal.lists.recipe import Recipe

QUERIES = 3
SPLIT: Split = "test"
ITEM: dict[Modality, str] = {"voice": "clip", "face": "face"}


class Ssos(Recipe):
    """`match_g_v2f_2_test`, `verify_f2v_test`, `reterival_v2f_test`."""

    rule: ClassVar = "ssos: 3 queries per item, wrong identities in proportion to their voice clips"
    marks: ClassVar[Mapping[Group, str]] = {"all": "", "same_gender": "g_", "same_nationality": "n_"}
    usual: ClassVar = ("all", "same_gender")

    def draw(
        self, crowd: Crowd, groups: tuple[Group, ...], candidates: int, tag: str
    ) -> Iterator[tuple[str, list[str]]]:
        """Five lists per direction for two groups; the draw is that of the map's own trial lists."""
        tables = {
            kind: _numbered(crowd.items[crowd.items["modality"] == kind], column)
            for kind, column in ITEM.items()
        }
        settings = TrialSettings(
            groups=groups,
            queries_per_probe=QUERIES,
            candidates=candidates,
            joint_queries_per_identity=1,
            joint_means=(),
        )
        trials = make_trials(
            crowd.people.assign(split=SPLIT),
            tables["voice"],
            tables["face"],
            split=SPLIT,
            seed=crowd.seed,
            settings=settings,
        )
        path_of = {kind: table["path"].to_numpy(dtype=object) for kind, table in tables.items()}
        for direction in DIRECTIONS:
            for group in groups:
                for kind, table, size in (("match", "matching", candidates), ("verify", "verification", 0)):
                    rows = trials[table]
                    rows = rows[(rows["direction"] == direction) & (rows["group"] == group)]
                    name = f"{kind}_{self.marks[group]}{direction}_{f'{size}_' if size else ''}{tag}"
                    yield name, _lines(rows, direction, path_of)
            sides = [rows_of([path_of[kind]], " ") for kind in (PROBE_OF[direction], GALLERY_OF[direction])]
            yield f"reterival_{direction}_{tag}", [" ".join(side) for side in sides]


def _numbered(items: pd.DataFrame, column: str) -> pd.DataFrame:
    table = items.reset_index(drop=True)
    return pd.DataFrame({column: np.arange(len(table)), "identity": table["person"], "path": table["path"]})


def _lines(rows: pd.DataFrame, direction: Direction, path_of: dict[Modality, np.ndarray]) -> list[str]:
    """Trials as text; those whose cell has too few people for all candidates are left out."""
    columns = [column for column in rows.columns if column.startswith("candidate")]
    rows = rows.dropna(subset=columns)
    cells = [path_of[PROBE_OF[direction]][rows["probe"].to_numpy(dtype=np.int64)]]
    cells += [path_of[GALLERY_OF[direction]][rows[column].to_numpy(dtype=np.int64)] for column in columns]
    return rows_of(cells, " ")
