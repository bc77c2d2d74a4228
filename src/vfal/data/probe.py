"""What the header of a recording or picture says, and the hash of its bytes.

Content counts, not the ending of a name: a flac called .wav is read as flac. A file whose header cannot
be read is not an error: its `problem` says why.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import soundfile
from PIL import Image, UnidentifiedImageError

from vfal.core.files import sha256_of

Measures = dict[str, object]


def probe_voice(path: Path) -> Measures:
    """bytes, sha256, problem, duration_s, sample_rate_hz of a recording."""
    size = path.stat().st_size
    measures: Measures = {"bytes": size, "sha256": sha256_of(path), "problem": ""}
    try:
        frames, rate_hz = frames_and_rate(path) if size else (0, 0)
    except (soundfile.LibsndfileError, ValueError) as error:
        reason = getattr(error, "error_string", None) or str(error)
        return measures | _unknown(f"header unreadable: {reason}", "duration_s", "sample_rate_hz")
    if not frames or not rate_hz:
        reason = "empty file: 0 bytes" if not size else "no sound: its header promises 0 samples"
        return measures | _unknown(reason, "duration_s", "sample_rate_hz")
    return measures | {"duration_s": frames / rate_hz, "sample_rate_hz": rate_hz}


def probe_face(path: Path) -> Measures:
    """bytes, sha256, problem, width_px, height_px of a picture."""
    size = path.stat().st_size
    measures: Measures = {"bytes": size, "sha256": sha256_of(path), "problem": ""}
    if not size:
        return measures | _unknown("empty file: 0 bytes", "width_px", "height_px")
    try:
        with Image.open(path) as image:
            width, height = image.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else str(error)
        return measures | _unknown(f"header unreadable: {reason}", "width_px", "height_px")
    return measures | {"width_px": width, "height_px": height}


def _unknown(problem: str, *columns: str) -> Measures:
    return {"problem": problem} | dict.fromkeys(columns)


def frames_and_rate(path: Path) -> tuple[int, int]:
    """Samples per channel and sample rate, as the header has them."""
    with path.open("rb") as handle:
        if is_mp4(handle.read(12)):
            handle.seek(0)
            try:
                return _mp4_frames_and_rate(handle)
            except (struct.error, StopIteration, IndexError):
                raise ValueError("an MPEG-4 file whose header ends early") from None
    info = soundfile.info(path)
    return info.frames, info.samplerate


def is_mp4(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an MPEG-4 container, as .m4a is."""
    return head[4:8] == b"ftyp"


def _mp4_frames_and_rate(handle: BinaryIO) -> tuple[int, int]:
    """Samples and rate of the first sound track, from `mdhd` (ISO/IEC 14496-12, 8.4.2).

    A decoder would need a process per file: hours for VoxCeleb2. The time scale of a sound track is its
    sample rate in every encoder we know.
    """
    moov = _top_box(handle, b"moov")
    for trak in _boxes(moov, b"trak"):
        mdia = next(_boxes(trak, b"mdia"))
        if next(_boxes(mdia, b"hdlr"))[8:12] != b"soun":
            continue
        mdhd = next(_boxes(mdia, b"mdhd"))
        rate_hz, frames = struct.unpack_from(*((">IQ", mdhd, 20) if mdhd[0] == 1 else (">II", mdhd, 12)))
        return frames, rate_hz
    raise ValueError("an MPEG-4 file without a sound track")


def _top_box(handle: BinaryIO, kind: bytes) -> bytes:
    """The content of the first box of a kind at the top of a file; others are passed over."""
    while head := handle.read(8):
        size, found = struct.unpack(">I4s", head)
        size = struct.unpack(">Q", handle.read(8))[0] - 16 if size == 1 else size - 8
        if found == kind:
            return handle.read(size)
        if size < 0:
            break
        handle.seek(size, 1)
    raise ValueError(f"an MPEG-4 file without the box {kind.decode()}; it may be truncated")


def _boxes(content: bytes, kind: bytes) -> Iterator[bytes]:
    place = 0
    while place + 8 <= len(content):
        size, found = struct.unpack_from(">I4s", content, place)
        if size < 8:
            return
        if found == kind:
            yield content[place + 8 : place + size]
        place += size
