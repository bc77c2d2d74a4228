"""The shelf of methods: one line per entry."""

from vfal.core.shelf import take_down
from vfal.method import Method

SHELF = {
    "cmpc": "vfal.methods.cmpc:CrossModalPrototypeContrast",
    "fvcme": "vfal.methods.fvcme:FaceVoiceMatching",
    "gmod": "vfal.methods.gmod:MinedPositives",
    "learnable_pins": "vfal.methods.learnable_pins:LearnablePins",
    "seeking_the_shape": "vfal.methods.seeking_the_shape:SeekingTheShapeOfSound",
    "self_lifting": "vfal.methods.self_lifting:SelfLifting",
}


def get_method(name: str) -> type[Method]:
    """The class of the method of that name."""
    entry: type[Method] = take_down(SHELF, name, "methods")
    return entry
