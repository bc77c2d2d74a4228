"""Runs in the MLflow database of a checkout."""

METHOD = "seeking_the_shape"
RUNS = {
    "pipeline", "pretrain", "warm_up", "weigh_identities", "retrain",
    "evaluate@warm_up", f"evaluate@{METHOD}", "evaluate@without_weights",
}  # fmt: skip
EXPERIMENT = "vfal-generated-800-100-200-fedcba98"


def all_runs(client, experiment: str = EXPERIMENT) -> list:
    return client.search_runs([client.get_experiment_by_name(experiment).experiment_id])


def run_named(client, name: str):
    return next(run for run in all_runs(client) if run.info.run_name == name)
