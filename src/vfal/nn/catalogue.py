"""The catalogue of encoders: a name per modality, and the settings each takes.

Every encoder maps a batch of its modality to (B, `width`) and carries `width` and `modality`. Face
encoders take RGB images (B, 3, H, W) in [-1, 1], (p - 127.5) / 127.5 of pixel bytes; voice encoders take
waveforms (B, T) at 16 kHz in int16 scale; `feature_mlp` takes frozen features (B, D).
"""

import inspect
from typing import TYPE_CHECKING, Any

from vfal.core.errors import ConfigError
from vfal.core.shelf import take_down
from vfal.core.types import Modality

if TYPE_CHECKING:  # names can be checked without torch, which takes seconds to import
    from torch import nn

ENCODERS: dict[Modality, dict[str, str]] = {
    "face": {
        "small_face": "vfal.nn.small:SmallFaceEncoder",
        "feature_mlp": "vfal.nn.feature_mlp:FeatureMLP",
        "plain_features": "vfal.nn.plain_features:PlainFeatures",
        "ir_50": "vfal.nn.ir_50:IR50",
        "se_resnet_50": "vfal.nn.se_resnet_50:SEResNet50",
        "aml_face": "vfal.nn.tiny_encoders:AMLFace",
        "dsanet_face": "vfal.nn.tiny_encoders:DSANetFace",
        "vgg_m_face": "vfal.nn.vgg_m:VGGMFace",
    },
    "voice": {
        "small_voice": "vfal.nn.small:SmallVoiceEncoder",
        "feature_mlp": "vfal.nn.feature_mlp:FeatureMLP",
        "plain_features": "vfal.nn.plain_features:PlainFeatures",
        "resnet_se_34l": "vfal.nn.resnet_se_34l:ResNetSE34L",
        "thin_resnet_34": "vfal.nn.thin_resnet_34:ThinResNet34",
        "aml_voice": "vfal.nn.tiny_encoders:AMLVoice",
        "dsanet_voice": "vfal.nn.tiny_encoders:DSANetVoice",
        "vgg_m_voice": "vfal.nn.vgg_m:VGGMVoice",
    },
}


def make_encoder(name: str, modality: Modality, **settings: Any) -> "nn.Module":
    """A fresh encoder; an unknown name or setting, or a missing one, is a `ConfigError`."""
    constructor = take_down(ENCODERS[modality], name, f"{modality} encoder")
    known = settings_of(name, modality)
    for setting in settings:
        if setting not in known:
            takes = ", ".join(known) or "none"
            raise ConfigError(f"{modality} encoder '{name}': unknown setting '{setting}'. Settings: {takes}.")
    missing = [setting for setting, required in known.items() if required and setting not in settings]
    if missing:
        raise ConfigError(f"{modality} encoder '{name}': setting '{missing[0]}' is missing.")
    if "modality" in inspect.signature(constructor).parameters:
        settings["modality"] = modality
    encoder: nn.Module = constructor(**settings)
    return encoder


def settings_of(name: str, modality: Modality) -> dict[str, bool]:
    """The settings an encoder takes, and whether each is required."""
    constructor = take_down(ENCODERS[modality], name, f"{modality} encoder")
    return {
        parameter.name: parameter.default is parameter.empty
        for parameter in inspect.signature(constructor).parameters.values()
        if parameter.name != "modality"
    }
