"""Listing a corpus of VoxCeleb1's size: 150,000 recordings and 140,000 pictures, tiny and all different.

    python benchmarks/ingest.py [folder]

Prints wall time and peak memory of `vfal stage collect` on a fresh tree, on the same tree again, and
after a kill in the middle. The tree (1.2 GB on most disks) is made below `folder` and removed again.
"""

import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from vfal.core.config.params import read_raw, with_overrides
from vfal.core.files import write_json
from vfal.datasets.generated.tree import wav_bytes

PEOPLE, CLIPS, FACES = 1_250, 120, 112
REPOSITORY = Path(__file__).resolve().parents[1]


def write_tree(root: Path) -> None:
    """1,250 people, 120 clips of 0.1 s in twelve videos and 112 pictures of 16 px each."""
    rng = np.random.default_rng(0)
    rows = ["VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet"]
    for person in range(PEOPLE):
        identity, name = f"id{10001 + person}", f"Person_{person:04d}"
        rows.append(f"{identity}\t{name}\t{'mf'[person % 2]}\tNorway\tdev")
        for clip in range(CLIPS):
            path = root / "wav" / identity / f"video{person:04d}{clip % 12:02d}" / f"{clip:05d}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wav_bytes(rng.integers(-999, 999, 1600, dtype=np.int16)))
        (root / "faces" / name).mkdir(parents=True)
        for face in range(FACES):
            stream = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(stream, "JPEG")
            (root / "faces" / name / f"{face:08d}.jpg").write_bytes(stream.getvalue())
    (root / "vox1_meta.csv").write_text("\n".join(rows) + "\n")


def collect(folder: Path, title: str, kill_after_s: float | None = None) -> None:
    """Run `vfal stage collect` in `folder` and print what it took."""
    start = time.monotonic()
    process = subprocess.Popen(["vfal", "stage", "collect"], cwd=folder, start_new_session=True)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.killpg(process.pid, signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - start
    spent_s, most_mb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    print(
        f"{title:32} {wall_s:7.1f} s wall {spent_s:7.1f} s of processors {most_mb:6.0f} MB, status {status}",
        flush=True,
    )


def main() -> None:
    """Make the tree, list it three times, remove it."""
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        folder = Path(name)
        start = time.monotonic()
        write_tree(folder / "corpus")
        print(f"the tree was written in {time.monotonic() - start:.0f} s", flush=True)
        raw = read_raw(REPOSITORY / "params.yaml")
        keys = {"collect.dataset": "vox1_vggface", "collect.root": str(folder / "corpus")}
        write_json(folder / "params.yaml", with_overrides(raw, keys))
        collect(folder, "first look")
        collect(folder, "second look, nothing changed")
        shutil.rmtree(folder / ".state")
        collect(folder, "killed after 30 s", kill_after_s=30)
        collect(folder, "and gone on")


if __name__ == "__main__":
    main()
