"""`vfal doctor`: what would fail later, found before any work."""

import os
import platform
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from vfal.core.config.params import Params, load_params, variant_of
from vfal.core.errors import ConfigError, MachineError, VfalError
from vfal.core.shelf import refuse_unknown
from vfal.core.types import MODALITIES

NEEDED_BYTES = 1 << 30  # the demo run's data, models and caches
LOCKED_PAIRS = {"fastapi": "0.151", "sqlalchemy": "2.1"}  # Prefect 3.8.8 breaks from these on


def refuse_what_cannot_work(params: Params, folder: Path) -> None:
    """Raise for what params.yaml asks for and this checkout or machine cannot do."""
    from vfal.datasets import SHELF
    from vfal.nn.catalogue import ENCODERS
    from vfal.protocols import SHELF as PROTOCOLS

    refuse_unknown(SHELF, params.collect.dataset, "params.yaml, collect.dataset")
    for name in params.evaluate.protocols:
        refuse_unknown(PROTOCOLS, name, "params.yaml, evaluate.protocols")
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


def examine(folder: Path) -> int:
    """Print one line per check; 0 when all is well, 1 otherwise."""
    table = Table("check", "", "found")
    failed = False
    for name, probe in CHECKS.items():
        try:
            found, good = probe(folder), True
        except VfalError as error:
            found, good = str(error), False
        failed |= not good
        table.add_row(name, "[green]ok[/]" if good else "[bold red]no[/]", found)
    Console().print(table)
    return int(failed)


def _python(folder: Path) -> str:
    return platform.python_version()


def _params(folder: Path) -> str:
    params = load_params(folder / "params.yaml")
    refuse_what_cannot_work(params, folder)
    people = params.prepare.identities.total
    return f"{len(type(params).model_fields)} blocks, {people} identities, seeds {params.seeds}"


def _pins(folder: Path) -> str:
    for name, limit in LOCKED_PAIRS.items():
        found = version(name)
        if [int(part) for part in found.split(".")[:2]] >= [int(part) for part in limit.split(".")]:
            raise MachineError(f"{name} {found}: Prefect needs one below {limit}. Run `make setup`.")
    return ", ".join(
        f"{name} {version(name)}" for name in (*LOCKED_PAIRS, "prefect", "dvc", "mlflow", "torch")
    )


def _dvc(folder: Path) -> str:
    if not (folder / ".dvc").is_dir():
        raise MachineError(f"{folder}: no .dvc folder; this is not a checkout of the project.")
    return "repository found"


def _device(folder: Path) -> str:
    import torch

    from vfal.training.devices import prepare_device

    device = prepare_device(load_params(folder / "params.yaml").machine)
    return f"{device}, torch {torch.__version__}, {torch.get_num_threads()} threads"


def _disk(folder: Path) -> str:
    return f"{shutil.disk_usage(folder).free / 1e9:.1f} GB free"


CHECKS: dict[str, Callable[[Path], str]] = {
    "python": _python,
    "params.yaml": _params,
    "pins": _pins,
    "dvc": _dvc,
    "device": _device,
    "disk": _disk,
}
