"""The generated corpus: people who never were, whose voices and faces agree as far as the truth says."""

from collections.abc import Collection
from pathlib import Path

from vfal.core.config.generated import GeneratedCorpus
from vfal.datasets.generated.tree import TRUTH_FILE, grow_tree

__all__ = ["TRUTH_FILE", "collect"]


def collect(
    settings: GeneratedCorpus, root: Path, *, seed: int, workers: int, withdrawn: Collection[str] = ()
) -> None:
    """Make what is missing of the corpus under `root`: recordings, pictures, table of people, truth.

    The same settings and seed give the same bytes whatever `workers` is and however often the run was
    cut short; `root` must hold nothing but a corpus of the same settings, or a smaller one. People who
    have `withdrawn` are not made, everybody else stays as they are. About 90 ms of processor time per
    person with 4 clips and 5 faces. Raises `MachineError` on a full disk.
    """
    grow_tree(settings, root, seed=seed, workers=workers, withdrawn=withdrawn)
