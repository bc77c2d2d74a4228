"""A method put together: its encoders, made for frozen features or for raw media, and itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from vfal.core.config.method_block import MethodBlock
from vfal.core.config.params import Params
from vfal.core.types import MODALITIES, Modality
from vfal.method import Crowd, Method
from vfal.methods import get_method
from vfal.nn.catalogue import make_encoder
from vfal.training.material import raw_encoder
from vfal.training.processes import split


@dataclass(frozen=True)
class Trunk:
    """The encoder of frozen features: `width` of its output, and `dropout` on what enters it."""

    width: int
    dropout: float


def build(
    name: str,
    settings: MethodBlock,
    trunk: Trunk,
    params: Params,
    *,
    feature_width: Mapping[Modality, int],
    crowd: Crowd,
    encoders: Path | None,
) -> Method:
    """The method `name` on frozen features or on raw media, as its block says.

    With `encoders`, raw encoders start from the pre-trained ones in that folder; without, they wait to
    be filled.
    """
    method = get_method(name)
    parts: dict[Modality, nn.Module] = {}
    for modality in MODALITIES:
        if settings.regime == "raw":
            encoder = raw_encoder(getattr(params.pretrain, modality), modality, encoders)
        elif method.trunk == "plain_features":
            encoder = make_encoder(method.trunk, modality, inputs=feature_width[modality])
        else:
            sizes = {"width": trunk.width, "dropout": trunk.dropout}
            encoder = make_encoder(method.trunk, modality, inputs=feature_width[modality], **sizes)
        parts[modality] = split(encoder, modality)
    return method(parts["voice"], parts["face"], crowd=crowd, settings=settings)
