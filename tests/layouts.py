"""The tiny corpus moved into the layout of every data set of the shelf."""

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .tiny_corpus import write_corpus


def lay_out(dataset: str, root: Path, *, people: int = 6, clips: int = 2, faces: int = 2) -> dict[str, Any]:
    """Write `people` people of tones as `dataset` wants them; returns the keys of `collect` that say so."""
    write_corpus(root, people=people, clips=clips, faces=faces)
    return {"dataset": dataset, "root": str(root)} | LAYOUTS.get(dataset, lambda root: {})(root)


def _names(root: Path) -> dict[str, str]:
    meta = pd.read_csv(root / "vox1_meta.csv", sep="\t")
    return dict(zip(meta["VGGFace1 ID"], meta["VoxCeleb1 ID"], strict=True))


def _moved(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, target)


def _video_faces(root: Path) -> dict[str, Any]:
    for face in sorted((root / "faces").rglob("*.jpg")):
        video = f"video{int(face.stem) % 2}"
        _moved(
            face, root / "unzippedFaces" / face.parent.name / "1.6" / video / f"{25 * int(face.stem):07d}.jpg"
        )
    shutil.rmtree(root / "faces")
    return {}


def _vox2(root: Path) -> dict[str, Any]:
    names = _names(root)
    people = list(enumerate(names.items(), start=1))
    _moved(root / "wav", root / "dev" / "aac")
    for number, (name, _) in people:
        _moved(root / "faces" / name, root / "train" / f"n{number:06d}")
    (root / "train" / "n009999").mkdir()
    shutil.copy(next((root / "train" / "n000001").iterdir()), root / "train" / "n009999" / "0001_01.jpg")
    rows = [f"{identity} ,n{number:06d} ,{'mf'[number % 2]} ,dev " for number, (_, identity) in people]
    (root / "vox2_meta.csv").write_text(
        "\ufeffVoxCeleb2 ID,VGGFace2 ID,Gender,Set\n" + "\n".join(rows) + "\n"
    )
    rows = [f'n{number:06d}, "{name},_Jr.", 2, 1, m' for number, (name, _) in people]
    (root / "identity_meta.csv").write_text("Class_ID, Name, Sample_Num, Flag, Gender\n" + "\n".join(rows))
    return {}


def _mav(root: Path) -> dict[str, Any]:
    names = _names(root)
    for clip in sorted((root / "wav").rglob("*.wav")):
        identity, video, name = clip.relative_to(root / "wav").parts
        language = ("English", "Urdu")[int(clip.stem) % 2]
        _moved(clip, root / "voices" / identity / language / video / name)
    for face in sorted((root / "faces").rglob("*.jpg")):
        language = ("English", "Urdu")[int(face.stem) % 2]
        _moved(face, root / "turned" / names[face.parent.name] / language / "video0" / face.name)
    shutil.rmtree(root / "faces")
    (root / "turned").rename(root / "faces")
    return {}


def _folder(root: Path) -> dict[str, Any]:
    _moved(root / "wav", root / "voices")
    for name, identity in _names(root).items():
        (root / "faces" / name).rename(root / "faces" / identity)
    rows = [
        f"{identity},{name},{'mf'[number % 2]}"
        for number, (name, identity) in enumerate(_names(root).items())
    ]
    (root / "people.csv").write_text("identity,name,gender\n" + "\n".join(rows) + "\n")
    return {}


def _pack(root: Path) -> dict[str, Any]:
    """Vectors of eight numbers in place of files; recordings under ids, frames below `1.6`."""
    names, rng = _names(root), np.random.default_rng(0)
    people = sorted(names)
    parts = {"train": people[:-4] or people, "valid": people[-4:-2], "test": people[-2:]}
    voices = {
        "/".join(clip.relative_to(root / "wav").parts): rng.normal(size=8).astype(np.float32)
        for clip in sorted((root / "wav").rglob("*.wav"))
    }
    faces = {
        f"{face.parent.name}/1.6/video0/{face.name}": rng.normal(size=8)
        for face in sorted((root / "faces").rglob("*.jpg"))
    }
    (root / "info").mkdir()
    tables = {
        "train_valid_test_names": parts,
        "name2gender": dict.fromkeys(people, "male"),
        "name2voice_id": names,
    }
    for name, value in tables.items():
        (root / f"info/{name}.pkl").write_bytes(pickle.dumps(value))
    for name, value in {"voice_input": voices, "face_input": faces}.items():
        (root / f"{name}.pkl").write_bytes(pickle.dumps(value, protocol=2))
    return {}


LAYOUTS = {
    "vfal_eva_features": _pack,
    "vox1_video": _video_faces,
    "vox2_vggface2": _vox2,
    "mav_celeb": _mav,
    "folder": _folder,
}
