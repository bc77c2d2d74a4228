"""Published weight files: read safely, renamed, compared with the network, loaded or refused.

Known files: `backbone_ir50_ms1m_epoch120.pth` (IR50), `baseline_lite_ap.model` (ResNetSE34L), and the
`best.pth.tar` of "Seeking the Shape of Sound", which holds both encoders, their heads and the classifier.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import cast

import torch
from torch import Tensor, nn

from vfal.core.errors import WeightsError
from vfal.core.types import Modality
from vfal.nn.heads import SharedClassifier

SHOWN = 10  # names per kind of misfit in a refusal

# published name -> ours, tried in this order on every name
RENAMED = (
    (r"^module\.", ""),  # saved from a data-parallel wrapper
    (r"^__S__\.", ""),  # voxceleb_trainer's speaker network
    (r"^attention$", "pool.query"),
    (r"^sap_linear\.", "pool.linear."),
    (r"^torchfb\.", "front_end.mel."),
)
LOSS_OF_TRAINER = re.compile(r"^(module\.)?__L__\.")  # voxceleb_trainer's loss, not part of the encoder
# The front end is built right; a file may leave it out. Old files do not count batches.
MAY_BE_ABSENT = re.compile(r"^front_end\.|num_batches_tracked$")
RELEASED_NETWORK: dict[Modality, str] = {"face": "F.", "voice": "V."}


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by published name; wrappers (`state_dict`, `module.`) are taken off.

    A file that is absent, damaged, or holds anything but plain data is a `WeightsError`: it is never
    unpickled.
    """
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such weight file. Correct its path in params.yaml.") from None
    except UnpicklingError as error:
        raise WeightsError(
            f"{path}: not a file of tensors alone ({_first_line(error)}). Loading it could run "
            "code from the file. Have it saved again as a plain state dict by someone who trusts it."
        ) from None
    except (RuntimeError, EOFError, OSError) as error:
        raise WeightsError(
            f"{path}: not a torch weight file ({_first_line(error)}). Fetch it again."
        ) from None
    state = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else loaded
    if not isinstance(state, dict) or not state:
        raise WeightsError(f"{path}: found {type(state).__name__}, expected a state dict of named tensors.")
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise WeightsError(f"{path}: '{name}' is a {type(value).__name__}, expected a tensor.")
    return {re.sub(r"^module\.", "", name): value for name, value in state.items()}


def load_published(encoder: nn.Module, path: Path | str) -> None:
    """Fill an encoder of the catalogue from a backbone file or a released `best.pth.tar`, in place."""
    state = read_weights(Path(path))
    prefix = f"{RELEASED_NETWORK[cast(Modality, encoder.modality)]}model."
    if any(name.startswith(prefix) for name in state):
        state = part_of(state, prefix)
    fill(encoder, state, source=str(path))


def load_released(
    path: Path,
    *,
    encoders: Mapping[Modality, nn.Module],
    heads: Mapping[Modality, nn.Module],
    classifier: SharedClassifier | None = None,
) -> None:
    """Fill the parts of the main method from its released `best.pth.tar`, in place.

    The face network of that file owns the classifier of both modalities. A classifier of another number
    of identities is a `WeightsError`; leave it out to load encoders and heads alone.
    """
    state = read_weights(path)
    for modality, prefix in RELEASED_NETWORK.items():
        if modality in encoders:
            fill(encoders[modality], part_of(state, f"{prefix}model."), source=f"{path}, {prefix}model")
        if modality in heads:
            fill(heads[modality], part_of(state, f"{prefix}fc."), source=f"{path}, {prefix}fc")
    if classifier is not None:
        fill(classifier, part_of(state, "F.cls."), source=f"{path}, F.cls")


def part_of(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The entries whose names start with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def fill(module: nn.Module, state: Mapping[str, Tensor], *, source: str) -> None:
    """Load published entries into a module; if names or shapes do not fit, a `WeightsError` with the diff."""
    ours = module.state_dict()
    found = {_our_name(name): value for name, value in state.items() if not LOSS_OF_TRAINER.match(name)}
    missing = [name for name in ours if name not in found and not MAY_BE_ABSENT.search(name)]
    unexpected = [name for name in found if name not in ours]
    misshapen = [
        f"{name}: found {tuple(found[name].shape)}, expected {tuple(ours[name].shape)}"
        for name in ours
        if name in found and found[name].shape != ours[name].shape
    ]
    if missing or unexpected or misshapen:
        kind = type(module).__name__
        raise WeightsError(
            f"{source}: does not fit {kind}: {len(missing)} entries missing, {len(unexpected)} unexpected, "
            f"{len(misshapen)} of another shape, {len(ours)} expected in all."
            + _listed("missing", missing)
            + _listed("unexpected", unexpected)
            + _listed("another shape", misshapen)
            + f"\nGive a weight file made for {kind}, or choose the encoder that this file was made for."
        )
    module.load_state_dict(found, strict=False)


def _our_name(published: str) -> str:
    for pattern, replacement in RENAMED:
        published = re.sub(pattern, replacement, published)
    return published


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _listed(title: str, lines: Iterable[str]) -> str:
    lines = list(lines)
    more = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "".join(f"\n  {title}: {line}" for line in lines[:SHOWN] + more)
