"""MLflow's own pages over the runs of this folder."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from vfal.core.errors import ConfigError
from vfal.tracking.address import resolve


def serve(uri: str, port: int) -> None:
    """Become MLflow's own server on 127.0.0.1, over the runs of this folder.

    With a server named in `tracking.uri` there is nothing to start: a `ConfigError` says where to look.
    """
    address = resolve(uri, Path.cwd())
    if address.artifacts is None and urlsplit(address.uri).scheme in ("http", "https"):
        raise ConfigError(f"tracking.uri names a server; open {address.shown} in a browser.")
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")  # seven idle processes otherwise
    mlflow = str(Path(sys.executable).with_name("mlflow"))
    where = ["--host", "127.0.0.1", "--port", str(port), "--backend-store-uri", address.uri]
    if address.artifacts is not None:
        where += ["--default-artifact-root", str(address.artifacts)]
    # MLflow 3 opens on traces and prompts; this asks for runs and models, and the browser remembers it.
    page = f"http://127.0.0.1:{port}/#/experiments?workflowType=machine_learning"
    print(f"MLflow on {page} (Ctrl-C ends it)", file=sys.stderr)  # noqa: T201
    os.execv(mlflow, [mlflow, "server", *where])  # noqa: S606
