"""Packed media: every recording and picture decoded once into one array per modality.

    faces.npy    uint8 (M, S, S, 3)          faces.parquet    face, identity, row
    voices.npy   int16 (all samples,)        voices.parquet   clip, identity, row, offset, samples

Rows follow the item tables, so one person's items lie together.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.config.machine import Preprocess
from vfal.core.errors import DataError
from vfal.core.files import whole_file, write_text
from vfal.core.tables import read_table, write_table
from vfal.core.workers import spread
from vfal.data.decode import DecodeError, decode_face, decode_voice

SHARD_ITEMS = 256  # decoded at a stretch; what a killed run loses at most, per process
Decoded = NDArray[Any] | str


def _try_voice(path: Path, settings: Preprocess) -> Decoded:
    try:
        return decode_voice(path, sample_rate_hz=settings.sample_rate_hz, longest_s=settings.longest_s)
    except DecodeError as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)


def _try_face(path: Path, settings: Preprocess) -> Decoded:
    try:
        return decode_face(path, face_px=settings.face_px)
    except DecodeError as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)


def pack_voices(
    clips: pd.DataFrame, root: Path, folder: Path, work: Path, *, settings: Preprocess, workers: int
) -> pd.DataFrame:
    """Decode `clips` into `folder`; returns the quarantined ones (clip, path, reason).

    `work` keeps finished shards; a run that was killed goes on after the last of them.
    """
    decode = partial(_try_voice, settings=settings)
    shards = _decode_shards(clips, root, work / "voices", decode, workers=workers, title="decode voices")
    kept, lengths, quarantined = _collect(clips, "clip", shards)
    _join(folder / "voices.npy", work / "voices", len(shards), np.dtype(np.int16), (int(sum(lengths)),))
    index = kept[["clip", "identity"]].copy()
    index["row"] = range(len(index))
    index["offset"] = np.concatenate([[0], np.cumsum(lengths)])[:-1].astype(np.int64)
    index["samples"] = np.asarray(lengths, dtype=np.int64)
    write_table(folder / "voices.parquet", index)
    return quarantined


def pack_faces(
    faces: pd.DataFrame, root: Path, folder: Path, work: Path, *, settings: Preprocess, workers: int
) -> pd.DataFrame:
    """Decode `faces` into `folder`; returns the quarantined ones (face, path, reason)."""
    decode = partial(_try_face, settings=settings)
    shards = _decode_shards(faces, root, work / "faces", decode, workers=workers, title="decode faces")
    kept, _, quarantined = _collect(faces, "face", shards)
    shape = (len(kept), settings.face_px, settings.face_px, 3)
    _join(folder / "faces.npy", work / "faces", len(shards), np.dtype(np.uint8), shape)
    index = kept[["face", "identity"]].copy()
    index["row"] = range(len(index))
    write_table(folder / "faces.parquet", index)
    return quarantined


Entry = tuple[int, str]  # of an item: how many values were decoded, and why none were


def _decode_shards(
    items: pd.DataFrame,
    root: Path,
    work: Path,
    decode: Callable[[Path], Decoded],
    *,
    workers: int,
    title: str,
) -> list[list[Entry]]:
    """Decode what is missing of the shards; the workers write them, so that no array crosses a pipe."""
    work.mkdir(parents=True, exist_ok=True)
    paths = [root / path for path in items["path"]]
    shards = [
        (work / f"{number:06d}", paths[start : start + SHARD_ITEMS])
        for number, start in enumerate(range(0, len(paths), SHARD_ITEMS))
    ]
    todo = [shard for shard in shards if not shard[0].with_suffix(".json").exists()]
    for _ in spread(partial(_write_shard, decode=decode), todo, workers=workers, title=title):
        pass
    return [json.loads(path.with_suffix(".json").read_text(encoding="utf-8")) for path, _ in shards]


def _write_shard(shard: tuple[Path, list[Path]], decode: Callable[[Path], Decoded]) -> None:
    target, paths = shard
    decoded = [decode(path) for path in paths]
    arrays = [item.reshape(-1) for item in decoded if not isinstance(item, str)]
    joined = np.concatenate(arrays) if arrays else np.empty(0, np.uint8)
    with whole_file(target.with_suffix(".npy")) as partial_path, partial_path.open("wb") as handle:
        np.save(handle, joined)
    # The json is written last: where it stands, the array beside it is whole.
    entries = [(0, item) if isinstance(item, str) else (item.size, "") for item in decoded]
    write_text(target.with_suffix(".json"), json.dumps(entries))


def _collect(
    items: pd.DataFrame, number: str, shards: list[list[Entry]]
) -> tuple[pd.DataFrame, list[int], pd.DataFrame]:
    entries = [entry for shard in shards for entry in shard]
    reasons = np.asarray([reason for _, reason in entries], dtype=object)
    good = reasons == ""
    bad = items.loc[~good, [number, "path"]].assign(reason=reasons[~good])
    return items.loc[good], [size for size, reason in entries if reason == ""], bad


def _join(target: Path, work: Path, shards: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """One .npy from the shards, streamed: memory stays at one shard."""
    with whole_file(target) as partial_path, partial_path.open("wb") as handle:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(handle, header)
        for number in range(shards):
            handle.write(np.load(work / f"{number:06d}.npy").astype(dtype, copy=False).tobytes())


class PackedVoices:
    """Recordings of a packed folder, mapped into memory: int16 samples at the packed rate."""

    def __init__(self, folder: Path) -> None:
        self.index = read_table(folder / "voices.parquet", ["clip", "identity", "row", "offset", "samples"])
        self.samples_T = _mapped(folder / "voices.npy")
        self.offsets = self.index["offset"].to_numpy()
        self.lengths = self.index["samples"].to_numpy()
        if int(self.lengths.sum()) != len(self.samples_T):
            raise DataError(
                f"{folder}/voices.npy: {len(self.samples_T)} samples, its index says {self.lengths.sum()}."
            )

    def crops(self, rows: NDArray[np.int64], starts: NDArray[np.int64], length: int) -> NDArray[np.int16]:
        """Pieces (B, length) of the recordings `rows`, beginning at `starts`; a short one is repeated.

        The published code tiles clips that are shorter than what it wants; so does this.
        """
        place = starts[:, None] + np.arange(length)[None, :]
        place %= self.lengths[rows][:, None]
        return np.asarray(self.samples_T[self.offsets[rows][:, None] + place])


class PackedFaces:
    """Pictures of a packed folder, mapped into memory: RGB bytes (M, S, S, 3)."""

    def __init__(self, folder: Path) -> None:
        self.index = read_table(folder / "faces.parquet", ["face", "identity", "row"])
        self.pixels_MHWC = _mapped(folder / "faces.npy")
        if len(self.index) != len(self.pixels_MHWC):
            raise DataError(
                f"{folder}/faces.npy: {len(self.pixels_MHWC)} pictures, its index says {len(self.index)}."
            )


def _mapped(path: Path) -> NDArray[Any]:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except FileNotFoundError:
        raise DataError(f"{path}: no such packed array. Run `dvc repro preprocess`.") from None
    except ValueError as error:
        raise DataError(f"{path}: damaged ({error}). Delete it and run `dvc repro preprocess`.") from error
