"""Recordings that libsndfile cannot read: AAC in an MPEG-4 container, as VoxCeleb2 is published.

The program `ffmpeg` decodes them, or the library torchcodec where it is installed (it needs ffmpeg's
libraries). Neither comes with vfal.
"""

import shutil
import subprocess
import tempfile
from importlib import import_module
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from vfal.core.errors import MachineError
from vfal.data.probe import frames_and_rate

LEAST_SHARE = 0.9  # of the samples promised; encoders pad the first and the last frame


class AacError(Exception):
    """A file that its decoder refuses; the message is the reason alone."""


def decode_mp4(source: Path | bytes, *, longest_s: float) -> tuple[NDArray[np.float32], int]:
    """The first channel (T,) of at most `longest_s` seconds, and its rate in Hz.

    Raises `AacError` for a damaged or truncated file, `MachineError` where nothing can decode it.
    """
    if isinstance(source, bytes):
        with tempfile.NamedTemporaryFile(suffix=".m4a") as file:  # its index may be at its end
            file.write(source)
            file.flush()
            return decode_mp4(Path(file.name), longest_s=longest_s)
    try:
        frames, rate_hz = frames_and_rate(source)
    except ValueError as error:
        raise AacError(str(error)) from error
    if program := shutil.which("ffmpeg"):
        samples_T, found_hz = _by_program(program, source, longest_s)
    else:
        samples_T, found_hz = _by_library(source, longest_s)
    wanted = min(frames / rate_hz, longest_s)
    if len(samples_T) / found_hz < LEAST_SHARE * wanted:
        raise AacError(
            f"truncated: header promises {wanted:.2f} s, {len(samples_T) / found_hz:.2f} are there"
        )
    return samples_T, found_hz


def _by_program(program: str, path: Path, longest_s: float) -> tuple[NDArray[np.float32], int]:
    # The container is named, so that no content can pass for a playlist that opens other files.
    read = ["-v", "error", "-nostdin", "-protocol_whitelist", "file", "-f", "mov", "-i", str(path.absolute())]
    write = ["-map", "0:a:0", "-t", str(longest_s), "-f", "wav", "-c:a", "pcm_s16le", "pipe:1"]
    done = subprocess.run([program, *read, *write], capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise AacError(lines[-1].replace(f"{path.absolute()}: ", "") if lines else "ffmpeg refuses it")
    try:
        samples_TC, rate_hz = soundfile.read(BytesIO(done.stdout), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise AacError(error.error_string) from error
    return samples_TC[:, 0], rate_hz


def _by_library(path: Path, longest_s: float) -> tuple[NDArray[np.float32], int]:
    try:
        decoder = import_module("torchcodec.decoders").AudioDecoder
    except (ImportError, OSError, RuntimeError):  # torchcodec without ffmpeg's libraries: RuntimeError
        raise _without_decoder(path) from None
    try:
        samples = decoder(path).get_samples_played_in_range(0.0, longest_s)
    except (RuntimeError, ValueError) as error:
        if "libtorchcodec" in str(error):  # newer ones notice only here that the libraries are missing
            raise _without_decoder(path) from None
        raise AacError(str(error).splitlines()[0]) from error
    return samples.data[0].numpy(), int(samples.sample_rate)


def _without_decoder(path: Path) -> MachineError:
    return MachineError(
        f"{path}: AAC needs a decoder. Install the program ffmpeg, or torchcodec with ffmpeg's libraries."
    )
