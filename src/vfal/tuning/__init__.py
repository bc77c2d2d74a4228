"""Optuna's door: search spaces, the objective, and the study."""
