"""What every block of params.yaml has in common."""

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """A block of params.yaml: frozen, no unknown key, no silent conversion, no NaN, no defaults.

    The numbers, their units and their sources stand in params.yaml; a subclass holds types and limits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
