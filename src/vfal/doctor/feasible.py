"""What params.yaml asks for and this checkout or machine cannot do, found before any work."""

import os
import shutil
from pathlib import Path

from vfal.core.config.params import Params, variant_of
from vfal.core.errors import ConfigError, MachineError
from vfal.core.shelf import refuse_unknown
from vfal.core.types import MODALITIES

NEEDED_BYTES = 1 << 30  # the demo run's data, models and caches


def refuse_what_cannot_work(params: Params, folder: Path) -> None:
    """Raise for what params.yaml asks for and this checkout or machine cannot do."""
    from vfal.datasets import SHELF
    from vfal.nn.catalogue import ENCODERS
    from vfal.protocols import SHELF as PROTOCOLS

    refuse_unknown(SHELF, params.collect.dataset, "params.yaml, collect.dataset")
    for name in params.evaluate.protocols:
        refuse_unknown(PROTOCOLS, name, "params.yaml, evaluate.protocols")
    if not (folder / params.prepare.lists).is_dir():
        raise ConfigError(
            f"prepare.lists: '{params.prepare.lists}' is not a folder; expected the one that holds the "
            "official files which params.yaml names. The map depends on it."
        )
    for modality in MODALITIES:
        name = getattr(params.pretrain, modality).name
        refuse_unknown(ENCODERS[modality], name, f"params.yaml, pretrain.{modality}.name")
    for name in params.ablate.variants:
        rule = variant_of(params, name).weigh_identities.rule
        if rule == "truth" and params.collect.dataset != "generated":
            raise ConfigError(
                f"ablate.variants.{name}: rule 'truth' needs people whose truth is known; dataset "
                f"'{params.collect.dataset}' has none. Remove the variant."
            )
    for place in (folder, folder / "data", folder / "models", folder / "reports"):
        if place.exists() and not os.access(place, os.W_OK):
            raise MachineError(f"{place}: cannot be written. Make it writable and run again.")
    if (free := shutil.disk_usage(folder).free) < NEEDED_BYTES and not (folder / "data" / "raw").exists():
        raise MachineError(
            f"{folder}: {free / 1e9:.1f} GB free, a run needs about {NEEDED_BYTES / 1e9:.0f} GB. "
            "Free some space."
        )
