import pytest
import torch

from vfal.nn.feature_mlp import FeatureMLP
from vfal.nn.plain_features import PlainFeatures
from vfal.nn.tails import EmbeddingTails


def encoder(modality: str, width: int) -> FeatureMLP:
    return FeatureMLP(modality=modality, inputs=5, width=width, dropout=0.0)  # type: ignore[arg-type]


def test_a_shared_tail_gives_both_modalities_one_network() -> None:
    tails = EmbeddingTails(encoder("voice", 8), encoder("face", 8), width=3, shared=True)
    outputs = torch.randn(4, 8)
    assert torch.equal(tails(outputs, "voice"), tails(outputs, "face"))
    assert sum(parameter.numel() for parameter in tails.parameters()) == 8 * 8 + 8 + 8 * 3 + 3


def test_tails_of_their_own_differ_and_may_differ_in_width() -> None:
    tails = EmbeddingTails(encoder("voice", 8), encoder("face", 6), width=3, shared=False)
    assert tails(torch.randn(4, 8), "voice").shape == tails(torch.randn(4, 6), "face").shape == (4, 3)
    same = EmbeddingTails(encoder("voice", 8), encoder("face", 8), width=3, shared=False)
    outputs = torch.randn(4, 8)
    assert not torch.equal(same(outputs, "voice"), same(outputs, "face"))


def test_a_shared_tail_of_two_widths_is_refused() -> None:
    with pytest.raises(
        ValueError, match="one width, found 8 for voices and 6 for faces; set shared_tail: false"
    ):
        EmbeddingTails(encoder("voice", 8), encoder("face", 6), width=3, shared=True)


def test_plain_features_pass_as_they_are() -> None:
    encoder, features = PlainFeatures(modality="voice", inputs=7), torch.randn(2, 7)
    assert encoder.width == 7 and encoder(features) is features
