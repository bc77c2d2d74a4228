"""A few invented people with clips and pictures under VoxCeleb names, and lists about them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vfal.lists.people import People, read_people

VIDEO = "abcdefghij{}"


class Corpus:
    """People `id10001`... named `Person_00`..., in pairs of women and men, with vectors that agree."""

    def __init__(self, folder: Path, people: int = 8, seed: int = 0) -> None:
        self.folder = folder
        rng = np.random.default_rng(seed)
        self.ids = [f"id{10001 + row}" for row in range(people)]
        self.names = [f"Person_{row:02d}" for row in range(people)]
        self.id_of = dict(zip(self.names, self.ids, strict=True))
        self.meta = folder / "vox1_meta.csv"
        rows = [
            f"{who}\t{name}\t{'fm'[row % 2]}\t{'Land ' + 'AB'[row // 4 % 2]}\tdev"
            for row, (who, name) in enumerate(zip(self.ids, self.names, strict=True))
        ]
        self.write("vox1_meta.csv", ["VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet", *rows])
        self.voices, self.faces, self.owner, vectors = [], [], {}, []
        shared = rng.normal(size=(people, 6))
        for row in range(people):
            for item in range(1, 1 + int(rng.integers(3, 6))):
                self.voices.append(f"{self.ids[row]}/{VIDEO.format(item % 2)}/{item:05d}.wav")
                self.faces.append(f"{self.names[row]}/{item:08d}.jpg")
                for path in (self.voices[-1], self.faces[-1]):
                    self.owner[path] = row
                    vectors.append(shared[row] + rng.normal(size=6))
        paths = [path for pair in zip(self.voices, self.faces, strict=True) for path in pair]
        self.vector = dict(zip(paths, np.array(vectors, dtype=np.float32), strict=True))

    def write(self, name: str, lines: list[str], end: str = "\n") -> Path:
        path = self.folder / name
        path.write_bytes((end.join(lines) + end).encode())
        return path

    @property
    def people(self) -> People:
        return read_people([self.meta])

    def npz(self, name: str = "e.npz", paths: list[str] | None = None, **changed: np.ndarray) -> Path:
        paths = list(self.vector) if paths is None else paths
        vectors = np.stack([changed.get(path, self.vector.get(path)) for path in paths])
        np.savez(self.folder / name, paths=np.array(paths), vectors=vectors)
        return self.folder / name

    def sides(self, direction: str) -> tuple[list[str], list[str]]:
        return (self.voices, self.faces) if direction == "v2f" else (self.faces, self.voices)

    def other(self, path: str, items: list[str], rng: np.random.Generator, *, own: bool) -> str:
        able = [item for item in items if (self.owner[item] == self.owner[path]) == own]
        return able[int(rng.integers(len(able)))]

    def match_lines(self, direction: str, wrong: int = 1, seed: int = 0) -> list[str]:
        rng = np.random.default_rng(seed)
        probes, gallery = self.sides(direction)
        lines = []
        for probe in probes:
            chosen = [self.other(probe, gallery, rng, own=True)]
            chosen += [self.other(probe, gallery, rng, own=False) for _ in range(wrong)]
            lines.append(" ".join([probe, *chosen]))
        return lines

    def verify_lines(self, direction: str, seed: int = 0) -> list[str]:
        rng = np.random.default_rng(seed)
        probes, gallery = self.sides(direction)
        coin = rng.random(len(probes)) < 0.5
        return [
            f"{p} {self.other(p, gallery, rng, own=bool(own))}" for p, own in zip(probes, coin, strict=True)
        ]

    def cosine(self, one: str, other: str) -> float:
        a, b = (self.vector[path].astype(float) for path in (one, other))
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    def table(self) -> pd.DataFrame:
        return pd.DataFrame({"path": list(self.vector), "vector": [v.tolist() for v in self.vector.values()]})


@pytest.fixture
def corpus(tmp_path) -> Corpus:
    return Corpus(tmp_path)
