"""Block of params.yaml about flows: when, where and how often again."""

from pydantic import Field, NonNegativeInt, PositiveInt

from vfal.core.config.block import Block


class Flows(Block):
    """Prefect's server on this machine, and the patience of the flows that run stages."""

    port: int = Field(ge=1024, le=65535)
    retries: NonNegativeInt
    retry_delays_s: tuple[NonNegativeInt, ...] = Field(min_length=1)
    stage_timeout_s: PositiveInt
    poll_s: PositiveInt
    sweep_s: PositiveInt
    claim_s: PositiveInt
    start_timeout_s: PositiveInt
