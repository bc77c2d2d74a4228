"""The registered model: a version per trained model, the alias `candidate` on the current one."""

import tempfile
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from vfal.tracking.chosen import Chosen, example_pair
from vfal.tracking.patience import UPLOAD, patience
from vfal.tracking.signature import SIGNATURE, example_questions
from vfal.tracking.store import FINGERPRINT

with warnings.catch_warnings():
    # MLflow complains of annotations in its own classes while this is imported.
    warnings.filterwarnings("ignore", ".*Any type hint is inferred as AnyType", UserWarning)
    from mlflow.pyfunc import load_model, save_model

ALIAS = "candidate"
CODE = Path(__file__).with_name("pyfunc_model.py")
NEEDS = (
    "vfal",
    "mlflow",
    "numpy",
    "pandas",
    "pillow",
    "safetensors",
    "scipy",
    "soundfile",
    "torch",
    "torchaudio",
)


def register(
    client: MlflowClient,
    name: str,
    chosen: Chosen,
    *,
    run_id: str,
    experiment_id: str,
    tags: Mapping[str, str],
) -> str:
    """Make sure that `chosen` is a version of `name` and has the alias; a sentence that says which.

    `run_id` is the run that made the model; `tags` go on the version, also on one that exists.
    """
    found = _version_of(client, name, chosen.fingerprint)
    known = found is not None
    if found is None:
        found = _new_version(client, name, chosen, run_id, experiment_id, tags)
    else:
        for key, value in tags.items():
            client.set_model_version_tag(name, found.version, key, value)
    client.set_registered_model_alias(name, ALIAS, found.version)
    ending = ", as before" if known else ""
    return f"Model {name} version {found.version} (seed {chosen.seed}) is `{ALIAS}`{ending}."


def _version_of(client: MlflowClient, name: str, fingerprint: str) -> ModelVersion | None:
    found = client.search_model_versions(f"name = '{name}' and tags.`{FINGERPRINT}` = '{fingerprint}'")
    return max(found, key=lambda one: int(one.version), default=None)


def _new_version(
    client: MlflowClient, name: str, chosen: Chosen, run_id: str, experiment_id: str, tags: Mapping[str, str]
) -> ModelVersion:
    """Save, try on the example, upload, register: a version exists only when its model works."""
    about = {**tags, FINGERPRINT: chosen.fingerprint, "vfal.seed": str(chosen.seed)}
    example = example_questions(example_pair())
    _give_up_pending(client, experiment_id, chosen.fingerprint)
    with tempfile.TemporaryDirectory(prefix="vfal-model-") as temporary:
        chosen.copy_to(Path(temporary) / "model")
        logged = client.create_logged_model(experiment_id, name=name, source_run_id=run_id, tags=about)
        saved = Path(temporary) / "saved"
        _save(saved, Path(temporary) / "model", logged, run_id, example)
        with patience(UPLOAD):
            client.log_model_artifacts(logged.model_id, str(saved))
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    try:
        client.create_registered_model(name, description="How well a voice fits a face (vfal).")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    source = f"models:/{logged.model_id}"
    return client.create_model_version(
        name, source, run_id, tags=about, await_creation_for=0, model_id=logged.model_id
    )


def _give_up_pending(client: MlflowClient, experiment_id: str, fingerprint: str) -> None:
    """Close what a killed registration of the same model left half uploaded."""
    same = f"tags.`{FINGERPRINT}` = '{fingerprint}'"
    for logged in client.search_logged_models([experiment_id], same):
        if logged.status == LoggedModelStatus.PENDING:
            client.finalize_logged_model(logged.model_id, LoggedModelStatus.FAILED)


def _save(target: Path, content: Path, logged: LoggedModel, run_id: str, example: pd.DataFrame) -> None:
    """The model as a folder, tried out: one that gives no finite score is an `EmbeddingError`."""
    about = Model(
        artifact_path=logged.artifact_location,
        model_uuid=logged.model_id,
        run_id=run_id,
        model_id=logged.model_id,
    )
    with warnings.catch_warnings():
        # MLflow 3.17 compares column names with a range, which pandas 3.1 is about to read in another way.
        warnings.filterwarnings("ignore", "Operation with range is deprecated", DeprecationWarning)
        save_model(
            path=str(target),
            python_model=str(CODE),
            artifacts={"model": str(content)},
            mlflow_model=about,
            signature=SIGNATURE,
            input_example=example,
            pip_requirements=[f"{package}=={version(package)}" for package in NEEDS],
        )
    load_model(str(target)).predict(example)
