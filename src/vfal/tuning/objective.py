"""One trial: warm-up (re-used where another trial had the same), weighing, retraining, and its value."""

import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock

from vfal.core.config.params import Params, check, with_overrides
from vfal.core.config.tuning import Value
from vfal.core.errors import ConfigError, DivergedError
from vfal.core.paths import ENCODERS, RAW, state_folder
from vfal.core.state import fingerprint
from vfal.method import Method
from vfal.training.checkpoint import save_tensors
from vfal.training.identity_weights import IdentityWeights
from vfal.training.outputs import build_kept
from vfal.training.phases import Setting, retrain, warm_up
from vfal.training.weighing import learn_or_set_weights
from vfal.tuning.seen import Seen
from vfal.tuning.space import by_key, draw, shortfall

TRAINABLE = "trainable"  # Optuna's constraint: at most 0 where the phases can do what was drawn
VALUES, REASON = "values", "reason"  # attributes of a trial: what it tried, and why it has no value


class Objective:
    """What Optuna makes large: 1:2 accuracy on the validation people, mean of directions and seeds."""

    def __init__(self, raw: Mapping[str, Any], seen: Seen, start: Mapping[str, Value], folder: Path) -> None:
        """`raw` is params.yaml as plain values, `start` what it holds for the space; `folder` is for work."""
        self.raw, self.seen, self.start, self.folder = raw, seen, start, folder
        self.tune = check(raw).tune

    def __call__(self, trial: optuna.Trial) -> float:
        """The value of a trial; `TrialPruned` for a draw that is impossible, diverges or falls behind."""
        values = by_key(self.tune, draw(trial, self.tune, self.start))
        trial.set_user_attr(VALUES, values)
        overridden = with_overrides(self.raw, values)
        params, short, refused = None, shortfall(overridden), ""
        try:
            params = check(overridden)
        except ConfigError as error:
            refused = f"impossible: {error}"
            short = short if short > 0 else 1.0  # keys that do not go together in some other way
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a trial that is tried again has its constraint
            trial.set_constraint(TRAINABLE, short)
        if params is None:
            raise _without_value(trial, refused)
        work = self.folder / f"trial_{trial.number}"
        try:
            return self._value(trial, params, work)
        except DivergedError as error:
            raise _without_value(trial, f"diverged: {error}") from None
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _value(self, trial: optuna.Trial, params: Params, work: Path) -> float:
        values = []
        for place, seed in enumerate(self.tune.objective.seeds):
            weights = self._weights(params, seed, work / f"weigh_{seed}")
            watch = _Watch(self, trial, first_step=place * params.retrain.steps)
            setting = self._setting(params, seed, work / f"retrain_{seed}")
            trained = retrain(setting, weights, watch, watch.report)
            values.append(self.accuracy(build_kept(setting, trained)))
        return sum(values) / len(values)

    def _weights(self, params: Params, seed: int, work: Path) -> IdentityWeights | None:
        setting, state = self._setting(params, seed, work), Path()
        if params.weigh_identities.rule == "learned":
            state = warmed_up(params, setting, self.seen.digest, keep=self.tune.warm_ups_kept)
        return learn_or_set_weights(setting, state, RAW / "truth.parquet")

    def _setting(self, params: Params, seed: int, work: Path) -> Setting:
        work.mkdir(parents=True, exist_ok=True)
        return Setting(params, self.seen.material, self.seen.identities, ENCODERS, seed, work)

    def accuracy(self, method: Method) -> float:
        """Mean over the directions of `tune.objective`."""
        found = self.seen.judge.by_direction(method, self.tune.objective.directions)
        return sum(found.values()) / len(found)


class _Watch:
    """Validates as the pipeline does, and tells Optuna what the objective is meanwhile."""

    def __init__(self, objective: Objective, trial: optuna.Trial, *, first_step: int) -> None:
        self.objective, self.trial, self.first_step = objective, trial, first_step
        self.latest = 0.0

    def __call__(self, method: Method) -> float:
        """What retraining chooses its step by."""
        directions = self.objective.tune.objective.directions
        found = self.objective.seen.judge.by_direction(method, {"v2f", *directions})
        self.latest = sum(found[direction] for direction in directions) / len(directions)
        return found["v2f"]

    def report(self, step: int, accuracy: float) -> None:
        """Tell the value at this validation; `TrialPruned` where the trial has fallen behind.

        Seeds follow one another: the steps of the second go on from those of the first.
        """
        self.trial.report(self.latest, self.first_step + step)
        if self.trial.should_prune():
            raise _without_value(self.trial, f"behind at step {self.first_step + step}")


def warmed_up(params: Params, setting: Setting, digest: str, *, keep: int) -> Path:
    """The state that phase 1 leaves, made when no trial has made it; what only later phases read is alike.

    `digest` is that of the data. Of all states the `keep` latest used stay on disk.
    """
    home = state_folder() / "tuning" / "warm_up"
    home.mkdir(parents=True, exist_ok=True)
    place = home / _fingerprint(params, setting.seed, digest)
    state = place / "state.safetensors"
    with FileLock(f"{place}.lock"):  # another worker may be at it
        place.mkdir(exist_ok=True)
        if not state.exists():
            warming = Setting(params, setting.material, setting.identities, ENCODERS, setting.seed, place)
            save_tensors(state, warm_up(warming))
            (place / "checkpoint.pt").unlink(missing_ok=True)
        place.touch()  # used last now
    for old in sorted(home.glob("*/"), key=lambda path: path.stat().st_mtime)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)
    return state


def _fingerprint(params: Params, seed: int, digest: str) -> str:
    first = params.weigh_identities
    reads = {
        **params.model_dump(include={"machine", "preprocess", "pretrain", "embed", "warm_up"}),
        "method": params.methods.model_dump()[params.tune.method],
        # Phase 1 watches hardness for phase 2; how identities are let in begins there.
        "hardness": [first.hardness_initial.model_dump(), first.hardness_ema],
        "seed": seed,
        "data": digest,
    }
    return fingerprint("tuning warm_up", reads, [])


def _without_value(trial: optuna.Trial, reason: str) -> optuna.TrialPruned:
    trial.set_user_attr(REASON, reason)
    return optuna.TrialPruned(reason)
