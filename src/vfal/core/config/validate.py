"""Block about the data rules: the limits that a corpus and its trial lists must keep."""

from pathlib import PurePath
from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from vfal.core.config.block import Block
from vfal.core.types import Group, Split


class Range(Block):
    """Least and largest value allowed, both included."""

    least: float = Field(ge=0)
    most: float = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> "Range":
        if self.least > self.most:
            raise ValueError(f"least: {self.least} is larger than most: {self.most}")
        return self


class Validate(Block):
    """Limits of the data rules; which rules there are stands in `vfal/validation/rules.py`."""

    splits: tuple[Split, ...] = Field(min_length=1)
    genders: tuple[str, ...] = Field(min_length=1)
    least_genders: PositiveInt
    nationalities: tuple[str, ...]
    least_clips: PositiveInt
    least_faces: PositiveInt
    clip_duration_s: Range
    sample_rate_hz: Range
    face_side_px: Range
    trial_tables: tuple[Literal["matching", "verification", "joint_matching"], ...] = Field(min_length=1)
    trial_splits: tuple[Split, ...] = Field(min_length=1)
    trial_groups: tuple[Group, ...] = Field(min_length=1)
    positive_ratio: Range
    offenders_shown: PositiveInt
    report_only: tuple[Literal["shared_videos", "seen_before", "other_split", "nationality"], ...]
    seen_by: dict[str, str]
    lists: tuple[str, ...]

    @model_validator(mode="after")
    def _possible(self) -> "Validate":
        if self.least_genders > len(self.genders):
            raise ValueError(
                f"least_genders: asks for {self.least_genders} genders, genders allows {len(self.genders)} "
                f"({', '.join(self.genders)})"
            )
        if self.positive_ratio.most > 1:
            raise ValueError(
                f"positive_ratio.most: {self.positive_ratio.most} is more than 1, which is every trial"
            )
        self._named_files_are_watched()
        return self

    def _named_files_are_watched(self) -> None:
        """DVC watches the folder `prepare.lists`; of a change elsewhere it would know nothing."""
        named = [("lists", name) for name in self.lists]
        named += [(f"seen_by.{who}", name) for who, name in self.seen_by.items()]
        for key, name in named:
            path = PurePath(name)
            if not path.parts or path.is_absolute() or ".." in path.parts:
                raise ValueError(f"{key}: found '{name}'; expected the name of a file in prepare.lists")
