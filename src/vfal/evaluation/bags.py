"""Several items of a person as one: the mean of their unit embeddings (TriNet, joint tasks)."""

import numpy as np

from vfal.core.types import Modality
from vfal.evaluation.embeddings import Items
from vfal.evaluation.guards import check_directions
from vfal.metrics import Floats, Integers

Sizes = dict[Modality, int]


def alike(mean_of: int) -> Sizes:
    """As many voices as faces."""
    return {"voice": mean_of, "face": mean_of}


def pair_name(sizes: Sizes) -> str:
    """`m4` for four of each, `v20_f5` for twenty voices and five faces."""
    voices, faces = sizes["voice"], sizes["face"]
    return f"m{voices}" if voices == faces else f"v{voices}_f{faces}"


def units(items: Items) -> Floats:
    """Unit vectors (N, D) in float64; a zero vector is an `EmbeddingError`."""
    vectors_ND = items.vectors_ND.astype(np.float64)
    norms_N = np.linalg.norm(vectors_ND, axis=1)
    check_directions(norms_N, items.numbers_N, items.modality)
    return np.asarray(vectors_ND / norms_N[:, None])


def means(units_ND: Floats, rows_TJ: Integers) -> Floats:
    """Means (T, D) of the rows of each bag, item by item so that no (T, m, D) array is held."""
    total_TD = np.zeros((len(rows_TJ), units_ND.shape[1]))
    for rows_T in rows_TJ.T:
        total_TD += units_ND[rows_T]
    return np.asarray(total_TD / rows_TJ.shape[1])


def as_items(vectors_ND: Floats, modality: Modality) -> Items:
    """Bags as items, numbered from 0."""
    numbers = np.arange(len(vectors_ND))
    return Items(modality, numbers, numbers.astype(object), vectors_ND)


def bags_of(people_N: Integers, numbers_N: Integers, size: int) -> Integers:
    """Rows (T, size) of disjoint bags: each person's items in the order of their numbers, `size` at a time.

    What is left of a person after the last full bag is in none.

    >>> bags_of(np.array([7, 5, 7, 7, 5, 7, 7]), np.arange(7), 2).tolist()
    [[1, 4], [0, 2], [3, 5]]
    """
    order = np.lexsort((numbers_N, people_N))
    people = people_N[order]
    starts = np.searchsorted(people, people, side="left")
    counts = np.searchsorted(people, people, side="right") - starts
    whole = np.arange(len(people)) - starts < counts // size * size
    return np.asarray(order[whole].reshape(-1, size))
