"""Blocks about corpora of your own: what `collect.dataset` needs to know beside the root."""

from typing import Literal

from pydantic import Field

from vfal.core.config.block import Block


class Vox2VggFace2(Block):
    """Where the parts of VoxCeleb2 and VGGFace2 lie; those that are there are read."""

    voices: tuple[str, ...] = Field(min_length=1)
    faces: tuple[str, ...] = Field(min_length=1)
    vox1_root: str


class MavCeleb(Block):
    """Which edition."""

    version: Literal["v1", "v2", "v3"]
