"""Where Prefect lives in a checkout: `.state/prefect`, nothing of the user's own, no telemetry."""

import os
from pathlib import Path

from vfal.core.paths import state_folder
from vfal.core.switches import switch_off

STARTED_BY_WORKER = "PREFECT__FLOW_RUN_ID"  # set by a worker in the process of a run


def settings() -> dict[str, str]:
    """Prefect's settings that hold for every process of this checkout."""
    return {
        "PREFECT_HOME": str(state_folder() / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",  # it outlives a flow that is killed; see flows/server.py
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",  # DVC remembers results; Prefect's are pickles
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",
    }


def settle() -> None:
    """Set them for this process and its children; one that is set already stays as it is."""
    switch_off()
    for name, value in settings().items():
        os.environ.setdefault(name, value)
    Path(os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)  # Prefect makes no parents
