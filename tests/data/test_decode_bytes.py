import numpy as np
import pytest
import soundfile
from PIL import Image

from vfal.core.seeding import generator
from vfal.data.decode import DecodeError, decode_face, decode_voice


@pytest.mark.parametrize("format_", ["wav", "flac", "ogg"])
def test_the_bytes_of_a_recording_decode_as_its_file_does(tmp_path, format_):
    path = tmp_path / f"clip.{format_}"
    soundfile.write(path, 0.1 * generator(1, "clip").standard_normal(8_000), 8_000)
    from_file = decode_voice(path, sample_rate_hz=16_000, longest_s=0.5)
    np.testing.assert_array_equal(
        decode_voice(path.read_bytes(), sample_rate_hz=16_000, longest_s=0.5), from_file
    )


def test_the_bytes_of_a_picture_decode_as_its_file_does(tmp_path):
    path = tmp_path / "face.jpg"
    Image.fromarray(generator(1, "face").integers(0, 256, (90, 70, 3), np.uint8)).save(path)
    np.testing.assert_array_equal(decode_face(path.read_bytes(), face_px=32), decode_face(path, face_px=32))


def test_truncated_bytes_are_refused_as_a_truncated_file_is(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, 0.1 * generator(1, "clip").standard_normal(8_000), 8_000)
    cut = path.read_bytes()[:-500]
    path.write_bytes(cut)
    for source in (cut, path):
        with pytest.raises(DecodeError, match="truncated"):
            decode_voice(source, sample_rate_hz=16_000, longest_s=10.0)


def test_bytes_that_are_no_media_are_refused():
    with pytest.raises(DecodeError):
        decode_voice(b"text", sample_rate_hz=16_000, longest_s=1.0)
    with pytest.raises(DecodeError, match="not an image"):
        decode_face(b"text", face_px=32)
