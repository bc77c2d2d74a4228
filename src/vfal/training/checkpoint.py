"""Checkpoints and trained weights: tensors and plain values only, written whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from vfal.core.errors import WeightsError
from vfal.core.files import whole_file
from vfal.core.ranks import leading


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Tensors by name as safetensors; equal tensors give equal bytes."""
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in sorted(tensors.items())}
    with whole_file(path) as partial:
        save_file(plain, partial)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors by name; a missing or damaged file is a `WeightsError`."""
    try:
        return dict(load_file(path))
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such file. Run the stage that makes it.") from None
    except Exception as error:  # safetensors raises its own untyped errors
        if type(error).__name__ != "SafetensorError":
            raise
        raise WeightsError(
            f"{path}: not a whole safetensors file ({error}). Delete it and run its stage again."
        ) from error


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names with `prefix.` put before them."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose name begins with `prefix.`, without it."""
    return {
        name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")
    }


def load_strictly(module: torch.nn.Module, tensors: Mapping[str, Tensor], source: Path) -> None:
    """Fill a module, or say which names or shapes do not fit."""
    try:
        module.load_state_dict(dict(tensors), strict=True)
    except RuntimeError as error:
        raise WeightsError(f"{source}: does not fit the network.\n{error}") from None


class Checkpoints:
    """The latest checkpoint of one run in its work folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "checkpoint.pt"

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the checkpoint by `state` (tensors, numbers, strings, and dicts and lists of them)."""
        if leading():
            with whole_file(self.path) as partial:
                torch.save(dict(state), partial)

    def load(self) -> dict[str, Any] | None:
        """The latest checkpoint, or None when there is none; a `WeightsError` when it is damaged."""
        if not self.path.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, UnpicklingError) as error:
            strange = isinstance(error, UnpicklingError)
            reason = "no tensors and plain values" if strange else str(error).partition("\n")[0].rstrip(".")
            raise WeightsError(
                f"{self.path}: a damaged checkpoint ({reason}). `vfal doctor --fix` moves one aside that "
                "cannot be read; the next run then starts anew."
            ) from error
        return state
