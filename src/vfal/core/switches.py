"""Off switches of other tools' telemetry, update checks and heartbeats.

Each tool reads its own when it is imported or started, so `switch_off` runs before any of them is.
"""

import os

SWITCHES: dict[str, str] = {
    # MLflow compares with the word "true"; Prefect takes 1, true or yes. "true" silences both.
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DVC_NO_ANALYTICS": "1",  # DVC takes any value that is not empty; its update check is off in .dvc/config
}


def switch_off() -> None:
    """Set every switch for this process and its children; one that is set already stays as it is."""
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)
