"""Every way a recording or picture can be bad, and what is said of it."""

import io
import os
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from PIL import Image

from vfal.core.config.params import Params
from vfal.core.errors import DataError, MachineError
from vfal.core.files import read_json
from vfal.data.decode import DecodeError, decode_face, decode_voice
from vfal.data.probe import probe_face, probe_voice
from vfal.stages.collect import run as collect

from ..tiny_corpus import write_corpus, write_jpg, write_wav
from ..tiny_params import tiny_params

M4A = Path(__file__).parent / "tone.m4a"  # 1.5 s of 440 Hz, AAC, 16 kHz


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VFAL_STATE", raising=False)
    return write_corpus(tmp_path / "corpus", people=3, clips=3, faces=3)


def own(root: Path, **changes: object) -> Params:
    return tiny_params(
        collect__dataset="vox1_vggface", collect__root=str(root), machine__workers=1, **changes
    )


def quarantined(root: Path) -> dict[str, str]:
    """Reasons by path, after collecting with room for many."""
    collect(own(root, collect__max_corrupt_ratio=0.9))
    return {
        entry["path"]: entry["reason"] for entry in read_json(Path("reports/collect.json"))["quarantined"]
    }


def test_files_of_no_length_or_no_size_are_named_with_the_reason(root: Path) -> None:
    (root / "wav/id10001/video0/00000.wav").write_bytes(b"")
    soundfile.write(root / "wav/id10001/video1/00001.wav", np.zeros(0), 16000)
    write_wav(root / "wav/id10002/video1/00001.wav", 0.05)
    (root / "faces/Person_000/00000000.jpg").write_bytes(b"")
    write_jpg(root / "faces/Person_001/00000000.jpg", size=(1, 1))
    assert quarantined(root) == {
        "wav/id10001/video0/00000.wav": "empty file: 0 bytes",
        "wav/id10001/video1/00001.wav": "no sound: its header promises 0 samples",
        "wav/id10002/video1/00001.wav": "0.050 s long, shorter than collect.least_clip_s 0.1",
        "faces/Person_000/00000000.jpg": "empty file: 0 bytes",
        "faces/Person_001/00000000.jpg": "1 x 1 px, smaller than collect.least_face_px 16",
    }


def test_too_many_bad_files_stop_the_map_by_the_key_and_the_first_names(root: Path) -> None:
    (root / "faces/Person_000/00000000.jpg").write_text("<html>404</html>")
    with pytest.raises(
        DataError,
        match=r"1 of 18 files cannot be decoded \(5.6%\), more than collect.max_corrupt_ratio 1.0% allows. "
        r"First: faces/Person_000/00000000.jpg \(header unreadable: not an image\). All: reports/",
    ):
        collect(own(root))


def test_a_link_that_leads_out_of_the_corpus_is_not_followed_unless_asked(root: Path, tmp_path: Path) -> None:
    write_jpg(tmp_path / "elsewhere/9.jpg", colour=(1, 2, 3))
    (root / "faces/Person_000/00000009.jpg").symlink_to(tmp_path / "elsewhere/9.jpg")
    (root / "faces/Person_002/more").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "wav/id10001/video0/gone.wav").symlink_to(tmp_path / "nowhere.wav")
    (root / "wav/id10001/video0/again").symlink_to(root / "wav/id10001", target_is_directory=True)
    found = quarantined(root)
    outside = "outside the corpus (collect.follow_links is false)"
    assert found["faces/Person_000/00000009.jpg"] == f"a link to {tmp_path}/elsewhere/9.jpg, {outside}"
    assert found["faces/Person_002/more"] == f"a link to {tmp_path}/elsewhere, {outside}"
    assert found["wav/id10001/video0/gone.wav"].endswith("nowhere.wav, which is not there")
    assert found["wav/id10001/video0/again"].endswith("wav/id10001, which is listed already")
    collect(own(root, collect__follow_links=True, collect__max_corrupt_ratio=0.9))
    assert len(read_json(Path("reports/collect.json"))["quarantined"]) == 2


