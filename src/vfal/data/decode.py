"""Reading one recording or one picture into the packed form.

A source is the path of a file, or the bytes of one (what a served model is sent).
"""

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

PAD_GREY = 127
_INT16_MAX = 32767


class DecodeError(Exception):
    """A file that cannot be decoded; the message is the reason alone."""


def decode_voice(source: Path | bytes, *, sample_rate_hz: int, longest_s: float) -> NDArray[np.int16]:
    """The first channel of a recording as int16 samples (T,) at `sample_rate_hz`, cut to `longest_s`.

    Raises `DecodeError` for a damaged, truncated, empty or silent file.
    """
    try:
        with soundfile.SoundFile(_readable(source)) as file:
            rate, promised = file.samplerate, file.frames
            wanted = min(promised, int(longest_s * rate) + 1)
            # Most corpora are packed as they are; anything else goes through floating point.
            as_packed = file.subtype == "PCM_16" and rate == sample_rate_hz
            samples = file.read(wanted, dtype="int16" if as_packed else "float32", always_2d=True)[:, 0]
    except soundfile.LibsndfileError as error:
        raise DecodeError(error.error_string) from error
    if len(samples) < wanted:
        raise DecodeError(f"truncated: header promises {promised} samples, {len(samples)} are there")
    size, expected = _size(source), _wav_bytes_promised(source)
    if size < expected:
        raise DecodeError(f"truncated: {size} bytes, header promises {expected}")
    if len(samples) == 0 or not np.isfinite(samples).all() or not samples.any():
        raise DecodeError("no sound: empty, silent or not finite")
    longest = int(longest_s * sample_rate_hz)
    if as_packed:
        return np.ascontiguousarray(samples[:longest])
    if rate != sample_rate_hz:
        # Imported where it is needed: scipy.signal takes a second, and most corpora are 16 kHz already.
        from scipy.signal import resample_poly

        ratio = Fraction(sample_rate_hz, rate)
        samples = resample_poly(samples, ratio.numerator, ratio.denominator)
    scaled_T: NDArray[np.float32] = np.rint(samples[:longest] * (_INT16_MAX + 1))
    return scaled_T.clip(-_INT16_MAX - 1, _INT16_MAX).astype(np.int16)


def _readable(source: Path | bytes) -> Path | BytesIO:
    return BytesIO(source) if isinstance(source, bytes) else source


def _size(source: Path | bytes) -> int:
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def _wav_bytes_promised(source: Path | bytes) -> int:
    """File size that the RIFF header states; 0 where it states none (streamed files write 0 or -1)."""
    if isinstance(source, bytes):
        head = source[:8]
    else:
        with source.open("rb") as handle:
            head = handle.read(8)
    if head[:4] != b"RIFF":
        return 0
    size = int.from_bytes(head[4:8], "little")
    return 0 if size in (0, 0xFFFFFFFF) else size + 8


def decode_face(source: Path | bytes, *, face_px: int) -> NDArray[np.uint8]:
    """A picture as RGB bytes (face_px, face_px, 3), its aspect ratio kept, padded with mid grey.

    Raises `DecodeError` for what is no picture or a damaged one.
    """
    try:
        with Image.open(_readable(source)) as image:
            image.draft("RGB", (face_px, face_px))
            picture = image.convert("RGB")
    except UnidentifiedImageError:
        raise DecodeError("not an image") from None
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DecodeError(getattr(error, "strerror", None) or str(error)) from error
    if picture.size != (face_px, face_px):
        grey = (PAD_GREY, PAD_GREY, PAD_GREY)
        picture = ImageOps.pad(picture, (face_px, face_px), Image.Resampling.BILINEAR, color=grey)
    return np.asarray(picture)
