import pytest
import torch

from vfal.core.errors import DataError
from vfal.nn.ir_50 import IR50
from vfal.nn.resnet_se_34l import ResNetSE34L
from vfal.nn.se_resnet_50 import SEResNet50
from vfal.nn.thin_resnet_34 import ThinResNet34


def size(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("network", "parameters"), [(IR50, 43_574_976), (ResNetSE34L, 1_437_078), (SEResNet50, 26_039_024)]
)
def test_a_published_network_has_its_published_size(network: type[torch.nn.Module], parameters: int) -> None:
    assert size(network()) == parameters


def test_ir_50_wants_faces_of_112_pixels() -> None:
    with pytest.raises(DataError, match=r"found \(2, 3, 64, 64\), expected \(B, 3, 112, 112\)"):
        IR50()(torch.zeros(2, 3, 64, 64))


def test_reversed_channels_feed_blue_where_red_was() -> None:
    torch.manual_seed(0)
    as_given, reversed_ = IR50(reverse_channels=False).eval(), IR50(reverse_channels=True).eval()
    reversed_.load_state_dict(as_given.state_dict())
    faces_BCHW = torch.rand(1, 3, 112, 112) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(reversed_(faces_BCHW), as_given(faces_BCHW.flip(1)))


def test_the_papers_voice_encoder_takes_either_pooling() -> None:
    attentive, average = (
        ThinResNet34(width=64, pooling="self_attentive"),
        ThinResNet34(width=64, pooling="average"),
    )
    wave_BT = torch.randn(2, 6000) * 1000
    assert attentive(wave_BT).shape == average(wave_BT).shape == (2, 64)
    assert size(attentive) - size(average) == 128 * 128 + 128 + 128


def test_the_shapes_of_the_voice_network_for_two_and_a_half_seconds() -> None:
    network = ResNetSE34L().eval()
    shapes = []
    for layer in (network.layer1, network.layer2, network.layer3, network.layer4):
        layer.register_forward_hook(lambda _m, _i, output: shapes.append(tuple(output.shape[1:])))
    with torch.no_grad():
        network(torch.randn(1, 40_000) * 1000)
    assert shapes == [(16, 20, 251), (32, 10, 126), (64, 5, 63), (128, 5, 63)]
