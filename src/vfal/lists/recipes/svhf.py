"""Lists in the manner of SVHF: 50 queries per identity about 8 of its items, the right place at random."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from vfal.core.types import DIRECTIONS, Direction, Group
from vfal.lists.crowd import Crowd, rows_of
from vfal.lists.recipe import Recipe
from vfal.metrics import Integers

QUERIES, PROBES = 50, 8  # per identity


class Svhf(Recipe):
    """`test_V2F_8_label50`: probe, candidates, and the place of the right one, counted from 0."""

    rule: ClassVar = (
        "svhf: 50 queries per identity about 8 of its items; in v2f the right face is of the voice's video, "
        "where it has one; wrong identities drawn uniformly"
    )
    marks: ClassVar[Mapping[Group, str]] = {"all": ""}
    usual: ClassVar = ("all",)

    def draw(
        self, crowd: Crowd, groups: tuple[Group, ...], candidates: int, tag: str
    ) -> Iterator[tuple[str, list[str]]]:
        """One list per direction."""
        for direction in DIRECTIONS:
            probes_T, gallery_TK, rng = _queries(crowd, direction, candidates)
            right_T = rng.integers(0, candidates, len(probes_T))
            rows = np.arange(len(probes_T))
            gallery_TK[rows, 0], gallery_TK[rows, right_T] = gallery_TK[rows, right_T], gallery_TK[rows, 0]
            paths = crowd.column("path", np.column_stack([probes_T, gallery_TK]))
            name = f"{tag}_{direction.upper()}_{PROBES}_label{QUERIES}"
            yield name, rows_of([*paths.T, right_T], " ")


def _queries(
    crowd: Crowd, direction: Direction, candidates: int
) -> tuple[Integers, Integers, np.random.Generator]:
    """Probes (T,), candidates (T, K) with the right one first, and the random numbers that are left."""
    rng = crowd.draws("svhf", direction)
    asking, asked = crowd.asking(direction), crowd.asked(direction)
    people_T = np.repeat(crowd.members("all"), QUERIES)
    some_IJ = {
        int(person): asking.several_of(np.array([person]), min(PROBES, int(asking.counts_I[person])), rng)[0]
        for person in np.unique(people_T)
    }
    others_TK = crowd.others(people_T, np.ones(len(crowd.people)), "all", candidates - 1, rng)
    enough = (others_TK >= 0).all(axis=1)
    people_T, others_TK = people_T[enough], others_TK[enough]
    probes_T = np.array([rng.choice(some_IJ[int(person)]) for person in people_T], dtype=np.int64)
    gallery_TK = asked.one_of(np.column_stack([people_T, others_TK]), rng)
    if direction == "v2f":
        gallery_TK[:, 0] = _of_one_video(crowd, probes_T, gallery_TK[:, 0], rng)
    return probes_T, gallery_TK, rng


def _of_one_video(crowd: Crowd, probes_T: Integers, faces_T: Integers, rng: np.random.Generator) -> Integers:
    """A face of each clip's own video; the face that stands there where the video has none."""
    faces = crowd.items[(crowd.items["modality"] == "face") & (crowd.items["video"] != "")]
    by_video = {key: rows.index.to_numpy() for key, rows in faces.groupby(["person", "video"])}
    keys = zip(crowd.column("person", probes_T), crowd.column("video", probes_T), strict=True)
    return np.array(
        [
            rng.choice(by_video[key]) if key in by_video else face
            for key, face in zip(keys, faces_T, strict=True)
        ],
        dtype=np.int64,
    )
