"""What must not be scored: embeddings that are non-finite, constant or of the wrong size.

Published evaluation code gives a constant or NaN model 100 % in matching (SSoS eval.py, CMPC), because
the right candidate stands first and the first maximum wins.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vfal.core.errors import EmbeddingError
from vfal.core.types import Modality

ITEM: dict[Modality, str] = {"voice": "clip", "face": "face"}
SHOWN = 5  # offenders named in a message
COLLAPSED = 1e-6  # relative spread below which rows differ by float32 rounding only


def check_vectors(
    vectors_ND: NDArray[Any], numbers_N: Sequence[int] | NDArray[np.int64], modality: Modality
) -> None:
    """Raise `EmbeddingError` unless there is one finite vector per item and not all are the same."""
    if vectors_ND.ndim != 2 or vectors_ND.shape[1] == 0 or vectors_ND.dtype.kind != "f":
        raise EmbeddingError(
            f"{modality} embeddings: shape {vectors_ND.shape}, type {vectors_ND.dtype}; "
            "expected floating point numbers, one row per item."
        )
    if len(vectors_ND) != len(numbers_N):
        raise EmbeddingError(
            f"{modality} embeddings: {len(vectors_ND)} rows for {len(numbers_N)} {ITEM[modality]}s; "
            "expected one row per item, in the order of the table."
        )
    if len(vectors_ND) == 0:
        raise EmbeddingError(f"{modality} embeddings: there are none.")
    broken = np.flatnonzero(~np.isfinite(vectors_ND).all(axis=1))
    if broken.size:
        raise EmbeddingError(
            f"{modality} embeddings: {broken.size} of {len(vectors_ND)} rows hold NaN or infinity, first "
            f"{_named(broken, numbers_N, modality)}. The model has diverged or its input is damaged."
        )
    check_spread(vectors_ND, modality)


def check_spread(vectors_ND: NDArray[Any], modality: Modality) -> None:
    """Raise `EmbeddingError` when two or more rows are all the same up to rounding."""
    spread, size = np.ptp(vectors_ND, axis=0).max(), np.abs(vectors_ND).max()
    if len(vectors_ND) > 1 and spread <= COLLAPSED * size:
        raise EmbeddingError(
            f"{modality} embeddings: all {len(vectors_ND)} rows are the same (spread {spread:.1e}, size "
            f"{size:.1e}). The model ignores its input; every score would be a tie."
        )


def check_directions(norms_N: NDArray[Any], numbers_N: NDArray[np.int64], modality: Modality) -> None:
    """Raise `EmbeddingError` for vectors of length zero, which have no cosine."""
    zero = np.flatnonzero(norms_N == 0)
    if zero.size:
        raise EmbeddingError(
            f"{modality} embeddings: {zero.size} of {len(norms_N)} rows are zero and have no direction, "
            f"first {_named(zero, numbers_N, modality)}."
        )


def check_scores(scores: NDArray[Any], what: str) -> None:
    """Raise `EmbeddingError` for scores that are NaN or infinite; `what` says where they came from."""
    if not np.isfinite(scores).all():
        broken = int(np.count_nonzero(~np.isfinite(scores)))
        raise EmbeddingError(f"{what}: {broken} of {scores.size} scores are NaN or infinite.")


def _named(rows: NDArray[np.int64], numbers_N: Sequence[int] | NDArray[np.int64], modality: Modality) -> str:
    names = ", ".join(f"{ITEM[modality]} {numbers_N[row]}" for row in rows[:SHOWN])
    return names + (", ..." if len(rows) > SHOWN else "")
