from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.ndimage import map_coordinates

from vfal.core.config.phases import Augmentation
from vfal.core.errors import DataError
from vfal.core.tables import write_table
from vfal.data.features import Features, read_features, write_features
from vfal.data.inputs import FaceInputs, FeatureInputs, VoiceInputs, augment_faces
from vfal.data.media import PackedFaces, PackedVoices

PUBLISHED = Augmentation(
    flip_probability=0.5, rotate_probability=0.5, rotate_max_degrees=15, crop_min_s=0.1, crop_max_s=0.3
)
PLAIN = PUBLISHED.model_copy(update={"flip_probability": 0.0, "rotate_probability": 0.0})


def draws(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


def one_by_one(images_BCHW: np.ndarray, settings: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Flip, rotate about the old centre on a grown canvas, crop by one fraction of the growth."""
    count, channels, size, _ = images_BCHW.shape
    flips = rng.random(count) < settings.flip_probability
    degrees = rng.integers(-settings.rotate_max_degrees, settings.rotate_max_degrees, count)
    turns = rng.random(count) < settings.rotate_probability
    fractions = rng.random(count)
    result = np.empty_like(images_BCHW)
    centre = (size - 1) / 2
    for item, image_CHW in enumerate(images_BCHW):
        if flips[item]:
            image_CHW = image_CHW[:, :, ::-1]
        angle = np.deg2rad(degrees[item]) if turns[item] else 0.0
        canvas = size * (abs(np.cos(angle)) + abs(np.sin(angle)))
        offset = fractions[item] * (canvas - size)
        for row in range(size):
            for column in range(size):
                x, y = column + offset - centre, row + offset - centre
                source_x = np.cos(angle) * x + np.sin(angle) * y + centre
                source_y = -np.sin(angle) * x + np.cos(angle) * y + centre
                for channel in range(channels):
                    result[item, channel, row, column] = map_coordinates(
                        image_CHW[channel], [[source_y], [source_x]], order=1, mode="grid-constant", cval=0
                    )[0]
    return result


def test_all_pictures_at_once_are_varied_as_one_by_one() -> None:
    images = draws().uniform(-1, 1, (6, 3, 12, 12)).astype(np.float32)
    always = PUBLISHED.model_copy(update={"rotate_probability": 0.8})
    found = augment_faces(torch.from_numpy(images), always, draws(8)).numpy()
    wanted = one_by_one(images, always, draws(8))
    assert np.abs(found - wanted).max() < 1e-4
    assert np.abs(found - images).max() > 0.5


def test_nothing_changes_when_nothing_is_varied() -> None:
    images = torch.from_numpy(draws().uniform(-1, 1, (4, 3, 16, 16)).astype(np.float32))
    assert torch.allclose(augment_faces(images, PLAIN, draws()), images, atol=1e-5)
    no_angle = PUBLISHED.model_copy(update={"rotate_max_degrees": 0, "flip_probability": 0.0})
    assert torch.allclose(augment_faces(images, no_angle, draws()), images, atol=1e-5)


def test_a_certain_flip_is_the_mirror_image() -> None:
    images = torch.from_numpy(draws().uniform(-1, 1, (4, 3, 16, 16)).astype(np.float32))
    flipped = augment_faces(images, PLAIN.model_copy(update={"flip_probability": 1.0}), draws())
    assert torch.allclose(flipped, images.flip(3), atol=1e-5)


def test_what_a_rotation_uncovers_is_mid_grey_in_every_channel() -> None:
    white = torch.ones(40, 3, 32, 32)
    turned = augment_faces(white, PUBLISHED.model_copy(update={"rotate_probability": 1.0}), draws())
    assert turned.min() == 0 and turned.max() <= 1 + 1e-6
    assert torch.equal(turned[:, 0], turned[:, 1]) and torch.equal(turned[:, 0], turned[:, 2])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three recordings of 4000, 800 and 6000 samples that count upwards, and three pictures."""
    lengths = np.array([4000, 800, 6000])
    np.save(
        tmp_path / "voices.npy", np.concatenate([np.arange(length) for length in lengths]).astype(np.int16)
    )
    voices = {"clip": [5, 6, 9], "identity": ["a", "a", "b"], "row": [0, 1, 2]}
    voices |= {"offset": np.cumsum(lengths) - lengths, "samples": lengths}
    write_table(tmp_path / "voices.parquet", pd.DataFrame(voices))
    np.save(tmp_path / "faces.npy", draws().integers(0, 256, (3, 16, 16, 3), dtype=np.uint8))
    write_table(
        tmp_path / "faces.parquet",
        pd.DataFrame({"face": [1, 2, 4], "identity": list("aab"), "row": range(3)}),
    )
    return tmp_path


def voice_inputs(folder: Path, **changes: float) -> VoiceInputs:
    settings = PUBLISHED.model_copy(update=changes)
    return VoiceInputs(PackedVoices(folder), settings, sample_rate_hz=16000, whole_s=0.4)


def test_for_evaluation_a_clip_is_its_beginning_repeated_when_short(folder: Path) -> None:
    waves = voice_inputs(folder).plain(np.array([1, 2, 0]))
    assert waves.shape == (3, 6400) and waves.dtype == torch.float32
    assert waves[0].tolist() == [sample % 800 for sample in range(6400)]
    assert waves[1].tolist() == [sample % 6000 for sample in range(6400)]
    assert waves[2].tolist() == [sample % 4000 for sample in range(6400)]


def test_crops_of_a_batch_share_one_length_and_one_start(folder: Path) -> None:
    inputs = voice_inputs(folder)
    lengths = set()
    for seed in range(50):
        waves = inputs.draw(np.array([0, 2, 2]), draws(seed))
        assert 1600 <= waves.shape[1] <= 4800 and torch.equal(waves[1], waves[2])
        start = int(waves[1, 0])
        assert start + waves.shape[1] <= 6400 and int(waves[0, 0]) == start % 4000
        lengths.add(waves.shape[1])
    assert len(lengths) > 30
    assert torch.equal(inputs.draw(np.array([0]), draws(1)), inputs.draw(np.array([0]), draws(1)))


def test_a_crop_is_never_longer_than_what_is_embedded(folder: Path) -> None:
    inputs = voice_inputs(folder, crop_min_s=2.0, crop_max_s=3.0)
    assert inputs.draw(np.array([2]), draws()).shape == (1, 6400)


def test_pictures_become_numbers_between_minus_one_and_one(folder: Path) -> None:
    inputs = FaceInputs(PackedFaces(folder), PLAIN)
    plain = inputs.plain(np.array([2, 0]))
    wanted = (np.load(folder / "faces.npy")[[2, 0]].astype(np.float32) - 127.5) / 127.5
    assert plain.shape == (2, 3, 16, 16) and np.allclose(plain.permute(0, 2, 3, 1).numpy(), wanted)
    assert torch.allclose(inputs.draw(np.array([2, 0]), draws()), plain, atol=1e-5)


def test_features_are_given_by_row_and_never_varied() -> None:
    vectors = draws().standard_normal((5, 4)).astype(np.float32)
    inputs, rows = FeatureInputs(vectors), np.array([3, 3, 0])
    assert np.array_equal(inputs.plain(rows).numpy(), vectors[rows])
    assert torch.equal(inputs.draw(rows, draws()), inputs.plain(rows))


def test_features_come_back_from_disk_and_must_agree_with_their_index(tmp_path: Path) -> None:
    index = pd.DataFrame({"clip": [4, 7], "identity": ["a", "b"], "row": [0, 1]})
    vectors = draws().standard_normal((2, 3)).astype(np.float32)
    write_features(tmp_path, "voice", Features(index, vectors))
    found = read_features(tmp_path, "voice")
    assert np.array_equal(found.vectors_ND, vectors) and found.index.equals(index)
    np.save(tmp_path / "voices.npy", vectors[:1])
    with pytest.raises(DataError, match=r"voices.npy: 1 vectors, its index says 2"):
        read_features(tmp_path, "voice")
    (tmp_path / "voices.npy").write_bytes(b"text")
    with pytest.raises(DataError, match=r"voices.npy: damaged"):
        read_features(tmp_path, "voice")
    (tmp_path / "voices.npy").unlink()
    with pytest.raises(DataError, match=r"voices.npy: no such file. Run `dvc repro embed`"):
        read_features(tmp_path, "voice")
