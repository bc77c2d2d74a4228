"""How wide the encoders are that a method is given: the inputs of its own first layers."""

from torch import nn

from vfal.core.types import Modality


def encoder_widths(voice: nn.Module, face: nn.Module) -> dict[Modality, int]:
    """The attribute `width` of both encoders, voice first."""
    return {"voice": int(voice.width), "face": int(face.width)}  # type: ignore[arg-type]
