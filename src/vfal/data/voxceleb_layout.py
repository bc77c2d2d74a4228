"""Listing a tree laid out as VoxCeleb1 recordings beside VGGFace stills.

wav/<id>/<video>/<n>.wav      16 kHz mono
faces/<Name>/<n>.jpg          or VGG_ALL_FRONTAL/<Name>/<n>.jpg
vox1_meta.csv                 tab-separated: VoxCeleb1 ID, VGGFace1 ID, Gender, Nationality, Set
"""

from collections.abc import Collection
from pathlib import Path

import pandas as pd
import soundfile
from PIL import Image, UnidentifiedImageError

from vfal.core.errors import DataError
from vfal.core.files import sha256_of
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS
from vfal.data.measured import Measured
from vfal.dataset import Corpus

FACE_FOLDERS = ("faces", "VGG_ALL_FRONTAL")
META_FILE = "vox1_meta.csv"
META_COLUMNS = {
    "VoxCeleb1 ID": "identity",
    "VGGFace1 ID": "name",
    "Gender": "gender",
    "Nationality": "nationality",
}
VOICE_ENDINGS = (".wav", ".flac", ".ogg", ".mp3")
FACE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


def list_corpus(
    root: Path, *, workers: int, withdrawn: Collection[str] = (), measured: Measured | None = None
) -> Corpus:
    """The tables of the tree at `root`, without the identities that have `withdrawn`.

    Every file's header is read and its bytes are hashed, unless `measured` knows it. A file whose header
    cannot be read stays in its table with the reason under `problem`; a person without any file stays
    too, for `validate` to find. Files of withdrawn people are not opened. Raises `DataError` when the
    tree has no recordings, no pictures or no table of people.
    """
    everybody = read_meta(root / META_FILE)
    folder = next((root / name for name in FACE_FOLDERS if (root / name).is_dir()), None)
    if folder is None:
        raise DataError(f"{root}: neither {' nor '.join(FACE_FOLDERS)} is there; expected a folder of faces.")
    identity_of = dict(zip(everybody["name"], everybody["identity"], strict=True))
    places = {
        path: place
        for path in _files(root / "wav", VOICE_ENDINGS)
        if (place := _clip_place(path, root))["identity"] not in withdrawn
    }
    owners = {
        path: owner
        for path in _files(folder, FACE_ENDINGS)
        if (owner := identity_of.get(path.parent.name, path.parent.name)) not in withdrawn
    }
    measured = measured or Measured()
    clips = pd.DataFrame(
        [
            places[path] | measures
            for path, measures in measured.look([*places], _probe_voice, workers=workers, title="list clips")
        ]
    )
    faces = pd.DataFrame(
        [
            {"identity": owners[path], "path": path.relative_to(root).as_posix()} | measures
            for path, measures in measured.look([*owners], _probe_face, workers=workers, title="list faces")
        ]
    )
    measured.keep()
    return Corpus(
        root,
        everybody[~everybody["identity"].isin(withdrawn)].reset_index(drop=True),
        _numbered(clips, "clip", CLIP_COLUMNS),
        _numbered(faces, "face", FACE_COLUMNS),
    )


def read_meta(path: Path) -> pd.DataFrame:
    """The people of a `vox1_meta.csv`: identity, name, gender, nationality, each cell stripped."""
    try:
        meta = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; expected the tab-separated table of people.") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a tab-separated table ({error}).") from error
    meta = meta.rename(columns=str.strip)
    missing = [column for column in META_COLUMNS if column not in meta.columns]
    if missing:
        raise DataError(
            f"{path}: column(s) {', '.join(missing)} missing; found {', '.join(meta.columns)}. "
            "Expected a tab-separated vox1_meta.csv."
        )
    people = meta.rename(columns=META_COLUMNS)[list(META_COLUMNS.values())]
    for column in people.columns:
        people[column] = people[column].str.strip()
    return people.sort_values("identity", ignore_index=True)


def _files(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings)
    if not files:
        raise DataError(f"{folder}: holds no {', '.join(endings)} file; the corpus is empty.")
    return files


def _clip_place(path: Path, root: Path) -> dict[str, object]:
    relative = path.relative_to(root)
    if len(relative.parts) != 4:
        raise DataError(f"{path}: expected wav/<identity>/<video>/<clip>.wav under {root}.")
    return {"identity": relative.parts[1], "video": relative.parts[2], "path": relative.as_posix()}


def _probe_voice(path: Path) -> dict[str, object]:
    measures: dict[str, object] = {"bytes": path.stat().st_size, "sha256": sha256_of(path), "problem": ""}
    try:
        info = soundfile.info(path)
    except soundfile.LibsndfileError as error:
        return measures | {
            "duration_s": None,
            "sample_rate_hz": None,
            "problem": f"header unreadable: {error.error_string}",
        }
    return measures | {"duration_s": info.frames / info.samplerate, "sample_rate_hz": info.samplerate}


def _probe_face(path: Path) -> dict[str, object]:
    measures: dict[str, object] = {"bytes": path.stat().st_size, "sha256": sha256_of(path), "problem": ""}
    try:
        with Image.open(path) as image:
            width, height = image.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else str(error)
        return measures | {"width_px": None, "height_px": None, "problem": f"header unreadable: {reason}"}
    return measures | {"width_px": width, "height_px": height}


def _numbered(table: pd.DataFrame, number: str, columns: tuple[str, ...]) -> pd.DataFrame:
    table = table.sort_values(["identity", "path"], ignore_index=True)
    table.insert(0, number, range(len(table)))
    whole = [name for name in ("sample_rate_hz", "width_px", "height_px") if name in table.columns]
    return table.astype(dict.fromkeys(whole, "Int64"))[list(columns)]
