import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from vfal.data.decode import PAD_GREY, DecodeError, decode_face, decode_voice

from ..tiny_corpus import write_jpg, write_wav


def voice(source: Path | bytes, longest_s: float = 10.0) -> np.ndarray:
    return decode_voice(source, sample_rate_hz=16000, longest_s=longest_s)


def test_sixteen_bit_samples_come_back_as_they_are(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32767, 16000, dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="PCM_16")
    assert np.array_equal(voice(tmp_path / "a.wav"), samples)
    assert np.array_equal(voice((tmp_path / "a.wav").read_bytes()), samples)


def test_of_two_channels_the_first_is_taken(tmp_path: Path) -> None:
    left, right = np.full(8000, 0.5), np.full(8000, -0.25)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 16000)
    assert np.array_equal(np.unique(voice(tmp_path / "a.wav")), [16384])


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 48000])
def test_another_rate_is_resampled_with_its_pitch_kept(tmp_path: Path, rate_hz: int) -> None:
    write_wav(tmp_path / "a.wav", 1.0, pitch_hz=1000, rate_hz=rate_hz)
    samples = voice(tmp_path / "a.wav")
    assert len(samples) == 16000
    middle = samples[4000:12000]
    assert np.abs(np.fft.rfft(middle)).argmax() == 500  # 1000 Hz over half a second
    assert np.abs(middle).max() == pytest.approx(0.3 * 32768, rel=0.02)


def test_a_long_recording_is_cut(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", 2.0, rate_hz=44100)
    assert len(voice(tmp_path / "a.wav", longest_s=0.5)) == 8000


def test_loud_floats_are_clipped_not_wrapped(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([1.5, -1.5, 1.0, 0.0]), 16000, subtype="FLOAT")
    assert voice(tmp_path / "a.wav").tolist() == [32767, -32768, 32767, 0]


def test_a_truncated_recording_is_refused_with_both_sizes(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", 1.0)
    whole = (tmp_path / "a.wav").read_bytes()
    with pytest.raises(DecodeError, match=f"truncated: 20000 bytes, header promises {len(whole)}"):
        voice(whole[:20000])


def test_a_truncated_compressed_recording_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.random.default_rng(0).uniform(-0.5, 0.5, 16000), 16000)
    with pytest.raises(DecodeError):
        voice((tmp_path / "a.flac").read_bytes()[:9000])


def test_a_stream_whose_header_promises_nothing_is_read(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", 0.5)
    streamed = bytearray((tmp_path / "a.wav").read_bytes())
    streamed[4:8] = b"\xff\xff\xff\xff"
    assert len(voice(bytes(streamed))) == 8000


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(16000), np.array([0.1, np.nan, 0.2])])
def test_a_recording_without_sound_is_refused(tmp_path: Path, samples: np.ndarray) -> None:
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    with pytest.raises(DecodeError, match="no sound"):
        voice(tmp_path / "a.wav")


@pytest.mark.parametrize("source", [b"", b"RIFF", b"text renamed to wav"])
def test_what_is_no_recording_is_refused(source: bytes) -> None:
    with pytest.raises(DecodeError, match=r"\w"):
        voice(source)


def test_a_picture_of_the_packed_size_comes_back_as_it_is(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert np.array_equal(decode_face(tmp_path / "a.png", face_px=32), pixels)
    assert np.array_equal(decode_face((tmp_path / "a.png").read_bytes(), face_px=32), pixels)


@pytest.mark.parametrize(("size", "covered"), [((64, 32), (8, 24, 0, 32)), ((32, 64), (0, 32, 8, 24))])
def test_a_picture_that_is_not_square_keeps_its_shape_between_grey(
    tmp_path: Path, size: tuple[int, int], covered: tuple[int, int, int, int]
) -> None:
    write_jpg(tmp_path / "a.jpg", size=size)
    pixels = decode_face(tmp_path / "a.jpg", face_px=32)
    top, bottom, left, right = covered
    inside = np.zeros((32, 32), dtype=bool)
    inside[top:bottom, left:right] = True
    assert pixels.shape == (32, 32, 3) and pixels.dtype == np.uint8
    assert (pixels[~inside] == PAD_GREY).all()
    assert np.abs(pixels[inside].astype(int) - (200, 80, 40)).max() < 8


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_every_kind_of_picture_becomes_rgb(mode: str) -> None:
    target = io.BytesIO()
    Image.new("RGB", (40, 40), (102, 102, 102)).convert(mode).save(
        target, "TIFF" if mode == "CMYK" else "PNG"
    )
    pixels = decode_face(target.getvalue(), face_px=32)
    assert pixels.shape == (32, 32, 3) and np.abs(pixels.astype(int) - 102).max() < 8


def test_text_renamed_to_jpg_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("text")
    with pytest.raises(DecodeError, match=r"^not an image$"):
        decode_face(tmp_path / "a.jpg", face_px=32)


def test_a_truncated_picture_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.jpg")
    with pytest.raises(DecodeError, match="truncated"):
        decode_face((tmp_path / "a.jpg").read_bytes()[:2000], face_px=32)
