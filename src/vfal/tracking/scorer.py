"""How well a voice fits a face, from the bytes of a recording and of a picture."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import nn

from vfal.core.config.params import Params
from vfal.core.errors import ConfigError, DataError
from vfal.core.files import read_json, write_json
from vfal.core.types import MODALITIES, Modality
from vfal.data.batches import Inputs
from vfal.data.decode import DecodeError, decode_face, decode_voice
from vfal.data.inputs import FaceInputs, FeatureInputs, VoiceInputs
from vfal.data.media import PackedFaces, PackedVoices
from vfal.training.devices import prepare_device
from vfal.training.embedding import embed_rows
from vfal.training.material import raw_encoder
from vfal.training.outputs import read_trained

PARAMS, ENCODERS, TRAINED = "params.json", "encoders", "trained"
# The blocks of params.yaml that say how media become scores. A model holds no others, so that it can
# still be read when a later vfal has other keys elsewhere.
BLOCKS = ("machine", "preprocess", "pretrain", "embed", "methods")
Item = TypeVar("Item")


class LooseVoices(PackedVoices):
    """Decoded recordings that come from no folder."""

    def __init__(self, clips: Sequence[NDArray[np.int16]]) -> None:
        self.samples_T = np.concatenate(clips)
        self.lengths = np.asarray([len(clip) for clip in clips], dtype=np.int64)
        self.offsets = np.cumsum(self.lengths) - self.lengths


class LooseFaces(PackedFaces):
    """Decoded pictures that come from no folder."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        self.pixels_MHWC = np.stack(pictures)


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
    that method works on frozen features.
    """

    def __init__(self, folder: Path) -> None:
        self.params = read_params(folder / PARAMS)
        self.device = prepare_device(self.params.machine)
        seeds = sorted((folder / TRAINED).glob("seed_*.json"))
        if len(seeds) != 1:
            raise DataError(f"{folder / TRAINED}: expected one trained seed, found {len(seeds)}.")
        seed = int(seeds[0].stem.removeprefix("seed_"))
        self.method = read_trained(folder / TRAINED, seed, self.params)
        self.encoders: dict[Modality, nn.Module] = {}
        if self.params.methods.seeking_the_shape.regime == "features":
            for modality in MODALITIES:
                settings = getattr(self.params.pretrain, modality)
                self.encoders[modality] = raw_encoder(settings, modality, folder / ENCODERS)

    def score(self, voices: Sequence[bytes], faces: Sequence[bytes]) -> NDArray[np.float32]:
        """Score (B,) of voice i with face i, larger = better fit; cosine in [-1, 1] unless a method differs.

        A file that cannot be decoded is a `DataError` naming row, column and reason. A pair's score does
        not depend on the other rows.
        """
        if not len(voices) or len(voices) != len(faces):
            raise DataError(
                f"score: {len(voices)} voices and {len(faces)} faces; expected pairs, at least one."
            )
        voices_BD = torch.from_numpy(self._embed("voice", self._voices(voices), len(voices))).to(self.device)
        faces_BD = torch.from_numpy(self._embed("face", self._faces(faces), len(faces))).to(self.device)
        # Pairs are the diagonal; blocks keep the rest of the square small.
        size = self.params.embed.batch_size
        blocks = [slice(start, start + size) for start in range(0, len(voices), size)]
        with torch.no_grad():
            parts = [self.method.score(voices_BD[block], faces_BD[block]).diagonal() for block in blocks]
        return torch.cat(parts).float().cpu().numpy()

    def _voices(self, files: Sequence[bytes]) -> Inputs:
        settings = self.params.preprocess
        rate_hz, longest_s = settings.sample_rate_hz, settings.longest_s
        clips = _decode(
            "voice", files, lambda file: decode_voice(file, sample_rate_hz=rate_hz, longest_s=longest_s)
        )
        return VoiceInputs(
            LooseVoices(clips),
            self.params.pretrain.augmentation,
            sample_rate_hz=rate_hz,
            whole_s=self.params.embed.voice_s,
        )

    def _faces(self, files: Sequence[bytes]) -> Inputs:
        face_px = self.params.preprocess.face_px
        pictures = _decode("face", files, lambda file: decode_face(file, face_px=face_px))
        return FaceInputs(LooseFaces(pictures), self.params.pretrain.augmentation)

    def _embed(self, modality: Modality, inputs: Inputs, count: int) -> NDArray[np.float32]:
        """Embeddings (B, D): through the frozen encoder first, where the method works on features."""
        last = self.method.embed_voices if modality == "voice" else self.method.embed_faces
        steps: list[tuple[nn.Module, Callable[[torch.Tensor], torch.Tensor]]] = [(self.method, last)]
        if encoder := self.encoders.get(modality):
            steps.insert(0, (encoder, encoder))
        vectors_BD: NDArray[np.float32] | None = None
        for owner, embed in steps:
            vectors_BD = embed_rows(
                owner,
                embed,
                inputs if vectors_BD is None else FeatureInputs(vectors_BD),
                np.arange(count),
                batch_size=self.params.embed.batch_size,
                machine=self.params.machine,
                device=self.device,
                title=f"embed {modality}s",
            )
        assert vectors_BD is not None
        return vectors_BD


def _decode(modality: Modality, files: Sequence[bytes], decode: Callable[[bytes], Item]) -> list[Item]:
    decoded = []
    for row, file in enumerate(files):
        if not isinstance(file, bytes):
            raise DataError(
                f"row {row}, {modality}: expected the bytes of a file, found {type(file).__name__}."
            )
        try:
            decoded.append(decode(file))
        except DecodeError as error:
            raise DataError(f"row {row}, {modality}: cannot be decoded: {error}.") from None
    return decoded