def test_names_with_blanks_and_letters_of_any_script_are_names(root: Path) -> None:
    meta = (root / "vox1_meta.csv").read_text(encoding="utf-8")
    (root / "vox1_meta.csv").write_text(meta.replace("Person_000", "Žofia Nováková 李"), encoding="utf-8")
    (root / "faces/Person_000").rename(root / "faces/Žofia Nováková 李")
    write_wav(root / "wav/id10001/video0/ünder the tree.wav", 0.5)
    assert quarantined(root) == {}


def test_content_counts_not_the_ending(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.full(8000, 0.25), 16000)
    (tmp_path / "a.flac").rename(tmp_path / "flac.wav")
    Image.new("RGB", (40, 40), (9, 9, 9)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "png.jpg")
    assert probe_voice(tmp_path / "flac.wav")["problem"] == probe_face(tmp_path / "png.jpg")["problem"] == ""
    assert len(decode_voice(tmp_path / "flac.wav", sample_rate_hz=16000, longest_s=9)) == 8000
    assert (decode_face(tmp_path / "png.jpg", face_px=40) == 9).all()


@pytest.mark.parametrize(
    ("ending", "kind", "rate_hz", "channels"),
    [
        ("wav", "PCM_U8", 8000, 1), ("wav", "FLOAT", 44100, 2), ("flac", "PCM_24", 48000, 1),
        ("ogg", "VORBIS", 22050, 2), ("mp3", "MPEG_LAYER_III", 32000, 1), ("wav", "PCM_16", 11025, 6),
    ],
)  # fmt: skip
def test_any_kind_rate_and_channel_count_is_read(
    tmp_path: Path, ending: str, kind: str, rate_hz: int, channels: int
) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz)
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, np.stack([tone, *[tone * 0] * (channels - 1)], axis=1), rate_hz, subtype=kind)
    measures = probe_voice(path)
    assert measures["problem"] == "" and measures["sample_rate_hz"] == rate_hz
    samples = decode_voice(path, sample_rate_hz=16000, longest_s=10)
    assert abs(len(samples) - 16000) < 1200 and np.abs(np.fft.rfft(samples[:16000])).argmax() in range(
        438, 443
    )


def test_a_silent_recording_of_eight_bits_has_no_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 16000, subtype="PCM_U8")
    with pytest.raises(DecodeError, match="no sound"):
        decode_voice(tmp_path / "a.wav", sample_rate_hz=16000, longest_s=9)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize(
    ("orientation", "blue"),
    [(1, (5, 20)), (3, (35, 20)), (6, (20, 35)), (8, (20, 5))],  # as it lies, upside down, a quarter turn
)
def test_a_picture_is_turned_as_its_exif_says(orientation: int, blue: tuple[int, int]) -> None:
    image = Image.new("RGB", (40, 40), (200, 0, 0))
    image.paste((0, 0, 200), (0, 0, 40, 20))  # blue above
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = decode_face(saved(image, "JPEG", exif=exif, quality=95), face_px=40)
    assert pixels[blue][2] > 150 and pixels[39 - blue[0], 39 - blue[1], 0] > 150


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ((250, 0, 0), (0, 250, 0))]
    pixels = decode_face(saved(frames[0], kind, save_all=True, append_images=frames[1:]), face_px=40)
    assert np.abs(pixels.astype(int) - (250, 0, 0)).max() < 12


