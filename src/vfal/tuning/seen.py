"""What tuning may see: items, people and trials of the training and validation splits, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pandas as pd

from vfal.core.config.params import Params
from vfal.core.config.writing import holds
from vfal.core.errors import ConfigError
from vfal.core.files import sha256_of
from vfal.core.paths import ENCODERS, PARAMS, PREPARED
from vfal.core.tables import read_table
from vfal.core.types import MODALITIES
from vfal.data.features import NUMBER_OF
from vfal.tracking.provenance import read_lock
from vfal.training.assessing import ValidationAccuracy
from vfal.training.material import Material, only_of
from vfal.training.setting import identities_of, load_material

MAKERS = ("collect", "prepare", "preprocess", "pretrain", "embed")  # of the features, stages and blocks


@dataclass(frozen=True)
class Seen:
    """The training people in the order of the classifier's rows, everybody's items, and the judge.

    `digest` changes when anything of it does, and with nothing else: not with the test split.
    """

    identities: list[str]
    material: Material
    judge: ValidationAccuracy
    digest: str


def load_seen(params: Params) -> Seen:
    """Read the prepared corpus as far as tuning may know it."""
    train, val = identities_of("train"), identities_of("val")
    material = only_of(load_material(params), {*train, *val})
    judge = ValidationAccuracy(material, params)
    return Seen(train, material, judge, _digest(params, [*train, *val], material, judge))


def refuse_stale_features(raw: Mapping[str, Any]) -> None:
    """Raise a `ConfigError` when the corpus on disk was made under other parameters than `raw`.

    By what dvc.lock says; a study that believes otherwise would name parameters it was not made under.
    """
    for stage, record in read_lock().items():
        held = record.get("params", {}).get(PARAMS.name, {}) if stage in MAKERS else {}
        for key, value in held.items():
            if key.partition(".")[0] in MAKERS and not holds(raw, key, value):
                raise ConfigError(
                    f"params.yaml, {key}: has changed since stage {stage} ran, and trials would learn from "
                    f"what that made. Run `dvc repro {MAKERS[-1]}` first."
                )


def _digest(params: Params, people: list[str], material: Material, judge: ValidationAccuracy) -> str:
    raw = params.methods.seeking_the_shape.regime == "raw"
    digest = sha256("\n".join(people).encode())
    for modality in MODALITIES:
        items = material.items[modality]
        digest.update(_bytes_of(items.index[[NUMBER_OF[modality], "identity"]]))
        if raw:
            number = NUMBER_OF[modality]
            table = read_table(PREPARED / f"{number}s.parquet", [number, "sha256"])
            digest.update(_bytes_of(table[table[number].isin(items.index[number])][[number, "sha256"]]))
            digest.update(sha256_of(ENCODERS / f"{modality}.safetensors").encode())
        else:
            digest.update(items.inputs.plain(items.index["row"].to_numpy()).numpy().tobytes())
    digest.update(_bytes_of(judge.trials["matching"]))
    return digest.hexdigest()[:16]


def _bytes_of(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()
