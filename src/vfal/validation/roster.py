"""Whose each item is, as integers, so that a question about a trial is one comparison of arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.types import Modality
from vfal.evaluation.groups import COLUMN_OF, cells
from vfal.validation.frames import Frame

Codes = NDArray[np.int64]

NUMBER_OF: dict[Modality, str] = {"voice": "clip", "face": "face"}


@dataclass(frozen=True)
class Roster:
    """People and their readable items as codes; -1 stands for whatever is not known."""

    attributes: Mapping[str, Codes]
    splits: pd.Index
    numbers: Mapping[Modality, pd.Index]
    owners: Mapping[Modality, Codes]

    @property
    def groups(self) -> list[str]:
        """The groups that this corpus' people can be put into."""
        return [group for group in COLUMN_OF if group in self.attributes]

    def owner(self, modality: Modality, numbers: Codes) -> Codes:
        """The person of each item number, in the shape of `numbers`."""
        place = self.numbers[modality].get_indexer(pd.Index(numbers.ravel()))
        owners = np.append(self.owners[modality], -1)[place]
        return owners.reshape(numbers.shape)

    def attribute(self, name: str, owner: Codes) -> Codes:
        """The `split` of each person, or their cell in a group such as `same_gender`."""
        return np.append(self.attributes[name], -1)[owner]

    def split_code(self, names: pd.Series) -> Codes:
        """The code of each split name."""
        return self.splits.get_indexer(pd.Index(names)).astype(np.int64)


def roster(frames: Mapping[str, Frame]) -> Roster:
    """The roster of a corpus, from its frames (`corpus_frames`)."""
    people = frames["identities"].table.dropna(subset="identity").drop_duplicates("identity")
    split_I, splits = pd.factorize(people["split"])
    numbers: dict[Modality, pd.Index] = {}
    owners: dict[Modality, Codes] = {}
    for modality, column in NUMBER_OF.items():
        items = frames[f"readable {column}s"].table.dropna(subset=column).drop_duplicates(column)
        numbers[modality] = pd.Index(items[column].astype("int64"))
        owners[modality] = pd.Index(people["identity"]).get_indexer(items["identity"]).astype(np.int64)
    return Roster(
        attributes={"split": split_I.astype(np.int64)}
        | {group: cells(people, group) for group, column in COLUMN_OF.items() if column in people},
        splits=pd.Index(splits),
        numbers=numbers,
        owners=owners,
    )
