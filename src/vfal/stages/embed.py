"""embed: frozen features of every clip and face, the regime most papers compare in."""

from vfal.core.config.params import Params
from vfal.core.paths import ENCODERS, FEATURES, MEDIA
from vfal.core.types import MODALITIES
from vfal.data.features import GIVEN, Features, read_features, write_features
from vfal.training.devices import prepare_device
from vfal.training.embedding import embed_rows
from vfal.training.material import index_columns, media_material, raw_encoder


def run(params: Params) -> None:
    """Write `data/features`: one vector per clip and per face."""
    if (MEDIA / GIVEN).is_dir():
        for modality in MODALITIES:
            write_features(FEATURES, modality, read_features(MEDIA / GIVEN, modality))
        return
    material = media_material(MEDIA, params, params.pretrain.augmentation)
    device = prepare_device(params.machine)
    for modality in MODALITIES:
        encoder = raw_encoder(getattr(params.pretrain, modality), modality, ENCODERS)
        items = material.items[modality]
        vectors_ND = embed_rows(
            encoder,
            encoder,
            items.inputs,
            items.index["row"].to_numpy(),
            batch_size=params.embed.batch_size,
            machine=params.machine,
            device=device,
            title=f"embed {modality}s",
        )
        write_features(FEATURES, modality, Features(index_columns(items.index, modality), vectors_ND))
