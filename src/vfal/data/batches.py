"""What a training step is given: two bags of items, and how they are drawn.

A batch depends on (seed, step) alone. Resuming at step k needs no sampler state: ask for step k.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vfal.core.errors import DataError
from vfal.core.seeding import generator

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Bag:
    """Items of one modality: `inputs` (B, ...) as the encoder wants them, and who they are.

    `identity_B` counts identities from 0 in the order of training; it is None for a method whose card
    does not ask for identity labels.
    """

    inputs: Tensor
    identity_B: Tensor | None


@dataclass(frozen=True)
class Batch:
    """One step's items. Row i of both bags is one person when batches are identity-unique."""

    voices: Bag | None
    faces: Bag | None

    def without_labels(self) -> "Batch":
        """The same items with nobody's name on them."""
        return Batch(
            self.voices and Bag(self.voices.inputs, None), self.faces and Bag(self.faces.inputs, None)
        )


class Inputs(Protocol):
    """A modality's items as encoder inputs."""

    def draw(self, rows: Rows, rng: np.random.Generator) -> Tensor:
        """Training inputs of `rows`, varied by `rng` where the source augments."""

    def plain(self, rows: Rows) -> Tensor:
        """Inputs of `rows` as they are, for evaluation."""


class RowsByIdentity:
    """The rows of each identity, so that one random item of many identities is drawn at once."""

    def __init__(self, identity_of_row: Sequence[str], identities: Sequence[str], kind: str) -> None:
        codes = {name: code for code, name in enumerate(identities)}
        code_of_row = np.asarray([codes.get(name, -1) for name in identity_of_row])
        order = np.argsort(code_of_row, kind="stable")
        order = order[code_of_row[order] >= 0]
        self.rows = order.astype(np.int64)
        self.counts = np.bincount(code_of_row[order], minlength=len(identities))
        self.starts = np.concatenate([[0], np.cumsum(self.counts)])[:-1]
        if (empty := np.flatnonzero(self.counts == 0)).size:
            names = ", ".join(identities[code] for code in empty[:5])
            raise DataError(
                f"{empty.size} identities have no usable {kind} ({names}); nothing can be drawn for them. "
                "See reports/preprocess.json for what was quarantined."
            )

    def draw(self, identity_B: Rows, rng: np.random.Generator) -> Rows:
        """One uniformly random row of each identity."""
        place = (rng.random(len(identity_B)) * self.counts[identity_B]).astype(np.int64)
        return np.asarray(self.rows[self.starts[identity_B] + place])


class IdentityBatches:
    """Batches in which no identity occurs twice, `views` items of each per modality.

    Identities are dealt out in a new random order per pass; what does not fill a batch at the end of a
    pass is left out, as in the published loader (drop last).
    """

    def __init__(
        self,
        sources: dict[str, tuple[Inputs, RowsByIdentity]],
        identities: int,
        *,
        batch_identities: int,
        views: int,
        seed: int,
        stream: str,
    ) -> None:
        self.sources, self.identities, self.views = sources, identities, views
        self.batch_identities, self.seed, self.stream = batch_identities, seed, stream
        self.steps_per_pass = identities // batch_identities
        if self.steps_per_pass == 0:
            raise DataError(
                f"{identities} identities are fewer than a batch of {batch_identities}; lower the batch size."
            )

    def identities_of(self, step: int) -> Rows:
        """The identities (B,) of a step."""
        turn, place = divmod(step, self.steps_per_pass)
        order = generator(self.seed, self.stream, "pass", turn).permutation(self.identities)
        chosen = order[place * self.batch_identities : (place + 1) * self.batch_identities]
        return np.repeat(chosen, self.views)

    def draw(self, step: int, device: torch.device) -> Batch:
        """The batch of a step, on `device`."""
        identity_B = self.identities_of(step)
        labels_B = torch.from_numpy(identity_B).to(device)
        bags: dict[str, Bag | None] = {"voice": None, "face": None}
        for modality, (inputs, rows) in self.sources.items():
            rng = generator(self.seed, self.stream, modality, step)
            values = inputs.draw(rows.draw(identity_B, rng), rng).to(device, non_blocking=True)
            bags[modality] = Bag(values, labels_B)
        return Batch(voices=bags["voice"], faces=bags["face"])
