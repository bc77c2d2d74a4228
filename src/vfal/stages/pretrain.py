"""pretrain: one encoder per modality, on identities nobody is tested on, or your published weights."""

import torch

from vfal.core.config.params import Params
from vfal.core.files import copy_file, write_json
from vfal.core.paths import ENCODERS, MEDIA, PREPARED
from vfal.core.seeding import derive_seed
from vfal.core.state import fingerprint, remove_work, work_folder
from vfal.core.tables import read_table
from vfal.core.types import MODALITIES, Modality
from vfal.data.features import GIVEN
from vfal.nn.published_weights import load_published
from vfal.training.checkpoint import save_tensors, under
from vfal.training.devices import prepare_device
from vfal.training.identification import Identification
from vfal.training.loop import Loop, Phase
from vfal.training.material import Material, media_material, raw_encoder
from vfal.training.processes import split
from vfal.training.record import name_curve


def run(params: Params) -> None:
    """Write `models/encoders/<modality>.safetensors` and the curves beside them."""
    if (MEDIA / GIVEN).is_dir():
        write_json(ENCODERS / "given.json", {"encoders": "none: the corpus holds features, not files"})
        return
    material = media_material(MEDIA, params, params.pretrain.augmentation)
    for modality in MODALITIES:
        _one(params, modality, material)


def _one(params: Params, modality: Modality, material: Material) -> None:
    settings, seed = params.pretrain, params.seeds[0]
    people = read_table(PREPARED / "identities.parquet", ["identity", "split"])
    identities = people.loc[people["split"] == "pretrain", "identity"].tolist()
    torch.manual_seed(derive_seed(seed, "pretrain", modality, "initial weights"))
    encoder = raw_encoder(getattr(settings, modality), modality, None)
    target = ENCODERS / f"{modality}.safetensors"
    if weights := getattr(settings, modality).weights:
        load_published(encoder, weights)
        save_tensors(target, under("encoder", encoder.state_dict()))
        return
    inputs = [PREPARED / "identities.parquet", MEDIA / f"{modality}s.npy", MEDIA / f"{modality}s.parquet"]
    chosen = params.model_dump(include={"pretrain", "embed", "machine", "preprocess"})
    work = work_folder("pretrain", fingerprint(f"pretrain {modality}", chosen | {"seed": seed}, inputs))
    name_curve(work, modality)
    batches = material.batches(
        identities,
        batch_identities=settings.batch_identities,
        views=settings.views,
        seed=seed,
        stream="pretrain",
        only=modality,
    )
    device = prepare_device(params.machine)
    method = Identification(split(encoder, modality), modality, len(identities), dropout=settings.dropout)
    phase = Phase(
        f"pretrain {modality}", seed, settings.optimiser, settings.steps, settings.checkpoint_every_steps
    )
    Loop(
        method, batches, phase, machine=params.machine, device=device, folder=work, weights=None, observers={}
    ).run()
    save_tensors(target, under("encoder", method.encoder.state_dict()))
    copy_file(work / "curve.jsonl", ENCODERS / f"{modality}.jsonl")
    remove_work(work)
