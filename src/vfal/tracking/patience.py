"""How long MLflow may wait for a server, and how much it may say, while vfal writes to it."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# MLflow's own patience is 8 tries of 120 s each. One call that fails ends a sync, so this is the whole wait.
BOUNDED = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",  # vfal draws its own
    "MLFLOW_LOGGING_LEVEL": "ERROR",  # read once, when MLflow is imported; `quiet` is for when it was before
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# A server answers an upload when it has stored it, which takes a while for hundreds of megabytes.
UPLOAD = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}
CHATTER = ("mlflow", "alembic")
GLOBAL = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")


def towards(uri: str) -> dict[str, str]:
    """`BOUNDED`, and `uri` wherever MLflow asks for its global address.

    A registry in a database looks models up there, whatever its client was given.
    """
    return BOUNDED | dict.fromkeys(GLOBAL, uri)


@contextmanager
def patience(settings: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for the time of the block; MLflow reads them at every call."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def quiet() -> Iterator[None]:
    """Only errors from MLflow's loggers for the time of the block."""
    levels = {logger: logger.level for logger in map(logging.getLogger, CHATTER)}
    for logger in levels:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
