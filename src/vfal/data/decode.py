"""Reading one recording or one picture into the packed form.

A source is the path of a file, or the bytes of one (what a served model is sent).
"""

from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from vfal.data.aac import AacError, decode_mp4
from vfal.data.probe import is_mp4

PAD_GREY = 127
_GREY = (PAD_GREY, PAD_GREY, PAD_GREY)
_INT16_MAX = 32767


class DecodeError(Exception):
    """A file that cannot be decoded; the message is the reason alone."""


def decode_voice(source: Path | bytes, *, sample_rate_hz: int, longest_s: float) -> NDArray[np.int16]:
    """The first channel of a recording as int16 samples (T,) at `sample_rate_hz`, cut to `longest_s`.

    Raises `DecodeError` for a damaged, truncated, empty or silent file.
    """
    samples, rate = (
        _mp4(source, longest_s) if is_mp4(_head(source)) else _sound(source, sample_rate_hz, longest_s)
    )
    if len(samples) == 0 or not np.isfinite(samples).all() or not samples.any():
        raise DecodeError("no sound: empty, silent or not finite")
    longest = int(longest_s * sample_rate_hz)
    if samples.dtype == np.int16:
        return np.ascontiguousarray(samples[:longest])
    if rate != sample_rate_hz:
        # Imported where it is needed: scipy.signal takes a second, and most corpora are 16 kHz already.
        from scipy.signal import resample_poly

        ratio = Fraction(sample_rate_hz, rate)
        samples = resample_poly(samples, ratio.numerator, ratio.denominator)
    scaled_T: NDArray[np.float32] = np.rint(samples[:longest] * (_INT16_MAX + 1))
    return scaled_T.clip(-_INT16_MAX - 1, _INT16_MAX).astype(np.int16)


def _mp4(source: Path | bytes, longest_s: float) -> tuple[NDArray[Any], int]:
    try:
        return decode_mp4(source, longest_s=longest_s)
    except AacError as error:
        raise DecodeError(str(error)) from error


def _sound(source: Path | bytes, sample_rate_hz: int, longest_s: float) -> tuple[NDArray[Any], int]:
    """The first channel and its rate: int16 where it is packed as it is, else floating point."""
    try:
        with soundfile.SoundFile(_readable(source)) as file:
            rate, promised = file.samplerate, file.frames
            wanted = min(promised, int(longest_s * rate) + 1)
            as_packed = file.subtype == "PCM_16" and rate == sample_rate_hz
            samples_T = file.read(wanted, dtype="int16" if as_packed else "float32", always_2d=True)[:, 0]
    except soundfile.LibsndfileError as error:
        raise DecodeError(error.error_string) from error
    if len(samples_T) < wanted:
        raise DecodeError(f"truncated: header promises {promised} samples, {len(samples_T)} are there")
    size, expected = _size(source), _wav_bytes_promised(source)
    if size < expected:
        raise DecodeError(f"truncated: {size} bytes, header promises {expected}")
    return samples_T, rate


def _head(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:12]
    with source.open("rb") as handle:
        return handle.read(12)


def _readable(source: Path | bytes) -> Path | BytesIO:
    return BytesIO(source) if isinstance(source, bytes) else source


def _size(source: Path | bytes) -> int:
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def _wav_bytes_promised(source: Path | bytes) -> int:
    """File size that the RIFF header states; 0 where it states none (streamed files write 0 or -1)."""
    head = _head(source)
    if head[:4] != b"RIFF":
        return 0
    size = int.from_bytes(head[4:8], "little")
    return 0 if size in (0, 0xFFFFFFFF) else size + 8


def decode_face(source: Path | bytes, *, face_px: int) -> NDArray[np.uint8]:
    """A picture as RGB bytes (face_px, face_px, 3), its aspect ratio kept, padded with mid grey.

    Turned as its EXIF says; of an animation the first picture; what is transparent becomes mid grey.
    Raises `DecodeError` for what is no picture or a damaged one.
    """
    try:
        with Image.open(_readable(source)) as image:
            image.draft("RGB", (face_px, face_px))
            picture = _upright_rgb(image)
    except UnidentifiedImageError:
        raise DecodeError("not an image") from None
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DecodeError(getattr(error, "strerror", None) or str(error)) from error
    if picture.size != (face_px, face_px):
        picture = ImageOps.pad(picture, (face_px, face_px), Image.Resampling.BILINEAR, color=_GREY)
    return np.asarray(picture)


def _upright_rgb(image: Image.Image) -> Image.Image:
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I;16"):  # Pillow would cut 16-bit grey at 255
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, (*_GREY, 255)), seen).convert("RGB")
