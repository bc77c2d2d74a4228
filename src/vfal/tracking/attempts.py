"""Attempts at phases that go on now, in this checkout."""

from dataclasses import dataclass
from pathlib import Path

from vfal.core.state import is_held
from vfal.tracking.plan import PHASES
from vfal.tracking.system import Samples, attempt_path, read_samples
from vfal.training.record import growing_curves


@dataclass(frozen=True)
class Attempt:
    """A phase that trains now: its name, the machine so far, and its curves by seed or modality."""

    name: str
    samples: Samples
    curves: dict[str, Path]


def attempts() -> list[Attempt]:
    """The phases that a process of this checkout is training."""
    found = []
    for name in PHASES:
        samples = read_samples(attempt_path(name)) if is_held(name) else None
        if samples is not None:
            found.append(Attempt(name, samples, growing_curves(name, samples.span_ms[0] / 1000)))
    return found
