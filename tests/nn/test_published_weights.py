from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from vfal.core.errors import WeightsError
from vfal.nn.heads import ProjectionHead, SharedClassifier
from vfal.nn.published_weights import fill, load_published, load_released, read_weights
from vfal.nn.resnet_se_34l import ResNetSE34L

PUBLISHED = {"pool.query": "attention", "pool.linear.": "sap_linear.", "front_end.mel.": "torchfb."}


def published(module: nn.Module, prefix: str = "") -> dict[str, Tensor]:
    """A module's state under the names the published code writes."""
    state = {}
    for name, value in module.state_dict().items():
        for ours, theirs in PUBLISHED.items():
            name = name.replace(ours, theirs)
        state[prefix + name] = value
    return state


def voice_encoder(seed: int) -> ResNetSE34L:
    torch.manual_seed(seed)
    return ResNetSE34L()


def expect_equal(first: nn.Module, second: nn.Module) -> None:
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return tmp_path / "weights.model"


@pytest.mark.parametrize("prefix", ["", "__S__.", "module.", "module.__S__."])
def test_a_speaker_network_loads_under_every_published_prefix(prefix: str, saved: Path) -> None:
    trained, fresh = voice_encoder(1), voice_encoder(2)
    loss = {prefix.replace("S", "L") + "w": torch.ones(1)} if "__S__" in prefix else {}
    torch.save({**published(trained, prefix), **loss}, saved)
    load_published(fresh, saved)
    expect_equal(fresh, trained)


def test_a_file_of_the_old_format_loads(saved: Path) -> None:
    trained, fresh = voice_encoder(1), voice_encoder(2)
    torch.save(published(trained), saved, _use_new_zipfile_serialization=False)
    load_published(fresh, saved)
    expect_equal(fresh, trained)


def test_an_old_file_without_batch_counts_and_front_end_loads(saved: Path) -> None:
    trained, fresh = voice_encoder(1), voice_encoder(2)
    state = published(trained)
    torch.save({k: v for k, v in state.items() if "torchfb" not in k and "num_batches" not in k}, saved)
    load_published(fresh, saved)
    expect_equal(fresh, trained)


def test_the_released_checkpoint_fills_encoders_heads_and_classifier(saved: Path) -> None:
    def parts(seed: int) -> tuple[nn.Linear, ResNetSE34L, ProjectionHead, ProjectionHead, SharedClassifier]:
        torch.manual_seed(seed)
        heads = ProjectionHead(512, 128, dropout=0.5), ProjectionHead(512, 128, dropout=0.5)
        return nn.Linear(3, 2), ResNetSE34L(), *heads, SharedClassifier(128, 20)

    face, voice, face_head, voice_head, classifier = trained = parts(1)
    state = {
        **published(face, "F.model."),
        **published(face_head, "F.fc."),
        **published(classifier, "F.cls."),
        **published(voice, "V.model."),
        **published(voice_head, "V.fc."),
        "center.weight": torch.ones(20),
    }
    torch.save({"start_it": 8000, "stage": "train", "state_dict": state, "optimizer": {}}, saved)
    face, voice, face_head, voice_head, classifier = fresh = parts(2)
    load_released(
        saved,
        encoders={"face": face, "voice": voice},
        heads={"face": face_head, "voice": voice_head},
        classifier=classifier,
    )
    for first, second in zip(fresh, trained, strict=True):
        expect_equal(first, second)
    alone = voice_encoder(3)
    load_published(alone, saved)
    expect_equal(alone, trained[1])
    with pytest.raises(WeightsError, match=r"weight: found \(20, 128\), expected \(7, 128\)"):
        load_released(saved, encoders={}, heads={}, classifier=SharedClassifier(128, 7))


def test_a_file_that_does_not_fit_is_refused_with_the_difference() -> None:
    encoder = voice_encoder(1)
    state = published(encoder)
    for name in [name for name in state if name.startswith("layer4.")]:
        del state[name]
    state["fc.weight"] = torch.zeros(256, 128)
    state["extra.weight"] = torch.zeros(1)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    with pytest.raises(WeightsError) as refusal:
        fill(encoder, state, source="some.model")
    message = str(refusal.value)
    assert message.startswith(
        "some.model: does not fit ResNetSE34L: 47 entries missing, 1 unexpected, 1 of another"
    )
    assert "another shape: fc.weight: found (256, 128), expected (512, 128)" in message
    assert "unexpected: extra.weight" in message
    assert "missing: layer4.0.conv1.weight" in message
    assert "missing: ... and 37 more" in message
    torch.testing.assert_close(encoder.state_dict(), before, rtol=0, atol=0)


def test_a_front_end_with_pre_emphasis_is_another_network(saved: Path) -> None:
    state = published(voice_encoder(1))
    state["torchfb.0.flipped_filter"] = torch.zeros(1, 1, 2)
    torch.save(state, saved)
    with pytest.raises(WeightsError, match=r"unexpected: front_end.mel.0.flipped_filter"):
        load_published(voice_encoder(2), saved)


def test_a_file_that_holds_other_objects_is_never_unpickled(saved: Path) -> None:
    torch.save({"weight": torch.zeros(2), "epoch": Fraction(1, 2)}, saved)
    with pytest.raises(WeightsError, match="not a file of tensors alone"):
        read_weights(saved)


@pytest.mark.parametrize("content", [b"", b"<html>404 not found</html>", b"PK\x03\x04 truncated"])
def test_a_file_that_is_no_weight_file_is_refused(content: bytes, saved: Path) -> None:
    saved.write_bytes(content)
    with pytest.raises(WeightsError, match=r"weights\.model: not a"):
        read_weights(saved)


def test_an_absent_file_is_refused_by_name(saved: Path) -> None:
    with pytest.raises(WeightsError, match=r"weights\.model: no such weight file"):
        read_weights(saved)


@pytest.mark.parametrize("content", [[torch.zeros(2)], {}, {"state_dict": {"epoch": 3}}])
def test_a_file_without_named_tensors_is_refused(content: object, saved: Path) -> None:
    torch.save(content, saved)
    with pytest.raises(WeightsError, match="expected a"):
        read_weights(saved)
