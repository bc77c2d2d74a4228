"""A trained method in use: embeddings and scores of recordings and pictures, as the stages make them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import nn

from vfal.core.config.params import Params
from vfal.core.errors import ConfigError, DataError, EmbeddingError
from vfal.core.files import read_json, write_json
from vfal.core.types import MODALITIES, Modality
from vfal.data.inputs import FeatureInputs
from vfal.evaluation.calibration import Calibration
from vfal.evaluation.guards import check_scores
from vfal.metrics import Floats
from vfal.serving.media import Media, inputs_of, read_media
from vfal.training.devices import prepare_device
from vfal.training.embedding import embed_rows
from vfal.training.material import raw_encoder
from vfal.training.outputs import read_trained

PARAMS, ENCODERS, TRAINED = "params.json", "encoders", "trained"
# The blocks of params.yaml that say how media become scores. A model holds no others, so that it can
# still be read when a later vfal has other keys elsewhere.
BLOCKS = ("machine", "preprocess", "pretrain", "embed", "methods", "serve")


def write_params(path: Path, params: Params) -> None:
    """The blocks that a `Scorer` needs, to run on whichever device the serving machine has."""
    dump = params.model_dump(mode="json", include=set(BLOCKS))
    write_json(path, {**dump, "machine": {**dump["machine"], "device": "auto", "strategy": "single"}})


def read_params(path: Path) -> Params:
    """What `write_params` wrote; it has no other blocks. Keys that this vfal lacks are a `ConfigError`."""
    raw = read_json(path)
    blocks = {}
    for name in BLOCKS:
        block: Any = Params.model_fields[name].annotation
        try:
            blocks[name] = block.model_validate_json(json.dumps(raw.get(name)))
        except ValidationError as error:
            raise ConfigError(
                f"{path}, {name}: made by a vfal that has other keys. Load it with the version of vfal "
                f"that its requirements name.\n{error}"
            ) from None
    return Params.model_construct(**blocks)


class Scorer:
    """A trained method behind its encoders, as the stages embed and score.

    Read from a folder that holds params.json, `trained/` with one seed of a method, and `encoders/` when
    that method works on frozen features. `calibration` says what a score means; None for a model
    trained without verification trials of both kinds, or before calibration was part of `retrain`.
    """

    def __init__(self, folder: Path) -> None:
        self.params = read_params(folder / PARAMS)
        self.device = prepare_device(self.params.machine)
        seeds = sorted((folder / TRAINED).glob("seed_*.json"))
        if len(seeds) != 1:
            raise DataError(f"{folder / TRAINED}: expected one trained seed, found {len(seeds)}.")
        seed = int(seeds[0].stem.removeprefix("seed_"))
        learnt = read_json(seeds[0]).get("calibration")
        self.calibration = Calibration.from_json(learnt) if learnt else None
        self.method = read_trained(folder / TRAINED, seed, self.params)
        self.encoders: dict[Modality, nn.Module] = {}
        if self.params.methods.seeking_the_shape.regime == "features":
            for modality in MODALITIES:
                settings = getattr(self.params.pretrain, modality)
                self.encoders[modality] = raw_encoder(settings, modality, folder / ENCODERS)

    def read(self, modality: Modality, file: bytes, place: str) -> Media:
        """A file decoded for `embed`; one that is refused is a `DataError` that begins with `place`."""
        return read_media(modality, file, place, self.params)

    def embed(self, modality: Modality, media: Sequence[Media]) -> NDArray[np.float32]:
        """Embeddings (B, D) of decoded files, finite or an `EmbeddingError`; none depends on the others."""
        last = self.method.embed_voices if modality == "voice" else self.method.embed_faces
        steps: list[tuple[nn.Module, Callable[[torch.Tensor], torch.Tensor]]] = [(self.method, last)]
        if encoder := self.encoders.get(modality):
            steps.insert(0, (encoder, encoder))
        vectors_BD: NDArray[np.float32] | None = None
        for owner, embed in steps:
            vectors_BD = embed_rows(
                owner,
                embed,
                inputs_of(modality, media, self.params) if vectors_BD is None else FeatureInputs(vectors_BD),
                np.arange(len(media)),
                batch_size=self.params.embed.batch_size,
                machine=self.params.machine,
                device=self.device,
                title=f"embed {modality}s",
            )
        assert vectors_BD is not None
        if not np.isfinite(vectors_BD).all():
            raise EmbeddingError(f"{modality}: an embedding is NaN or infinite; the model is broken.")
        return vectors_BD

    @torch.no_grad()
    def matrix(self, voices_ND: NDArray[np.float32], faces_MD: NDArray[np.float32]) -> Floats:
        """Scores (N, M) of embeddings, larger = better fit; cosine in [-1, 1] unless a method differs.

        One that is not finite is an `EmbeddingError`.
        """
        voices, faces = (torch.from_numpy(vectors).to(self.device) for vectors in (voices_ND, faces_MD))
        scores_NM = self.method.score(voices, faces).double().cpu().numpy()
        check_scores(scores_NM, "this request")
        return np.asarray(scores_NM)

    def score(self, voices: Sequence[bytes], faces: Sequence[bytes]) -> Floats:
        """Score (B,) of the files voice i and face i; it does not depend on other rows.

        A file that is refused is a `DataError` naming row, column and reason.
        """
        if not len(voices) or len(voices) != len(faces):
            raise DataError(
                f"score: {len(voices)} voices and {len(faces)} faces; expected pairs, at least one."
            )
        voices_BD, faces_BD = (
            self.embed(name, [self.read(name, file, f"row {row}, {name}") for row, file in enumerate(files)])
            for name, files in zip(MODALITIES, (voices, faces), strict=True)
        )
        # Pairs are the diagonal; blocks keep the rest of the square small.
        size = self.params.embed.batch_size
        blocks = [slice(start, start + size) for start in range(0, len(voices), size)]
        return np.concatenate([self.matrix(voices_BD[block], faces_BD[block]).diagonal() for block in blocks])
