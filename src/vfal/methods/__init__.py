"""The shelf of methods: one line per entry."""

from vfal.core.shelf import take_down
from vfal.method import Method

SHELF = {
    "clip_style": "vfal.methods.clip_style:ClipStyle",
    "detach_and_enhance": "vfal.methods.detach_and_enhance:DetachAndEnhance",
    "disentangled": "vfal.methods.disentangled:DisentangledFactors",
    "fvcme": "vfal.methods.fvcme:FaceVoiceMatching",
    "msm": "vfal.methods.msm:MaximumSeparation",
    "paeff": "vfal.methods.paeff:AlignedGatedFusion",
    "seeking_the_shape": "vfal.methods.seeking_the_shape:SeekingTheShapeOfSound",
}


def get_method(name: str) -> type[Method]:
    """The class of the method of that name."""
    entry: type[Method] = take_down(SHELF, name, "methods")
    return entry
