"""Block of Disentangled Representation Learning for Cross-Modal Biometric Matching."""

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Variational codes of identity and of modality, and the weights of the six terms."""

    hidden: PositiveInt
    width: PositiveInt
    modality_width: PositiveInt
    reconstruction: float = Field(ge=0)
    cross_reconstruction: float = Field(ge=0)
    divergence: float = Field(ge=0)
    alignment: float = Field(ge=0)
    modality: float = Field(ge=0)
