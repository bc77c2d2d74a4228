"""The shelf of methods: one line per entry."""

from vfal.core.shelf import take_down
from vfal.method import Method

SHELF = {
    "fuse_after_align": "vfal.methods.fuse_after_align:FuseAfterAlign",
    "fvcme": "vfal.methods.fvcme:FaceVoiceMatching",
    "seeking_the_shape": "vfal.methods.seeking_the_shape:SeekingTheShapeOfSound",
}


def get_method(name: str) -> type[Method]:
    """The class of the method of that name."""
    entry: type[Method] = take_down(SHELF, name, "methods")
    return entry
