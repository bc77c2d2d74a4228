"""A trained model as a folder that `Scorer` reads: this checkout's own, a registered one, or one on disk."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vfal.core.config.params import Params
from vfal.core.errors import DataError, MachineError
from vfal.core.switches import switch_off
from vfal.serving.scorer import PARAMS
from vfal.tracking.address import resolve, why_silent
from vfal.tracking.chosen import choose
from vfal.tracking.patience import patience, quiet, towards

REGISTERED = "models:/"
WITHIN = Path("artifacts/model")  # of a model that MLflow saved
METHOD = "seeking_the_shape"


@contextmanager
def model_folder(model: str, params: Params) -> Iterator[Path]:
    """The folder of `model`, for as long as the block runs.

    `model` is empty for what this checkout trained, `models:/<name>@<alias>` or `models:/<name>/<version>`
    for a registered model, or a folder. Raises `DataError` where there is none, `MachineError` where MLflow
    does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="vfal-model-") as temporary:
        if not model:
            chosen = choose(params, METHOD)
            if chosen is None:
                raise DataError(
                    "models/trained: nothing trained here. Run `vfal repro`, or name a model: --model."
                )
            chosen.copy_to(Path(temporary))
            yield Path(temporary)
            return
        saved = _download(model, params, temporary) if model.startswith(REGISTERED) else Path(model)
        folder = saved / WITHIN if (saved / WITHIN).is_dir() else saved
        if not (folder / PARAMS).is_file():
            raise DataError(f"{model}: no {PARAMS} in it; expected a folder that holds a model of vfal.")
        yield folder


def _download(model: str, params: Params, folder: str) -> Path:
    """A registered model on disk."""
    address = resolve(params.tracking.uri, Path.cwd())
    if reason := why_silent(address):
        raise MachineError(f"{model}: MLflow at {address.shown}: {reason}.")
    switch_off()
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        with patience(towards(address.uri)), quiet():
            return Path(mlflow.artifacts.download_artifacts(artifact_uri=model, dst_path=folder))
    except (MlflowException, OSError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise DataError(f"{model}: not to be had from MLflow at {address.shown} ({reason}).") from None
