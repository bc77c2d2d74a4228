"""A corpus of a few people on disk, laid out as VoxCeleb1 beside VGGFace stills."""

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from vfal.core.seeding import generator

RATE_HZ = 16000
NATIONALITIES = ("Norway", "India", "Ghana")


def write_wav(path: Path, seconds: float, *, pitch_hz: float = 200.0, rate_hz: int = RATE_HZ) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    time_T = np.arange(round(seconds * rate_hz)) / rate_hz
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * pitch_hz * time_T), rate_hz, subtype="PCM_16")


def write_jpg(
    path: Path, *, colour: tuple[int, int, int] = (200, 80, 40), size: tuple[int, int] = (48, 48)
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, quality=95)


def write_corpus(root: Path, *, people: int, clips: int, faces: int, seconds: float = 0.6) -> Path:
    """Tones and patches whose pitch and colours belong to a person; no two clips or pictures are the same."""
    rows = ["VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet"]
    for person in range(people):
        identity, name = f"id{10001 + person}", f"Person_{person:03d}"
        nationality = NATIONALITIES[person // 2 % len(NATIONALITIES)]
        rows.append(f"{identity}\t{name}\t{'mf'[person % 2]}\t{nationality}\tdev")
        rng = generator(5, "tiny corpus", person)
        pitch_hz, pattern = rng.uniform(100, 1500), rng.integers(0, 256, (4, 4, 3))
        for clip in range(clips):
            path = root / "wav" / identity / f"video{clip % 2}" / f"{clip:05d}.wav"
            write_wav(path, seconds + 0.01 * clip, pitch_hz=pitch_hz * rng.uniform(0.98, 1.02))
        for face in range(faces):
            noisy = np.clip(pattern + rng.integers(-20, 20, pattern.shape), 0, 255).astype(np.uint8)
            path = root / "faces" / name / f"{face:08d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noisy).resize((48, 48), Image.Resampling.NEAREST).save(path, quality=90)
    (root / "vox1_meta.csv").write_text("\n".join(rows) + "\n")
    return root
