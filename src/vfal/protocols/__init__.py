"""The shelf of protocols: one line per entry."""

from collections.abc import Iterable

from vfal.core.shelf import take_down
from vfal.protocol import Protocol

SHELF = {
    "matching": "vfal.protocols.matching:Matching",
    "verification": "vfal.protocols.verification:Verification",
    "retrieval": "vfal.protocols.retrieval:Retrieval",
    "joint_matching": "vfal.protocols.joint_matching:JointMatching",
    "joint_retrieval": "vfal.protocols.joint_retrieval:JointRetrieval",
    "unheard_language": "vfal.protocols.unheard_language:UnheardLanguage",
}


def get_protocol(name: str) -> Protocol:
    """The protocol of that name."""
    entry: type[Protocol] = take_down(SHELF, name, "evaluate.protocols")
    return entry()


def get_protocols(names: Iterable[str]) -> dict[str, Protocol]:
    """Protocols by name, in the order asked for."""
    return {name: get_protocol(name) for name in names}
