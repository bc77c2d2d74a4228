"""The local record of a run and its MLflow mirror."""
