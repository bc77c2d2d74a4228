"""Draws that depend on the study's seed and the trial's number alone."""

from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from vfal.core.seeding import derive_seed


class NumberedSampler(BaseSampler):
    """TPE with a generator of its own for every trial.

    Optuna seeds a sampler once per process, so that a resumed study repeats its first draws, and so do
    two workers that start together. Numbers of trials are given out by the database, once each.
    """

    def __init__(self, seed: int, *, startup_trials: int) -> None:
        self.seed, self.startup_trials = seed, startup_trials
        self._drawing = TPESampler()

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Asked first for every trial: the moment to change the generator."""
        seed = derive_seed(self.seed, "tune", trial.number) % 2**32
        self._drawing = TPESampler(seed=seed, n_startup_trials=self.startup_trials)
        return self._drawing.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Values that TPE chooses together."""
        return self._drawing.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """One value by itself: at random at first, and for names that earlier trials did not have."""
        return self._drawing.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Let TPE keep what it keeps."""
        self._drawing.after_trial(study, trial, state, values)
