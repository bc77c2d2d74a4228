"""Files that a model is given, as encoder inputs; what it must not be given is refused."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vfal.core.config.params import Params
from vfal.core.config.serve import Serve
from vfal.core.config.validate import Range
from vfal.core.errors import DataError
from vfal.core.types import Modality
from vfal.data.batches import Inputs
from vfal.data.decode import DecodeError, decode_face, decode_voice
from vfal.data.inputs import FaceInputs, VoiceInputs
from vfal.data.media import PackedFaces, PackedVoices

Media = NDArray[Any]  # int16 samples (T,) or RGB bytes (S, S, 3)
# Pillow also opens formats that run other programs (EPS).
PICTURES = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
RECORDINGS = ("wav", "flac", "ogg", "mp3")


class LooseVoices(PackedVoices):
    """Decoded recordings that come from no folder."""

    def __init__(self, clips: Sequence[NDArray[np.int16]]) -> None:
        self.samples_T = np.concatenate(clips)
        self.lengths = np.asarray([len(clip) for clip in clips], dtype=np.int64)
        self.offsets = np.cumsum(self.lengths) - self.lengths


class LooseFaces(PackedFaces):
    """Decoded pictures that come from no folder."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        self.pixels_MHWC = np.stack(pictures)


def kind_of(file: bytes) -> Modality | None:
    """Whether a file is a recording or a picture, by its content; None when it is neither."""
    try:
        soundfile.SoundFile(io.BytesIO(file)).close()
    except soundfile.LibsndfileError:
        try:
            Image.open(io.BytesIO(file), formats=PICTURES).close()
        except (OSError, Image.DecompressionBombError):
            return None
        return "face"
    return "voice"


def read_media(modality: Modality, file: bytes, place: str, params: Params) -> Media:
    """A file decoded; one that is damaged or beyond the limits of `serve` is a `DataError`.

    Its message begins with `place`: the row and column, or the path, that the file came from.
    """
    limits = params.serve
    if not isinstance(file, bytes):
        raise DataError(f"{place}: expected the bytes of a file, found {type(file).__name__}.")
    if not file:
        raise DataError(f"{place}: empty, 0 bytes.")
    refuse_size(len(file), modality, place, limits)
    settings = params.preprocess
    try:
        if modality == "voice":
            _check_voice(file, place, limits)
            rate_hz, longest_s = settings.sample_rate_hz, settings.longest_s
            return decode_voice(file, sample_rate_hz=rate_hz, longest_s=longest_s)
        _check_face(file, place, limits)
        return decode_face(file, face_px=settings.face_px)
    except DecodeError as error:
        raise DataError(f"{place}: cannot be decoded: {str(error).rstrip('.')}.") from None


def inputs_of(modality: Modality, media: Sequence[Media], params: Params) -> Inputs:
    """Decoded files as encoder inputs, as the stage `embed` makes them."""
    augmentation = params.pretrain.augmentation
    if modality == "face":
        return FaceInputs(LooseFaces(media), augmentation)
    rate_hz, whole_s = params.preprocess.sample_rate_hz, params.embed.voice_s
    return VoiceInputs(LooseVoices(media), augmentation, sample_rate_hz=rate_hz, whole_s=whole_s)


def refuse_size(size: int, modality: Modality, place: str, limits: Serve) -> None:
    """A `DataError` when a file of `size` bytes is larger than a file of its kind may be."""
    most: int = getattr(limits.most_bytes, modality)
    if size > most:
        raise DataError(f"{place}: found {size:,} bytes, expected at most {most:,}.")


def _check_voice(file: bytes, place: str, limits: Serve) -> None:
    """Refuse by the header alone what would be costly or pointless to decode."""
    try:
        with soundfile.SoundFile(io.BytesIO(file)) as header:
            rate_hz, samples, channels = header.samplerate, header.frames, header.channels
    except soundfile.LibsndfileError as error:
        reason = error.error_string.rstrip(".")
        raise DataError(f"{place}: not a recording ({reason}); expected {_listed(RECORDINGS)}.") from None
    _within(rate_hz, limits.sample_rate_hz, f"{place}: sample rate", "Hz")
    _within(channels, limits.channels, f"{place}: channels", "")
    _within(samples / rate_hz, limits.clip_duration_s, f"{place}: length", "s")


def _check_face(file: bytes, place: str, limits: Serve) -> None:
    try:
        with Image.open(io.BytesIO(file), formats=PICTURES) as picture:
            sides = picture.size
    except UnidentifiedImageError:
        raise DataError(f"{place}: not an image; expected {_listed(PICTURES)}.") from None
    except Image.DecompressionBombError:
        raise DataError(
            f"{place}: a picture too large to open; {_expected(limits.face_side_px, 'px')}."
        ) from None
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{place}: cannot be decoded: {error}.") from None
    for side in sides:
        _within(side, limits.face_side_px, f"{place}: side", "px")


def _within(found: float, limits: Range, what: str, unit: str) -> None:
    if not limits.least <= found <= limits.most:
        raise DataError(f"{what}: found {f'{found:.4g} {unit}'.rstrip()}, {_expected(limits, unit)}.")


def _expected(limits: Range, unit: str) -> str:
    return f"expected {limits.least:g} to {limits.most:g} {unit}".rstrip()


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
