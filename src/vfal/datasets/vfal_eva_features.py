"""The published feature pack of vfal-eva: vectors in place of files, 901 / 100 / 250 people of VoxCeleb1."""

from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.config.machine import Collect
from vfal.core.errors import DataError
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS
from vfal.core.types import Modality
from vfal.data.plain_pickle import read_plain_pickle
from vfal.data.voxceleb_layout import corpus_root
from vfal.dataset import Corpus, Dataset, DatasetCard

SPLITS_FILE, GENDERS_FILE = "train_valid_test_names.pkl", "name2gender.pkl"
IDS_FILE = "name2voice_id.pkl"
WORD_OF = {"train": "train", "valid": "val", "val": "val", "test": "test"}
VECTORS: Mapping[Modality, str] = {"voice": "voice_input.pkl", "face": "face_input.pkl"}


class VfalEvaFeatures(Dataset):
    """`info/*.pkl`, `voice_input.pkl` and `face_input.pkl`; the pickles may hold plain values only."""

    card: ClassVar[DatasetCard] = DatasetCard(
        title="vfal-eva: frozen features of VoxCeleb1 voices and video faces",
        licence="as granted by the owners of VoxCeleb1 and of the pack",
        source="my-yy/vfal-eva, dataset.zip",
    )

    def collect(
        self, settings: Collect, folder: Path, *, workers: int, withdrawn: Collection[str] = ()
    ) -> Corpus:
        """Take the vectors over, each made one long; a person's name is the identity. Column `set`."""
        root = corpus_root(settings, f"info/{SPLITS_FILE}, {' and '.join(VECTORS.values())}")
        people = _people(root, withdrawn)
        names = {name: name for name in people["identity"]}
        ids = _plain_dict(root / "info" / IDS_FILE)
        by_id = {str(number): name for name, number in ids.items() if name in names}
        clips, voices_ND = _items(root / VECTORS["voice"], "clip", names | by_id)
        faces, faces_MD = _items(root / VECTORS["face"], "face", names)
        clips = clips.assign(duration_s=np.nan, sample_rate_hz=pd.array([pd.NA] * len(clips), "Int64"))
        none = pd.array([pd.NA] * len(faces), "Int64")
        faces = faces.assign(width_px=none, height_px=none)
        return Corpus(
            root,
            people,
            clips[list(CLIP_COLUMNS)],
            faces[[*FACE_COLUMNS, "video"]],
            features={"voice": voices_ND, "face": faces_MD},
        )


def _people(root: Path, withdrawn: Collection[str]) -> pd.DataFrame:
    path = root / "info" / SPLITS_FILE
    splits, genders = _plain_dict(path), _plain_dict(root / "info" / GENDERS_FILE)
    if {*splits} - {*WORD_OF}:
        raise DataError(f"{path}: found {', '.join(map(str, splits))}; expected names of train, valid, test.")
    rows = [
        {"identity": name, "name": name, "gender": str(genders.get(name, "u"))[:1], "nationality": "",
         "set": WORD_OF[part]}
        for part, names in splits.items() for name in names if name not in withdrawn
    ]  # fmt: skip
    return pd.DataFrame(rows).sort_values("identity", ignore_index=True)


def _items(path: Path, number: str, people: Mapping[str, str]) -> tuple[pd.DataFrame, NDArray[np.float32]]:
    """Keys `Name/(1.6/)video/item`, sorted, and their vectors (N, D) of length 1, as the pack is used.

    `people` are names by what a key may begin with: recordings may be under the VoxCeleb1 id.
    """
    vectors = _plain_dict(path)
    rows = []
    for key in vectors:
        first, video, item = ["", "", *str(key).replace("/1.6/", "/").split("/")][-3:]
        if name := people.get(first):
            rows.append({"identity": name, "video": video, "path": f"{name}/{video}/{item}", "key": key})
    if not rows:
        key = next(iter(vectors), "nothing")
        raise DataError(f"{path}: no key begins with a name of {SPLITS_FILE}; the first is {key}.")
    table = pd.DataFrame(rows).sort_values(["identity", "path"], ignore_index=True)
    raw_ND = np.stack([np.asarray(vectors[key], dtype=np.float32).reshape(-1) for key in table["key"]])
    lengths_N = np.linalg.norm(raw_ND, axis=1, keepdims=True)
    usable_N = np.isfinite(lengths_N[:, 0]) & (lengths_N[:, 0] > 0)
    vectors_ND = (raw_ND / np.where(usable_N[:, None], lengths_N, 1)).astype(np.float32)
    table = table.drop(columns="key").assign(
        bytes=[vector.nbytes for vector in vectors_ND],
        sha256=[sha256(vector.tobytes()).hexdigest() for vector in vectors_ND],
        problem=np.where(usable_N, "", "a vector of zeros, or not finite"),
    )
    table.insert(0, number, range(len(table)))
    return table, vectors_ND


def _plain_dict(path: Path) -> dict[Any, Any]:
    value = read_plain_pickle(path)
    if not isinstance(value, dict):
        raise DataError(f"{path}: found a {type(value).__name__}, expected a dict.")
    return value
