"""Random numbers that depend on names, not on what ran before.

A draw is addressed by (seed, words...): the same address gives the same numbers in any process, in any
order. That is what makes a corpus growable, a list re-creatable and a killed run resumable without
storing the state of a generator.
"""

import hashlib

import numpy as np


def derive_seed(seed: int, *words: str | int) -> int:
    """A 63-bit seed for the address (seed, words...); equal addresses give equal seeds."""
    text = "\x1f".join(str(part) for part in (seed, *words))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def generator(seed: int, *words: str | int) -> np.random.Generator:
    """A fresh numpy generator (PCG64) for the address (seed, words...)."""
    return np.random.Generator(np.random.PCG64(derive_seed(seed, *words)))
