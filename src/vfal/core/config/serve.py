"""Block about serving: what a model refuses to look at."""

from pydantic import PositiveInt

from vfal.core.config.block import Block
from vfal.core.config.validate import Range


class FileBytes(Block):
    """The largest file taken, per modality."""

    voice: PositiveInt
    face: PositiveInt


class Serve(Block):
    """Limits of one request. A registered model carries them."""

    most_items: PositiveInt
    most_bytes: FileBytes
    clip_duration_s: Range
    sample_rate_hz: Range
    channels: Range
    face_side_px: Range
