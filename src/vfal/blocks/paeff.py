"""Block of PAEFF: Precise Alignment and Enhanced Gated Feature Fusion."""

from pydantic import Field, PositiveInt, field_validator

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Alignment in the Poincare ball, fusion by attention, and the weights of the three terms."""

    width: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    curvature: float = Field(gt=0)
    riemannian: bool
    temperature: float = Field(gt=0)
    fusion_kernel: PositiveInt
    identification: float = Field(ge=0)
    orthogonality: float = Field(ge=0)
    alignment: float = Field(ge=0)
    negative_weight: float = Field(ge=0)

    @field_validator("fusion_kernel")
    @classmethod
    def _centred(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError(
                f"found {kernel}, expected an odd number: a gate has as many neighbours per side"
            )
        return kernel
