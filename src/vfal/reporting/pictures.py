"""Faces as rows of the page: who was retrieved for a voice, and whom training left out."""

import base64
import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from PIL import Image

from vfal.core.config.params import Params
from vfal.core.paths import PREPARED
from vfal.core.tables import read_table
from vfal.data.media import PackedFaces

LARGEST_PX = 96  # of a picture on the page


@dataclass(frozen=True)
class Picture:
    """One face on the page: its bytes as a data address, what to say of it, and how to frame it."""

    source: str
    caption: str
    title: str
    mark: str = ""


@dataclass(frozen=True)
class Retrieved:
    """One voice: whose it is, a face of theirs, and the faces found, best first."""

    own: Picture
    found: tuple[Picture, ...]


class Album:
    """The packed faces and who they belong to."""

    def __init__(self, packed: PackedFaces, identities: pd.DataFrame) -> None:
        self.packed = packed
        self.people = identities.set_index("identity")

    @cached_property
    def _row_of_face(self) -> dict[int, int]:
        return dict(zip(self.packed.index["face"], self.packed.index["row"], strict=True))

    @cached_property
    def _first_row(self) -> dict[str, int]:
        first = self.packed.index.drop_duplicates("identity")
        return dict(zip(first["identity"], first["row"], strict=True))

    def about(self, identity: str) -> str:
        """Gender and nationality in a few letters."""
        person = self.people.loc[identity]
        return f"{person['gender']}, {str(person['nationality'])[:9]}".strip(", ")

    def of_face(self, face: int, identity: str, mark: str) -> Picture:
        """A certain picture."""
        return self._picture(self._row_of_face[face], identity, self.about(identity), mark)

    def of_person(self, identity: str, caption: str | None = None, mark: str = "") -> Picture | None:
        """The first picture of someone; None when none could be decoded."""
        if identity not in self._first_row:
            return None
        return self._picture(self._first_row[identity], identity, caption or self.about(identity), mark)

    def _picture(self, row: int, identity: str, caption: str, mark: str) -> Picture:
        image = Image.fromarray(np.asarray(self.packed.pixels_MHWC[row]))
        image.thumbnail((LARGEST_PX, LARGEST_PX))
        stream = io.BytesIO()
        image.save(stream, format="PNG", optimize=True)
        address = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
        return Picture(address, caption, f"{identity}: {self.about(identity)}", mark)


def retrieved_rows(found: pd.DataFrame, album: Album, params: Params) -> list[Retrieved]:
    """Picture rows from `retrieved.csv` (probe, rank, face, identity, correct)."""
    clips = read_table(PREPARED / "clips.parquet", ["clip", "identity"]).set_index("clip")["identity"]
    rows = []
    for probe, faces in found.groupby("probe", sort=True):
        own = album.of_person(str(clips[probe]))
        if own is None:
            continue
        best = faces.sort_values("rank").head(params.compare.retrieved_faces)
        pictures = tuple(
            album.of_face(int(face), identity, "right" if correct else "")
            for face, identity, correct in zip(best["face"], best["identity"], best["correct"], strict=True)
        )
        rows.append(Retrieved(own, pictures))
    return rows[: params.compare.retrieved_voices]


def dropped_groups(
    voted: pd.DataFrame, personalised: set[str] | None, album: Album, params: Params
) -> dict[str, "Group"]:
    """Identities by how the full method dealt with them, hardest first; truth unknown is one group.

    An identity counts as dropped when at least half of the seeds dropped it.
    """
    seeds = len(params.seeds)
    dropped = voted["times"] >= seeds / 2
    if personalised is None:
        return {"Dropped": Group.of(voted[dropped], album, params, "")}
    true = voted["identity"].isin(personalised)
    return {
        "Personalised, found": Group.of(voted[dropped & true], album, params, "right"),
        "Personalised, missed": Group.of(voted[~dropped & true], album, params, "wrong"),
        "Dropped, but not personalised": Group.of(voted[dropped & ~true], album, params, ""),
    }


@dataclass(frozen=True)
class Group:
    """Some identities of a kind: how many there are, and the first of them in pictures."""

    size: int
    pictures: tuple[Picture, ...]

    @classmethod
    def of(cls, voted: pd.DataFrame, album: Album, params: Params, mark: str) -> "Group":
        """The first `compare.dropped_faces` of `voted`."""
        seeds, shown = len(params.seeds), voted.head(params.compare.dropped_faces)
        pictures = [
            album.of_person(identity, f"{times} of {seeds}", mark)
            for identity, times in zip(shown["identity"], shown["times"], strict=True)
        ]
        return cls(len(voted), tuple(picture for picture in pictures if picture is not None))
