"""preprocess: decode every recording and picture once, into packed arrays."""

import shutil
from pathlib import Path

from vfal.core.config.params import Params
from vfal.core.files import read_json, write_json
from vfal.core.paths import MEDIA, PREPARED, RAW, REPORTS
from vfal.core.state import fingerprint, work_folder
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS, read_table
from vfal.data.features import GIVEN
from vfal.data.given import take_given
from vfal.data.media import pack_faces, pack_voices
from vfal.data.quarantine import refuse_too_many

REPORT = REPORTS / "preprocess.json"


def run(params: Params) -> None:
    """Write `data/media`; what cannot be decoded is named in the report with its reason."""
    settings, workers = params.preprocess, params.machine.workers
    corpus = read_json(RAW / "corpus.json")
    root = Path(corpus["root"])
    clips = read_table(PREPARED / "clips.parquet", CLIP_COLUMNS)
    faces = read_table(PREPARED / "faces.parquet", FACE_COLUMNS)
    if corpus.get("holds") == "features":
        take_given(RAW / GIVEN, MEDIA, clips, faces, face_px=settings.face_px)
        write_json(REPORT, {"items": len(clips) + len(faces), "corrupt_ratio": 0.0, "quarantined": []})
        return
    inputs = [PREPARED / "clips.parquet", PREPARED / "faces.parquet"]
    work = work_folder("preprocess", fingerprint("preprocess", settings.model_dump(), inputs))
    lost = {
        "voices": pack_voices(clips, root, MEDIA, work, settings=settings, workers=workers),
        "faces": pack_faces(faces, root, MEDIA, work, settings=settings, workers=workers),
    }
    total = len(clips) + len(faces)
    quarantined = [
        {"path": path, "reason": reason}
        for table in lost.values()
        for path, reason in zip(table["path"], table["reason"], strict=True)
    ]
    report = {"items": total, "corrupt_ratio": len(quarantined) / total, "quarantined": quarantined}
    write_json(REPORT, report)
    refuse_too_many(report, settings.max_corrupt_ratio, "preprocess.max_corrupt_ratio", REPORT)
    shutil.rmtree(work)
