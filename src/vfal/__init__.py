"""vfal: voice-face association learning as a pipeline."""

__version__ = "0.1.0"
