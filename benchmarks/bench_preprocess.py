"""Decoding and packing recordings and pictures, against one file after the other in one process.

Files are generated: a few people's, listed again and again, so that reading comes from the page cache in
both ways and what is timed is decoding, packing and the processes in between. Ours also keeps shards on disk
to continue from, and quarantines what cannot be decoded.
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from PIL import Image

from comparing import PLAIN, Row, compare, demo_params, show
from vfal.core.config.generated import GeneratedCorpus
from vfal.core.config.machine import Preprocess
from vfal.data.media import PackedFaces, PackedVoices, pack_faces, pack_voices
from vfal.data.voxceleb_layout import list_corpus
from vfal.datasets.generated import collect

# what it is like, seconds of a clip, pixels of a picture: the demo's, and the means of VoxCeleb1 and VGGFace
SIZES = (("demo", 2.0, 96), ("as VoxCeleb1", 8.2, 224))
PEOPLE, HOURS, FACES = 12, 2.0, 3_000
PLAIN_SHARE = 4  # the plain way does this part of the work


def main() -> None:
    rows = []
    for kind, clip_s, face_px in SIZES:
        params = demo_params()
        sizes = {"people": PEOPLE, "clip_min_s": clip_s, "clip_max_s": clip_s, "face_px": face_px}
        corpus = params.collect.generated.model_copy(update=sizes)
        with tempfile.TemporaryDirectory() as name:
            rows += _of_one_size(kind, corpus, params.preprocess, Path(name))
    show("Decoding and packing", rows, unit="per minute")


def _of_one_size(kind: str, people: GeneratedCorpus, settings: Preprocess, folder: Path) -> list[Row]:
    root, clip_s = folder / "tree", people.clip_max_s
    collect(people, root, seed=1, workers=1)
    corpus = list_corpus(root, workers=1)
    clips = _repeated(corpus.clips, "clip", int(HOURS * 3600 / clip_s))
    faces = _repeated(corpus.faces, "face", FACES)
    fewer_clips, fewer_faces = clips[::PLAIN_SHARE], faces[::PLAIN_SHARE]

    def ours(clips: pd.DataFrame | None, faces: pd.DataFrame | None) -> Path:
        with tempfile.TemporaryDirectory(dir=folder) as work:
            places = (root, folder / "packed", Path(work))
            if clips is not None:
                assert pack_voices(clips, *places, settings=settings, workers=0).empty
            if faces is not None:
                assert pack_faces(faces, *places, settings=settings, workers=0).empty
        return folder / "packed"

    packed = ours(fewer_clips, fewer_faces)
    assert np.array_equal(PackedVoices(packed).samples_T, _plain_voices(fewer_clips, root, folder))
    # Ours lets the decoder shrink a large JPEG while it reads it, so pixels differ by a few grey levels.
    difference = PackedFaces(packed).pixels_MHWC.astype(float) - _plain_faces(
        fewer_faces, root, folder, settings
    )
    assert np.abs(difference).mean() < 4
    hours, thousands = len(clips) * clip_s / 3600, len(faces) / 1000
    return [
        compare(
            f"{kind}: hours of {clip_s} s clips",
            {PLAIN: lambda: _plain_voices(fewer_clips, root, folder), "ours": lambda: ours(clips, None)},
            rounds=2,
            per={PLAIN: len(fewer_clips) * clip_s / 3600, "ours": hours},
        ),
        compare(
            f"{kind}: thousands of {people.face_px} px faces",
            {
                PLAIN: lambda: _plain_faces(fewer_faces, root, folder, settings),
                "ours": lambda: ours(None, faces),
            },
            rounds=2,
            per={PLAIN: len(fewer_faces) / 1000, "ours": thousands},
        ),
    ]


def _repeated(table: pd.DataFrame, number: str, count: int) -> pd.DataFrame:
    rows = np.arange(count) % len(table)
    return table.iloc[rows].assign(**{number: range(count)}).reset_index(drop=True)


def _plain_voices(clips: pd.DataFrame, root: Path, folder: Path) -> np.ndarray:
    waves = []
    for path in clips["path"]:
        samples, _ = soundfile.read(root / path, dtype="int16", always_2d=True)
        waves.append(samples[:, 0])
    joined = np.concatenate(waves)
    np.save(folder / "plain.npy", joined)
    return joined


def _plain_faces(faces: pd.DataFrame, root: Path, folder: Path, settings: Preprocess) -> np.ndarray:
    side = settings.face_px
    pictures = [
        np.asarray(Image.open(root / path).convert("RGB").resize((side, side), Image.Resampling.BILINEAR))
        for path in faces["path"]
    ]
    joined = np.stack(pictures)
    np.save(folder / "plain.npy", joined)
    return joined


if __name__ == "__main__":
    main()
