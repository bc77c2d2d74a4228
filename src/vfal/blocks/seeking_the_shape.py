"""Block of Seeking the Shape of Sound: the map reads it too, so it lives with the phases."""

from vfal.core.config.phases import SeekingTheShape as Settings

__all__ = ["Settings"]
