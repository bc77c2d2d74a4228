"""The three phases of the main method, each for one seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from vfal.core.config.params import Params
from vfal.core.seeding import derive_seed
from vfal.core.types import MODALITIES, Modality
from vfal.method import Crowd, Method
from vfal.nn.published_weights import load_released
from vfal.training.building import Trunk, build
from vfal.training.checkpoint import below, load_strictly, under
from vfal.training.devices import main_device
from vfal.training.identity_weights import IdentityWeights
from vfal.training.loop import Loop, Phase, Trained
from vfal.training.material import Material

METHOD = "seeking_the_shape"
SIGNALS = ("classification", "cosine", "rank")


@dataclass(frozen=True)
class Setting:
    """What all phases of one seed share."""

    params: Params
    material: Material
    identities: list[str]  # of the training split, in the order of the classifier's rows
    encoders: Path
    seed: int
    folder: Path  # checkpoints


def build_method(
    params: Params, feature_width: Mapping[Modality, int], identities: int, encoders: Path | None
) -> Method:
    """The main method on frozen features or on raw media, as its block says.

    With `encoders`, raw encoders start from the pre-trained ones in that folder; without, they wait to
    be filled.
    """
    settings = params.methods.seeking_the_shape
    return build(
        METHOD,
        settings,
        Trunk(settings.trunk_width, settings.trunk_dropout),
        params,
        feature_width=feature_width,
        crowd=Crowd(identities),
        encoders=encoders,
    )


def _fresh(setting: Setting, stream: str) -> Method:
    torch.manual_seed(derive_seed(setting.seed, stream, "initial weights"))
    return build_method(
        setting.params, setting.material.feature_width, len(setting.identities), setting.encoders
    )


def new_tracker(setting: Setting, signal: str) -> IdentityWeights:
    """Identity weights of this setting before anything was seen; `signal` names the hardness measure."""
    block = setting.params.weigh_identities
    return IdentityWeights(
        len(setting.identities),
        hardness_initial=getattr(block.hardness_initial, signal),
        hardness_ema=block.hardness_ema,
        initial_ratio=block.initial_ratio,
        growth_ratio=block.growth_ratio,
        decay=block.decay,
        keep_ratio=block.keep_ratio,
        device=main_device(setting.params),
    )


def warm_up(setting: Setting) -> dict[str, Tensor]:
    """Phase 1: train on everybody alike, watching how hard each identity is by every measure.

    Returns the model, the momentum and the hardness so far, for phase 2 to go on from.
    """
    block = setting.params.warm_up
    observers = {signal: new_tracker(setting, signal) for signal in SIGNALS}
    method = _fresh(setting, "reweighting")
    loop = _loop(
        setting,
        method,
        Phase("warm_up", setting.seed, block.optimiser, block.steps, block.checkpoint_every_steps),
        batch=block.batch_size,
        stream="reweighting",
        weights=None,
        observers=observers,
    )
    trained = loop.run()
    tensors = under("model", method.state_dict()) | under("momentum", trained.momentum)
    for signal, observer in observers.items():
        tensors |= under(f"hardness.{signal}", observer.state_dict())
    return tensors


def weigh_identities(setting: Setting, start: Mapping[str, Tensor], source: Path) -> IdentityWeights:
    """Phase 2: go on from phase 1 while identities enter, easy ones first, up to the keep-ratio."""
    block, first = setting.params.weigh_identities, setting.params.warm_up
    weights = new_tracker(setting, block.hardness)
    weights.load_state_dict(below(f"hardness.{block.hardness}", start))
    method = _fresh(setting, "reweighting")
    load_strictly(method, below("model", start), source)
    _loop(
        setting,
        method,
        Phase(
            "weigh_identities",
            setting.seed,
            first.optimiser,
            block.max_steps,
            first.checkpoint_every_steps,
            first_step=first.steps,
            update_every_steps=block.interval_steps,
        ),
        batch=first.batch_size,
        stream="reweighting",
        weights=weights,
        observers={block.hardness: weights},
        momentum=below("momentum", start),
    ).run()
    return weights


def retrain(
    setting: Setting,
    weights: IdentityWeights | None,
    validate: Callable[[Method], float],
    report: Callable[[int, float], None] | None = None,
) -> Trained:
    """Phase 3: from the pre-trained encoders again, weights held fixed; the best step on validation is kept.

    `weights` None trains everybody alike (the paper's ablation -W). `report` is told (step, accuracy) of
    every validation and may raise to end the phase there.
    """
    block = setting.params.retrain
    return _loop(
        setting,
        _fresh(setting, "retraining"),
        Phase(
            "retrain",
            setting.seed,
            block.optimiser,
            block.steps,
            block.checkpoint_every_steps,
            validate_every_steps=block.validate_every_steps,
        ),
        batch=block.batch_size,
        stream="retraining",
        weights=weights,
        observers={},
        validate=validate,
        report=report,
    ).run()


def released(setting: Setting, path: Path) -> Method:
    """The released model in the place of phase 3, on its device, in evaluation mode.

    Encoders and heads are taken; its classifier knows other people and stays behind.
    """
    method = _fresh(setting, "retraining")
    load_released(
        path,
        encoders={modality: method.get_submodule(modality) for modality in MODALITIES},
        heads={modality: method.get_submodule(f"{modality}_head") for modality in MODALITIES},
    )
    return method.to(main_device(setting.params)).eval()


def _loop(
    setting: Setting,
    method: Method,
    phase: Phase,
    *,
    batch: int,
    stream: str,
    weights: IdentityWeights | None,
    observers: Mapping[str, IdentityWeights],
    momentum: Mapping[str, Tensor] | None = None,
    validate: Callable[[Method], float] | None = None,
    report: Callable[[int, float], None] | None = None,
) -> Loop:
    batches = setting.material.batches(
        setting.identities, batch_identities=batch, views=1, seed=setting.seed, stream=stream
    )
    machine = setting.params.machine
    return Loop(
        method,
        batches,
        phase,
        machine=machine,
        device=main_device(setting.params),
        folder=setting.folder,
        weights=weights,
        observers=observers,
        momentum=momentum,
        validate=validate,
        report=report,
    )
