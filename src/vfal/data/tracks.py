"""Tracks: which recordings and pictures come from one video, all that label-free methods are told.

Where pictures are stills of nobody's video, a person's pictures are dealt to the person's videos in turn:
a track then means "one person, seen and heard", which is what a tracker would have made of a video.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.types import Modality


@dataclass(frozen=True)
class Tracks:
    """`owners` are the people of tracks 0, 1, ...; `of_voices` and `of_faces` the track of each table row.

    -1 is a row in no track: a picture of a video without a recording, or the other way round.
    """

    owners: list[str]
    of_voices: NDArray[np.int64]
    of_faces: NDArray[np.int64]

    def of(self, modality: Modality) -> NDArray[np.int64]:
        """The track of each row of one modality's table."""
        return self.of_voices if modality == "voice" else self.of_faces


def tracks(clips: pd.DataFrame, faces: pd.DataFrame) -> Tracks:
    """Tracks of two tables with columns identity and, where known, video, in the order of the tables.

    Rows without an identity are in no track.
    """
    if "video" in faces and (faces["video"] != "").all():
        return _of_videos(clips, faces)
    videos = clips["identity"] + "/" + clips.get("video", "")
    place_of_clip = videos.groupby(clips["identity"]).transform(lambda video: pd.factorize(video)[0])
    place_of_face = faces.groupby("identity").cumcount()
    voices_each = place_of_clip.groupby(clips["identity"]).max() + 1
    faces_each = faces.groupby("identity").size()
    each = pd.concat([voices_each, faces_each], axis=1).min(axis=1, skipna=False).dropna().astype(int)
    starts = each.cumsum() - each
    owners = [person for person, size in each.items() for _ in range(size)]

    def numbered(people: pd.Series, place: pd.Series) -> NDArray[np.int64]:
        size = people.map(each)
        track = people.map(starts) + place % size
        return track.fillna(-1).to_numpy(dtype=np.int64)

    return Tracks(
        [str(owner) for owner in owners],
        numbered(clips["identity"], place_of_clip),
        numbered(faces["identity"], place_of_face),
    )


def _of_videos(clips: pd.DataFrame, faces: pd.DataFrame) -> Tracks:
    heard = pd.MultiIndex.from_frame(clips[["identity", "video"]])
    seen = pd.MultiIndex.from_frame(faces[["identity", "video"]])
    both = heard.unique().intersection(seen.unique(), sort=None)
    owners = [str(person) for person, _ in both]
    return Tracks(owners, both.get_indexer(heard).astype(np.int64), both.get_indexer(seen).astype(np.int64))
