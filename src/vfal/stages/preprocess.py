"""preprocess: decode every recording and picture once, into packed arrays."""

import shutil
from pathlib import Path

from vfal.core.config.params import Params
from vfal.core.errors import DataError
from vfal.core.files import read_json, write_json
from vfal.core.paths import MEDIA, PREPARED, RAW, REPORTS
from vfal.core.state import fingerprint, work_folder
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS, read_table
from vfal.data.media import pack_faces, pack_voices

REPORT = REPORTS / "preprocess.json"


def run(params: Params) -> None:
    """Write `data/media`; what cannot be decoded is named in the report with its reason."""
    settings, workers = params.preprocess, params.machine.workers
    root = Path(read_json(RAW / "corpus.json")["root"])
    clips = read_table(PREPARED / "clips.parquet", CLIP_COLUMNS)
    faces = read_table(PREPARED / "faces.parquet", FACE_COLUMNS)
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
    ratio = len(quarantined) / total
    write_json(REPORT, {"items": total, "corrupt_ratio": ratio, "quarantined": quarantined})
    if ratio > settings.max_corrupt_ratio:
        first = ", ".join(f"{entry['path']} ({entry['reason']})" for entry in quarantined[:3])
        raise DataError(
            f"preprocess: {len(quarantined)} of {total} files cannot be decoded ({ratio:.1%}), more than "
            f"preprocess.max_corrupt_ratio {settings.max_corrupt_ratio:.1%} allows. First: {first}. "
            f"All: {REPORT}."
        )
    shutil.rmtree(work)
