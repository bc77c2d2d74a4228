"""The MLflow mirror and the registered model. The record on disk is the truth; MLflow follows it."""
