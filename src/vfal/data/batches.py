"""What a training step is given: two bags of items, and how they are drawn.

A batch depends on (seed, step) alone. Resuming at step k needs no sampler state: ask for step k.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vfal.core.errors import DataError
from vfal.core.seeding import generator
from vfal.core.types import Modality

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Bag:
    """Items of one modality: `inputs` (B, ...) as the encoder wants them, where they stand, and who they are.

    `place_B` is each item's place among all items of the modality that are trained on. The labels count
    from 0; each is None for a method that does not need it, and -1 where it is not known.
    """

    inputs: Tensor
    identity_B: Tensor | None
    gender_B: Tensor | None = None
    nationality_B: Tensor | None = None
    video_B: Tensor | None = None
    place_B: Tensor | None = None

    def for_needs(self, needs: Collection[str]) -> "Bag":
        """The same items with only those labels on them."""
        return replace(
            self,
            identity_B=self.identity_B if "identity" in needs else None,
            gender_B=self.gender_B if "gender" in needs else None,
            nationality_B=self.nationality_B if "nationality" in needs else None,
            video_B=self.video_B if "video" in needs else None,
        )


@dataclass(frozen=True)
class Batch:
    """One step's items. Row i of both bags is one person."""

    voices: Bag | None
    faces: Bag | None

    def for_needs(self, needs: Collection[str]) -> "Batch":
        """The same items with only those labels on them."""
        return Batch(self.voices and self.voices.for_needs(needs), self.faces and self.faces.for_needs(needs))


class Inputs(Protocol):
    """A modality's items as encoder inputs."""

    def draw(self, rows: Rows, rng: np.random.Generator) -> Tensor:
        """Training inputs of `rows`, varied by `rng` where the source augments."""

    def plain(self, rows: Rows) -> Tensor:
        """Inputs of `rows` as they are, for evaluation."""


class RowsByIdentity:
    """The rows of each identity, or track, so that one random item of many is drawn at once."""

    def __init__(
        self, identity_of_row: Sequence[str | int], identities: Sequence[str | int], kind: str
    ) -> None:
        codes = {name: code for code, name in enumerate(identities)}
        code_of_row = np.asarray([codes.get(name, -1) for name in identity_of_row])
        order = np.argsort(code_of_row, kind="stable")
        order = order[code_of_row[order] >= 0]
        self.rows = order.astype(np.int64)
        self.counts = np.bincount(code_of_row[order], minlength=len(identities))
        self.starts = np.concatenate([[0], np.cumsum(self.counts)])[:-1]
        if (empty := np.flatnonzero(self.counts == 0)).size:
            names = ", ".join(str(identities[code]) for code in empty[:5])
            raise DataError(
                f"{empty.size} identities have no usable {kind} ({names}); nothing can be drawn for them. "
                "See reports/preprocess.json for what was quarantined."
            )

    def draw(self, identity_B: Rows, rng: np.random.Generator) -> Rows:
        """One uniformly random item of each identity, as a place in `rows`."""
        within = (rng.random(len(identity_B)) * self.counts[identity_B]).astype(np.int64)
        return np.asarray(self.starts[identity_B] + within)


class IdentityBatches:
    """Batches in which no group occurs twice, `views` items of each per modality; a group is an identity.

    Groups are dealt out in a new random order per pass; what does not fill a batch at the end of a pass
    is left out, as in the published loader (drop last). With `owners` the groups are smaller than a
    person (tracks of a video): group g is of identity `owners[g]`, and a batch may hold a person twice.
    """

    def __init__(
        self,
        sources: dict[str, tuple[Inputs, RowsByIdentity]],
        groups: int,
        *,
        batch_identities: int,
        views: int,
        seed: int,
        stream: str,
        labels: Mapping[str, Rows] | None = None,
        owners: Rows | None = None,
    ) -> None:
        """`labels` are more labels of each identity (I,): `gender`, `nationality`."""
        self.sources, self.groups, self.views = sources, groups, views
        self.batch_identities, self.seed, self.stream = batch_identities, seed, stream
        self.labels = {name: torch.from_numpy(label_I) for name, label_I in (labels or {}).items()}
        self.owners = owners
        self.steps_per_pass = groups // batch_identities
        self._turn, self._order = -1, np.empty(0, dtype=np.int64)
        if self.steps_per_pass == 0:
            kind = "identities" if owners is None else "tracks"
            raise DataError(
                f"{groups} {kind} are fewer than a batch of {batch_identities}; lower the batch size."
            )

    def groups_of(self, step: int) -> Rows:
        """The groups (B,) of a step."""
        turn, place = divmod(step, self.steps_per_pass)
        if self._turn != turn:
            rng = generator(self.seed, self.stream, "pass", turn)
            self._turn, self._order = turn, rng.permutation(self.groups)
        chosen = self._order[place * self.batch_identities : (place + 1) * self.batch_identities]
        return np.repeat(chosen, self.views)

    def identities_of(self, step: int) -> Rows:
        """The identities (B,) of a step."""
        groups_B = self.groups_of(step)
        return groups_B if self.owners is None else np.asarray(self.owners[groups_B])

    def draw(self, step: int, device: torch.device) -> Batch:
        """The batch of a step, on `device`."""
        groups_B, identity_B = self.groups_of(step), torch.from_numpy(self.identities_of(step))
        labels = {name: label_I[identity_B] for name, label_I in self.labels.items()}
        labels["identity"] = identity_B
        if self.owners is not None:
            labels["video"] = torch.from_numpy(groups_B)
        labels = {f"{name}_B": label_B.to(device) for name, label_B in labels.items()}
        bags: dict[str, Bag | None] = {"voice": None, "face": None}
        for modality, (inputs, rows) in self.sources.items():
            rng = generator(self.seed, self.stream, modality, step)
            place_B = rows.draw(groups_B, rng)
            values = inputs.draw(rows.rows[place_B], rng).to(device, non_blocking=True)
            bags[modality] = Bag(values, place_B=torch.from_numpy(place_B).to(device), **labels)
        return Batch(voices=bags["voice"], faces=bags["face"])

    def everything(self, device: torch.device, needs: Collection[str]) -> "TrainingItems":
        """All items that are trained on, with those labels only."""
        return TrainingItems(self, device, frozenset(needs))


class TrainingItems:
    """All items that are trained on, for what is learned from the whole of them: clusters, banks, prototypes.

    An item's place is the one that batches say in `Bag.place_B`.
    """

    def __init__(self, batches: IdentityBatches, device: torch.device, needs: frozenset[str]) -> None:
        self._batches, self._device, self._needs = batches, device, needs
        self.steps_per_pass = batches.steps_per_pass

    def count(self, modality: Modality) -> int:
        """How many items there are."""
        return len(self._batches.sources[modality][1].rows)

    def plain(self, modality: Modality, places: Rows) -> Tensor:
        """Inputs of items as they are, on the device that trains."""
        inputs, rows = self._batches.sources[modality]
        return inputs.plain(rows.rows[places]).to(self._device)

    def groups(self, modality: Modality) -> Tensor:
        """The group (items,) of every item, by place: its track, or its identity where batches are of people.

        Raises `DataError` for a method that declared no need of them.
        """
        need = "identity" if self._batches.owners is None else "video"
        if need not in self._needs:
            raise DataError(f"the method does not need '{need}' labels (`Method.needs`), so it is told none.")
        rows = self._batches.sources[modality][1]
        return torch.from_numpy(np.repeat(np.arange(len(rows.counts)), rows.counts)).to(self._device)
