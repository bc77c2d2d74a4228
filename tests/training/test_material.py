from pathlib import Path

import numpy as np
import pandas as pd
import torch

from vfal.core.seeding import generator
from vfal.core.types import MODALITIES
from vfal.data.features import NUMBER_OF, Features, write_features
from vfal.training.material import feature_material, only_of

PEOPLE = ["d", "b", "c", "a"]


def test_without_other_people_batches_and_items_of_the_rest_stay_what_they_were(tmp_path: Path) -> None:
    for modality in MODALITIES:
        owners = PEOPLE * 3
        index = pd.DataFrame({NUMBER_OF[modality]: range(12), "identity": owners, "row": range(12)})
        vectors = generator(1, modality).standard_normal((12, 5)).astype(np.float32)
        write_features(tmp_path, modality, Features(index, vectors))
    whole = feature_material(tmp_path)
    part = only_of(whole, {"b", "c"})
    assert part.feature_width == whole.feature_width
    drawn = [
        material.batches(["b", "c"], batch_identities=2, views=1, seed=1, stream="x").draw(3, "cpu")
        for material in (whole, part)
    ]
    for bags in zip((drawn[0].voices, drawn[0].faces), (drawn[1].voices, drawn[1].faces), strict=True):
        assert torch.equal(bags[0].inputs, bags[1].inputs)
    for modality in MODALITIES:
        kept, before = part.of({"b"}, modality), whole.of({"b"}, modality)
        number = NUMBER_OF[modality]
        assert kept[number].tolist() == before[number].tolist()
        items = [part.items[modality].inputs.plain(kept["row"].to_numpy())]
        items.append(whole.items[modality].inputs.plain(before["row"].to_numpy()))
        assert torch.equal(*items)
        assert set(part.items[modality].index["identity"]) == {"b", "c"}
