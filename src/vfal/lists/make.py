"""Lists that are not public, drawn again by a published rule, in the published format, and marked so."""

from pathlib import Path

from vfal.core.errors import DataError
from vfal.core.files import sha256_of, write_json, write_text
from vfal.core.types import Group
from vfal.lists.check import SIDECAR
from vfal.lists.crowd import Crowd
from vfal.lists.recipe import Recipe


def make_lists(
    crowd: Crowd, recipe: Recipe, folder: Path, *, tag: str, groups: tuple[Group, ...], candidates: int
) -> list[Path]:
    """Write a rule's lists in the format of its paper, and return their files.

    Each file's name ends in `.regenerated` and the format's ending, and has a note beside it with rule,
    seed and sha256. A list without rows, because nobody has a partner in its group, is
    not written.
    """
    if crowd.complete.sum() < 2:
        raise DataError(
            f"{crowd.complete.sum()} of {len(crowd.people)} people have both voices and faces; lists need at "
            "least 2."
        )
    return [
        _write(folder / f"{name}.regenerated.{recipe.ending}", lines, recipe.rule, crowd.seed)
        for name, lines in recipe.draw(crowd, groups, candidates, tag)
        if lines
    ]


def _write(path: Path, lines: list[str], rule: str, seed: int) -> Path:
    write_text(path, "\n".join(lines) + "\n")
    note = {
        "status": "regenerated",
        "rule": rule,
        "seed": seed,
        "rows": len(lines),
        "sha256": sha256_of(path),
    }
    write_json(path.with_name(path.name + SIDECAR), note)
    return path
