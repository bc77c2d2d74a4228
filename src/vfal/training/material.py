"""What training works on, in either regime: items per modality, and encoders that fit them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor, nn

from vfal.core.config.params import Params
from vfal.core.config.phases import Augmentation, Encoder
from vfal.core.types import MODALITIES, Modality
from vfal.data.batches import IdentityBatches, Inputs, Rows, RowsByIdentity
from vfal.data.features import NUMBER_OF, Features, read_features
from vfal.data.inputs import FaceInputs, FeatureInputs, VoiceInputs
from vfal.data.media import PackedFaces, PackedVoices
from vfal.data.tracks import Tracks
from vfal.nn.catalogue import make_encoder, settings_of
from vfal.training.checkpoint import below, load_strictly, load_tensors


@dataclass(frozen=True)
class Items:
    """One modality: encoder inputs by row, and the table (number, identity, row) of the rows."""

    inputs: Inputs
    index: pd.DataFrame


@dataclass(frozen=True)
class Material:
    """Both modalities, and the width of frozen features (0 for raw media)."""

    items: dict[Modality, Items]
    feature_width: dict[Modality, int]

    def batches(
        self,
        identities: list[str],
        *,
        batch_identities: int,
        views: int,
        seed: int,
        stream: str,
        only: Modality | None = None,
        labels: Mapping[str, NDArray[np.int64]] | None = None,
        dealt: Tracks | None = None,
    ) -> IdentityBatches:
        """Identity-unique batches over `identities`; `only` leaves the other modality out.

        With `dealt` the batches are unique in its tracks, whose owners are `identities`.
        """
        owners, groups = None, list[str | int](identities)
        if dealt is not None:
            codes = {name: code for code, name in enumerate(identities)}
            owners = np.asarray([codes[owner] for owner in dealt.owners], dtype=np.int64)
            groups = list(range(len(dealt.owners)))
        sources = {}
        for modality, items in self.items.items():
            if only in (None, modality):
                group_of_row = items.index["identity"] if dealt is None else dealt.of(modality)
                sources[str(modality)] = (
                    items.inputs,
                    RowsByIdentity(group_of_row.tolist(), groups, modality),
                )
        return IdentityBatches(
            sources,
            len(groups),
            batch_identities=batch_identities,
            views=views,
            seed=seed,
            stream=stream,
            labels=labels,
            owners=owners,
        )

    def of(self, identities: set[str], modality: Modality) -> pd.DataFrame:
        """The index rows of some identities, in order."""
        index = self.items[modality].index
        return index[index["identity"].isin(identities)].reset_index(drop=True)


class _Kept:
    """Some rows of other inputs, numbered from 0; the others cannot be reached."""

    def __init__(self, inputs: Inputs, rows_N: Rows) -> None:
        self.inputs, self.rows_N = inputs, rows_N

    def draw(self, rows: Rows, rng: np.random.Generator) -> Tensor:
        return self.inputs.draw(self.rows_N[rows], rng)

    def plain(self, rows: Rows) -> Tensor:
        return self.inputs.plain(self.rows_N[rows])


def only_of(material: Material, identities: Collection[str]) -> Material:
    """The same material without anybody else's items; batches of these identities stay what they were."""
    kept: dict[Modality, Items] = {}
    for modality, items in material.items.items():
        rows_N = np.flatnonzero(items.index["identity"].isin(set(identities)))
        index = items.index.iloc[rows_N].assign(row=range(len(rows_N))).reset_index(drop=True)
        kept[modality] = Items(_Kept(items.inputs, rows_N), index)
    return Material(kept, material.feature_width)


def feature_material(folder: Path) -> Material:
    """Frozen features as material."""
    features: dict[Modality, Features] = {
        modality: read_features(folder, modality) for modality in MODALITIES
    }
    return Material(
        {
            modality: Items(FeatureInputs(table.vectors_ND), table.index)
            for modality, table in features.items()
        },
        {modality: table.vectors_ND.shape[1] for modality, table in features.items()},
    )


def media_material(folder: Path, params: Params, augmentation: Augmentation) -> Material:
    """Packed media as material."""
    voices, faces = PackedVoices(folder), PackedFaces(folder)
    voice_inputs = VoiceInputs(
        voices,
        augmentation,
        sample_rate_hz=params.preprocess.sample_rate_hz,
        whole_s=params.embed.voice_s,
    )
    return Material(
        {
            "voice": Items(voice_inputs, voices.index),
            "face": Items(FaceInputs(faces, augmentation), faces.index),
        },
        {"voice": 0, "face": 0},
    )


def raw_encoder(settings: Encoder, modality: Modality, trained: Path | None) -> nn.Module:
    """A catalogue encoder; with `trained`, filled from models/encoders/<modality>.safetensors."""
    sizes = {"channels": settings.channels, "width": settings.width}
    taken = settings_of(settings.name, modality)  # the published networks have their size fixed
    encoder = make_encoder(settings.name, modality, **{key: sizes[key] for key in sizes if key in taken})
    if trained is not None:
        path = trained / f"{modality}.safetensors"
        load_strictly(encoder, below("encoder", load_tensors(path)), path)
    return encoder


def index_columns(index: pd.DataFrame, modality: Modality) -> pd.DataFrame:
    """The columns that follow an item from media to features."""
    return index[[NUMBER_OF[modality], "identity", "row"]]
