"""The shelf of list formats: one line per entry, and how a file's format is told."""

from pathlib import Path

from vfal.core.errors import DataError
from vfal.core.shelf import take_down
from vfal.lists.format import Format
from vfal.lists.people import People
from vfal.lists.text import BOM, read_bytes
from vfal.lists.trial_list import TrialList

SHELF = {
    "ssos_match": "vfal.lists.formats.ssos_match:SsosMatch",
    "ssos_verify": "vfal.lists.formats.ssos_verify:SsosVerify",
    "ssos_retrieval": "vfal.lists.formats.ssos_retrieval:SsosRetrieval",
    "pins_verification": "vfal.lists.formats.pins_verification:PinsVerification",
    "cmpc_matching": "vfal.lists.formats.cmpc_matching:CmpcMatching",
    "cmpc_retrieval": "vfal.lists.formats.cmpc_retrieval:CmpcRetrieval",
    "svhf": "vfal.lists.formats.svhf:Svhf",
    "fame": "vfal.lists.formats.fame:Fame",
    "vfal_eva": "vfal.lists.formats.vfal_eva:VfalEva",
}
HEAD = 3  # lines that tell a format


def get_format(name: str) -> Format:
    """The format of that name."""
    entry: type[Format] = take_down(SHELF, name, "--format")
    return entry()


def recognise(path: Path) -> str:
    """The name of a file's format. Raises `DataError` when no reader knows it."""
    raw = read_bytes(path)
    if raw[:1] == b"\x80":
        return "vfal_eva"
    lines = raw.removeprefix(BOM).removesuffix(b"\n").split(b"\n", HEAD)[:HEAD]
    head = [line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines]
    for name in SHELF:
        if head and get_format(name).recognises(head):
            return name
    shown = head[0][:120] if head else ""
    raise DataError(
        f"{path}: no known list format; its first row is {shown!r}. Known: {', '.join(SHELF)} "
        "(--format names one; a file of columns needs the same separator throughout)."
    )


def read_list(path: Path, people: People, name: str = "auto") -> list[TrialList]:
    """The lists of a file."""
    return get_format(recognise(path) if name == "auto" else name).read(path, people)