@pytest.mark.parametrize(
    ("mode", "kind", "grey"),
    [("CMYK", "JPEG", 102), ("L", "JPEG", 102), ("1", "PNG", 255), ("I;16", "PNG", 102), ("LA", "PNG", 102)],
)
def test_every_colour_space_becomes_rgb(mode: str, kind: str, grey: int) -> None:
    image = Image.new("RGB", (40, 40), (102, 102, 102)).convert("L")
    if mode == "I;16":
        image = Image.fromarray(np.full((40, 40), 102 * 257, np.uint16))
    elif mode == "1":
        image = Image.new("1", (40, 40), 1)
    else:
        image = image.convert("RGB").convert(mode) if mode == "CMYK" else image.convert(mode)
    pixels = decode_face(saved(image, kind), face_px=32)
    assert np.abs(pixels.astype(int) - grey).max() < 8


def test_what_is_transparent_becomes_grey() -> None:
    assert (decode_face(saved(Image.new("RGBA", (40, 40), (255, 0, 0, 0)), "PNG"), face_px=40) == 127).all()
    palette = Image.new("P", (40, 40), 0)
    palette.putpalette([255, 0, 0] * 256)
    assert (decode_face(saved(palette, "PNG", transparency=0), face_px=40) == 127).all()


def test_the_header_of_an_m4a_is_read_without_a_decoder(tmp_path: Path) -> None:
    measures = probe_voice(M4A)
    assert measures["sample_rate_hz"] == 16000 and measures["duration_s"] == pytest.approx(1.5, abs=0.1)
    (tmp_path / "cut.m4a").write_bytes(M4A.read_bytes()[:3000])
    assert "without the box moov; it may be truncated" in str(probe_voice(tmp_path / "cut.m4a")["problem"])


def test_an_m4a_is_decoded_by_the_program_ffmpeg(tmp_path: Path) -> None:
    if not shutil.which("ffmpeg"):
        pytest.skip("no ffmpeg on this machine")
    for source in (M4A, M4A.read_bytes()):
        samples = decode_voice(source, sample_rate_hz=16000, longest_s=1.0)
        assert len(samples) == 16000 and np.abs(np.fft.rfft(samples)).argmax() in (439, 440, 441)


def fake_ffmpeg(folder: Path, seconds: float) -> None:
    """A program that answers with a wav of a tone, as ffmpeg would."""
    write_wav(folder / "answer.wav", seconds)
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\ncat '{folder}/answer.wav'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_what_the_decoder_gives_is_checked_against_the_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    fake_ffmpeg(tmp_path, 1.5)
    assert len(decode_voice(M4A, sample_rate_hz=16000, longest_s=9)) == 24000
    fake_ffmpeg(tmp_path, 0.7)
    with pytest.raises(DecodeError, match=r"truncated: header promises 1.56 s, 0.70 are there"):
        decode_voice(M4A, sample_rate_hz=16000, longest_s=9)


def torchcodec(error: Exception) -> SimpleNamespace:
    """The module torchcodec.decoders, whose decoder fails so."""

    def decoder(path: Path) -> object:
        raise error

    return SimpleNamespace(AudioDecoder=decoder)


def test_without_any_decoder_an_m4a_stops_the_map_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vfal.data.aac.shutil.which", lambda name: None)
    monkeypatch.setattr("vfal.data.aac.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    with pytest.raises(MachineError, match=r"tone.m4a: AAC needs a decoder. Install the program ffmpeg"):
        decode_voice(M4A, sample_rate_hz=16000, longest_s=9)
    bare = torchcodec(RuntimeError("Could not load libtorchcodec. Likely causes: FFmpeg is not installed"))
    monkeypatch.setattr("vfal.data.aac.import_module", lambda name: bare)
    with pytest.raises(MachineError, match=r"tone.m4a: AAC needs a decoder. Install the program ffmpeg"):
        decode_voice(M4A, sample_rate_hz=16000, longest_s=9)
    damaged = torchcodec(RuntimeError("Could not open input file: moov atom not found"))
    monkeypatch.setattr("vfal.data.aac.import_module", lambda name: damaged)
    with pytest.raises(DecodeError, match="moov atom not found"):
        decode_voice(M4A, sample_rate_hz=16000, longest_s=9)
