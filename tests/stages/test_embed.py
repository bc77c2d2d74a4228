from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from vfal.core.config.params import Params
from vfal.data.features import read_features
from vfal.stages.embed import run


def test_every_packed_item_has_a_finite_vector_under_its_own_number(params: Params) -> None:
    for modality, number in (("voice", "clip"), ("face", "face")):
        features = read_features(Path("data/features"), modality)
        packed = pd.read_parquet(f"data/media/{modality}s.parquet")
        assert features.index[number].tolist() == packed[number].tolist()
        assert features.vectors_ND.shape == (len(packed), 8) and np.isfinite(features.vectors_ND).all()
        assert len(np.unique(features.vectors_ND.round(6), axis=0)) == len(packed)


def test_vectors_do_not_depend_on_the_batch_they_are_made_in(
    params: Params, again: Callable[..., Path]
) -> None:
    before = {
        modality: np.array(read_features(Path("data/features"), modality).vectors_ND)
        for modality in ("voice", "face")
    }
    again("data/features")
    run(params.model_copy(update={"embed": params.embed.model_copy(update={"batch_size": 7})}))
    for modality, vectors_ND in before.items():
        found = read_features(Path("data/features"), modality).vectors_ND
        assert np.abs(found - vectors_ND).max() < 1e-4 * np.abs(vectors_ND).max()
