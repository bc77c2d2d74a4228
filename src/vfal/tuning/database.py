"""The database of studies: where it is, opening a study in it, and what can be wrong with it."""

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from vfal.core.config.tuning import Tune
from vfal.core.errors import ConfigError, MachineError
from vfal.core.paths import STUDIES, state_folder
from vfal.core.shelf import nearest
from vfal.tracking.address import Address, resolve, why_silent
from vfal.tuning.sampling import NumberedSampler

BASE, DATA = "base", "data"  # attributes of a study: what its values depend on
DEFAULTS = "defaults"  # attribute of the trial that measures params.yaml as it is
TIMES_TRIED_AGAIN = 1
BEATS_MISSED = 3
PATIENCE_S = 60  # for other workers that write to the same sqlite file


def address_of(tune: Tune) -> Address:
    """Where trials are kept; a sqlite file of this checkout when `tune.storage` is empty."""
    return resolve(tune.storage or f"sqlite:///{state_folder() / 'tuning' / 'optuna.db'}", Path.cwd())


def retry_callback() -> RetryHeartbeatStaleTrialCallback:
    """What puts a killed trial back into the queue."""
    with experimental():
        return RetryHeartbeatStaleTrialCallback(max_retry=TIMES_TRIED_AGAIN)


@contextmanager
def database_errors(address: Address) -> Iterator[None]:
    """Whatever a database raises, as one sentence."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        cause = getattr(error, "orig", None) or error.__cause__ or error
        line = (str(cause).strip() or type(cause).__name__).partition("\n")[0]
        raise _unusable(address, line.replace(address.uri, address.shown)) from error


def open_study(
    tune: Tune, *, new: Mapping[str, Any] | None = None, first: Mapping[str, Any] | None = None
) -> optuna.Study:
    """The study of `tune.study`, made with the attributes `new` where there is none.

    `first` are the values of params.yaml, to be measured before any other unless they have been. With
    `new` None a study that is not there is a `ConfigError`; a database that cannot be used, or does not
    answer, is a `MachineError`.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # a trial that ends early is no warning here
    address = address_of(tune)
    if address.database is not None:
        address.database.parent.mkdir(parents=True, exist_ok=True)
    if reason := why_silent(address):
        raise _unusable(address, reason)
    locks = state_folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    # Two workers that start together would make the tables of a new database at the same time.
    with FileLock(locks / "tuning_database.lock"), database_errors(address):
        storage = _storage(tune, address)
        names = optuna.get_all_study_names(storage=storage)
        if tune.study not in names and new is None:
            known = f" {nearest(tune.study, names)}" if names else ""
            raise ConfigError(
                f"tune.study: no study '{tune.study}' in {address.shown}.{known} `vfal tune` makes it."
            )
        study = optuna.create_study(
            storage=storage,
            study_name=tune.study,
            sampler=NumberedSampler(tune.seed, startup_trials=tune.startup_trials),
            pruner=_pruner(tune),
            direction="maximize",
            load_if_exists=True,
        )
        if new is not None and BASE not in study.user_attrs:
            for name, value in new.items():
                study.set_user_attr(name, value)
        if first is not None and not any(_measures_defaults(trial) for trial in study.trials):
            study.enqueue_trial(dict(first), user_attrs={DEFAULTS: True})
        return study


def _measures_defaults(trial: FrozenTrial) -> bool:
    return bool(trial.user_attrs.get(DEFAULTS)) and trial.state != TrialState.FAIL


def refuse_another(study: optuna.Study, asked: Mapping[str, Any], digest: str | None = None) -> None:
    """Raise a `ConfigError` unless the study was made under these parameters (and this data)."""
    made: dict[str, Any] = study.user_attrs.get(BASE, {})
    for key in sorted({*made, *asked}):
        if made.get(key) != asked.get(key):
            raise ConfigError(
                f"study '{study.study_name}': its trials were made with {key} {_shown(made.get(key))}, "
                f"params.yaml has {_shown(asked.get(key))}. Put it back, or name another tune.study."
            )
    if digest is not None and study.user_attrs.get(DATA) != digest:
        raise ConfigError(
            f"study '{study.study_name}': its trials were made on other training or validation data than is "
            "prepared now. Name another study under tune.study."
        )


def _shown(value: str | None) -> str:
    return "nothing" if value is None else json.dumps(value) if value == "" else value


def _storage(tune: Tune, address: Address) -> RDBStorage:
    if address.database is not None:
        connect: dict[str, Any] = {"timeout": PATIENCE_S}
    else:
        connect = {"connect_timeout": PATIENCE_S}
    try:
        with experimental():
            return RDBStorage(
                address.uri,
                engine_kwargs={"connect_args": connect},
                heartbeat_interval=tune.heartbeat_s,
                grace_period=BEATS_MISSED * tune.heartbeat_s,
                heartbeat_stale_trial_callback=retry_callback(),
            )
    except (ImportError, RuntimeError) as error:  # no driver; tables of another version of Optuna
        line = str(error.__cause__ or error).partition("\n")[0]
        raise _unusable(address, line) from error


def _pruner(tune: Tune) -> BasePruner:
    if tune.pruner == "none":
        return NopPruner()
    return MedianPruner(n_startup_trials=tune.prune_after_trials, n_warmup_steps=tune.prune_after_steps)


def _unusable(address: Address, reason: str) -> MachineError:
    if address.database is None:
        advice = "Start it, or name another database; trials that ended are kept in it"
    else:
        advice = f"Move the file away, or name another; what its studies found is also in {STUDIES}"
    return MachineError(f"tune.storage, {address.shown}: {reason.rstrip('.')}. {advice}.")


@contextmanager
def experimental() -> Iterator[None]:
    """Heartbeats are experimental to Optuna, which says so every time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield
