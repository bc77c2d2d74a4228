"""A training step of the main method in the one loop, against the same step written plainly.

Plain means what a first version looks like: items in a dict, one Python call per item, fp32 in NCHW, the
explicit loss one anchor after the other, hardness in a dict. Ours also keeps checkpoints and curves, measures
hardness in three ways and could be continued at any step; the plain one can do none of that.
"""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms import functional as pictures

from comparing import PLAIN, Row, compare, demo_params, show
from vfal.core.config.params import Params
from vfal.core.tables import write_table
from vfal.data.features import Features, write_features
from vfal.losses.softmax_contrast import explicit_loss
from vfal.method import Crowd, Method
from vfal.methods.seeking_the_shape import SeekingTheShapeOfSound
from vfal.nn.catalogue import make_encoder
from vfal.training.devices import prepare_device
from vfal.training.identity_weights import IdentityWeights
from vfal.training.loop import Loop, Phase
from vfal.training.material import Material, feature_material, media_material

IDENTITIES, VOICES_EACH, FACES_EACH = 800, 4, 5
SAMPLES, FACE_PX, RATE_HZ = 32_000, 64, 16_000
FEATURE_STEPS, PLAIN_FEATURE_STEPS = 100, 5  # per call of ours, and of the plain way
MEDIA_STEPS, PLAIN_MEDIA_STEPS = 5, 3
NAMES = [f"id{number:05d}" for number in range(IDENTITIES)]


def main() -> None:
    params = demo_params(methods__seeking_the_shape__regime="raw")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_media(folder)
        rows = [_on_features(params, folder), _explicit(params), _on_media(params, folder)]
    show("A training step of seeking_the_shape, batch 64", rows)


def _on_features(params: Params, folder: Path) -> Row:
    prepare_device(params.machine, small_steps=True)
    material = feature_material(folder / "features")
    store = {
        modality: _by_person(material.items[modality].index, material.items[modality].inputs.features_ND)
        for modality in ("voice", "face")
    }

    def encoders() -> tuple[nn.Module, nn.Module]:
        sizes = {"inputs": 128, "width": params.methods.seeking_the_shape.trunk_width, "dropout": 0.0}
        return make_encoder("feature_mlp", "voice", **sizes), make_encoder("feature_mlp", "face", **sizes)

    plain = PlainTrainer(params, *encoders(), load=lambda who, kind: random.choice(store[kind][who]))
    ours = _loop_steps(params, material, encoders, FEATURE_STEPS)
    ours(), plain.steps(1)
    return compare(
        "frozen features, one thread",
        {PLAIN: lambda: plain.steps(PLAIN_FEATURE_STEPS), "ours": ours},
        rounds=3,
        per={PLAIN: PLAIN_FEATURE_STEPS, "ours": FEATURE_STEPS},
    )


def _on_media(params: Params, folder: Path) -> Row:
    prepare_device(params.machine)
    augmentation = params.methods.seeking_the_shape.augmentation
    material = media_material(folder, params, augmentation)
    voices, faces = material.items["voice"], material.items["face"]
    waves = _by_person(voices.index, voices.inputs.media.samples_T.reshape(-1, SAMPLES))
    images = _by_person(faces.index, faces.inputs.media.pixels_MHWC)

    def load(who: str, kind: str) -> Tensor:
        if kind == "voice":
            length = int(1.3 * RATE_HZ)
            start = random.randrange(SAMPLES - length)
            return torch.tensor(random.choice(waves[who])[start : start + length].astype(np.float32))
        picture = torch.tensor(random.choice(images[who])).permute(2, 0, 1).float()
        picture = (picture - 127.5) / 127.5
        if random.random() < augmentation.flip_probability:
            picture = pictures.hflip(picture)
        if random.random() < augmentation.rotate_probability:
            degrees = random.randint(-augmentation.rotate_max_degrees, augmentation.rotate_max_degrees)
            picture = pictures.rotate(picture, degrees, pictures.InterpolationMode.BILINEAR)
        return picture

    def encoders() -> tuple[nn.Module, nn.Module]:
        voice, face = params.pretrain.voice, params.pretrain.face
        return (
            make_encoder(voice.name, "voice", channels=voice.channels, width=voice.width),
            make_encoder(face.name, "face", channels=face.channels, width=face.width),
        )

    plain = PlainTrainer(params, *encoders(), load=load)
    ours = _loop_steps(params, material, encoders, MEDIA_STEPS)
    ours(), plain.steps(1)
    return compare(
        "small encoders, raw media",
        {PLAIN: lambda: plain.steps(PLAIN_MEDIA_STEPS), "ours": ours},
        rounds=3,
        per={PLAIN: PLAIN_MEDIA_STEPS, "ours": MEDIA_STEPS},
    )


def _explicit(params: Params) -> Row:
    offset = 2 + params.methods.seeking_the_shape.margin
    anchors = torch.randn(64, 128, requires_grad=True)
    candidates = torch.randn(64, 128, requires_grad=True)

    def step(loss: Callable[..., Tensor]) -> Tensor:
        total = loss(anchors, candidates, offset=offset).mean()
        total.backward()
        return total.detach()

    torch.testing.assert_close(step(explicit_loss), step(_plain_explicit))
    ways = {PLAIN: lambda: step(_plain_explicit), "ours": lambda: step(explicit_loss)}
    return compare("of it: explicit loss, one side", ways, rounds=20)


