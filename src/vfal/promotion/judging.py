"""Two registered models on the same people: each embeds the media by its own encoders and method."""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vfal.core.config.machine import Preprocess
from vfal.core.config.params import Params
from vfal.core.files import read_json
from vfal.core.paths import MEDIA, PREPARED, RAW
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS, read_table
from vfal.core.types import MODALITIES, Modality
from vfal.data.inputs import FeatureInputs
from vfal.data.media import pack_faces, pack_voices
from vfal.evaluation.embeddings import Embeddings
from vfal.promotion.trials import FairTrials
from vfal.protocol import Evaluation, evaluate
from vfal.protocols import get_protocols
from vfal.serving.scorer import Scorer
from vfal.training.assessing import scorer_of
from vfal.training.embedding import embed_rows
from vfal.training.material import Material, media_material


def judge(model: Path, folder: Path, fair: FairTrials, params: Params) -> Evaluation:
    """The protocols of `params` on the trials of `fair`, for the model in `model`.

    `model` holds what `Scorer` reads; `folder` is the checkout whose media are heard and seen.
    """
    scorer = Scorer(model)
    with tempfile.TemporaryDirectory(prefix="vfal-media-") as temporary:
        media = folder / MEDIA
        if scorer.params.preprocess != params.preprocess:
            media = _packed_as(scorer.params.preprocess, folder, fair, Path(temporary), params)
        embeddings = _embed(scorer, media, set(fair.people["identity"]))
    return evaluate(
        get_protocols(params.evaluate.protocols),
        embeddings,
        fair.people,
        fair.trials,
        params.evaluate,
        split="test",
        seed=params.prepare.seed,
        scorer=scorer_of(scorer.method),
    )


def _embed(scorer: Scorer, media: Path, people: set[str]) -> Embeddings:
    material = media_material(media, scorer.params, scorer.params.pretrain.augmentation)
    tables = {modality: material.of(people, modality) for modality in MODALITIES}
    vectors = {
        modality: _vectors(scorer, material, modality, tables[modality]["row"].to_numpy())
        for modality in MODALITIES
    }
    return Embeddings.of(vectors["voice"], vectors["face"], clips=tables["voice"], faces=tables["face"])


def _vectors(
    scorer: Scorer, material: Material, modality: Modality, rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Embeddings (N, D) of `rows`: through the frozen encoder first, where the method works on features."""
    method, encoder = scorer.method, scorer.encoders.get(modality)
    embed = method.embed_voices if modality == "voice" else method.embed_faces
    settings, machine = scorer.params.embed, scorer.params.machine
    inputs = material.items[modality].inputs
    if encoder is not None:
        features_ND = embed_rows(
            encoder,
            encoder,
            inputs,
            rows,
            batch_size=settings.batch_size,
            machine=machine,
            device=scorer.device,
            title=f"encode {modality}s",
        )
        inputs, rows = FeatureInputs(features_ND), np.arange(len(rows))
    return embed_rows(
        method,
        embed,
        inputs,
        rows,
        batch_size=settings.batch_size,
        machine=machine,
        device=scorer.device,
        title=f"embed {modality}s",
    )


def _packed_as(settings: Preprocess, folder: Path, fair: FairTrials, target: Path, params: Params) -> Path:
    """The media of the tested people decoded as another model wants them."""
    root = folder / read_json(folder / RAW / "corpus.json")["root"]
    names, workers = fair.people["identity"], params.machine.workers
    clips = read_table(folder / PREPARED / "clips.parquet", CLIP_COLUMNS)
    faces = read_table(folder / PREPARED / "faces.parquet", FACE_COLUMNS)
    clips, faces = (table[table["identity"].isin(names)] for table in (clips, faces))
    pack_voices(clips, root, target, target / "work", settings=settings, workers=workers)
    pack_faces(faces, root, target, target / "work", settings=settings, workers=workers)
    return target