def _loop_steps(
    params: Params, material: Material, encoders: Callable[[], tuple[nn.Module, nn.Module]], steps: int
) -> Callable[[], None]:
    """`steps` steps of the weighing phase in a folder of their own, the closing checkpoint included."""
    method = _method(params, *encoders())
    batches = material.batches(
        NAMES, batch_identities=params.warm_up.batch_size, views=1, seed=1, stream="benchmark"
    )
    phase = Phase("benchmark", 1, params.warm_up.optimiser, steps, params.warm_up.checkpoint_every_steps)

    def run() -> None:
        weights = _weights(params)
        with tempfile.TemporaryDirectory() as name:
            Loop(
                method,
                batches,
                phase,
                machine=params.machine,
                device=torch.device("cpu"),
                folder=Path(name),
                weights=weights,
                observers={"classification": weights},
            ).run()

    return run


class PlainTrainer:
    """The same method, one item and one anchor after the other."""

    def __init__(
        self, params: Params, voice: nn.Module, face: nn.Module, *, load: Callable[[str, str], Tensor]
    ) -> None:
        self.method, self.load, self.params = _method(params, voice, face), load, params
        settings = params.warm_up.optimiser
        self.optimiser = torch.optim.SGD(
            self.method.parameters(),
            lr=settings.learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )
        self.hardness, self.weight = dict.fromkeys(NAMES, 14.0), dict.fromkeys(NAMES, 1.0)

    def steps(self, count: int) -> None:
        for _ in range(count):
            self._step()

    def _step(self) -> None:
        self.method.train()
        people = random.sample(NAMES, self.params.warm_up.batch_size)
        labels = torch.tensor([NAMES.index(who) for who in people])
        voices = self.method.embed_voices(torch.stack([self.load(who, "voice") for who in people]))
        faces = self.method.embed_faces(torch.stack([self.load(who, "face") for who in people]))
        logits = {"voice": self.method.classifier(voices), "face": self.method.classifier(faces)}
        entropy = {
            kind: functional.cross_entropy(logit, labels, reduction="none") for kind, logit in logits.items()
        }
        offset = 2 + self.params.methods.seeking_the_shape.margin
        explicit = 0.5 * _plain_explicit(voices, faces, offset=offset)
        explicit = explicit + 0.5 * _plain_explicit(faces, voices, offset=offset)
        total, mean = torch.zeros(()), sum(self.weight.values()) / len(self.weight)
        for row, who in enumerate(people):
            loss = entropy["voice"][row] + entropy["face"][row] + explicit[row]
            total = total + loss * (self.weight[who] / mean)
            seen = float(entropy["voice"][row].detach() + entropy["face"][row].detach())
            self.hardness[who] = 0.9 * self.hardness[who] + 0.1 * seen
        self.optimiser.zero_grad()
        (total / len(people)).backward()
        self.optimiser.step()


def _plain_explicit(anchors: Tensor, candidates: Tensor, *, offset: float) -> Tensor:
    losses = []
    for row in range(len(anchors)):
        unit = candidates / candidates.norm(dim=1, keepdim=True)
        scores = unit @ anchors[row]
        excess = torch.exp(scores - scores[row])
        losses.append(torch.log(offset - 1 + excess.sum()))  # the positive's own exp(0) is in the sum
    return torch.stack(losses)


def _method(params: Params, voice: nn.Module, face: nn.Module) -> Method:
    torch.manual_seed(1)
    settings = params.methods.seeking_the_shape
    return SeekingTheShapeOfSound(voice, face, crowd=Crowd(IDENTITIES), settings=settings)


def _weights(params: Params) -> IdentityWeights:
    block = params.weigh_identities
    return IdentityWeights(
        IDENTITIES,
        hardness_initial=block.hardness_initial.classification,
        hardness_ema=block.hardness_ema,
        initial_ratio=block.initial_ratio,
        growth_ratio=block.growth_ratio,
        decay=block.decay,
        keep_ratio=block.keep_ratio,
    )


def _by_person(index: pd.DataFrame, items: np.ndarray | Tensor) -> dict[str, list]:
    """Every item in memory, as a plain loader keeps it."""
    found: dict[str, list] = {}
    for identity, row in zip(index["identity"], index["row"], strict=True):
        found.setdefault(identity, []).append(items[row])
    return found


def _write_media(folder: Path) -> None:
    """Packed media and features of the demo's sizes, filled with noise: contents do not change the time."""
    rng = np.random.default_rng(1)
    for modality, each, number in (("voice", VOICES_EACH, "clip"), ("face", FACES_EACH, "face")):
        count = IDENTITIES * each
        index = pd.DataFrame({number: range(count), "identity": np.repeat(NAMES, each), "row": range(count)})
        if modality == "voice":
            index = index.assign(offset=np.arange(count) * SAMPLES, samples=SAMPLES)
            media = rng.integers(-3000, 3000, count * SAMPLES).astype(np.int16)
        else:
            media = rng.integers(0, 256, (count, FACE_PX, FACE_PX, 3), dtype=np.uint8)
        np.save(folder / f"{modality}s.npy", media)
        write_table(folder / f"{modality}s.parquet", index)
        vectors = rng.standard_normal((count, 128)).astype(np.float32)
        write_features(folder / "features", modality, Features(index[[number, "identity", "row"]], vectors))


if __name__ == "__main__":
    main()
