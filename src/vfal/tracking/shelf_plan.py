"""What MLflow should hold of the shelf: one run per model of the leaderboard, all under the same names."""

from pathlib import Path

from vfal.core.config.params import Params
from vfal.core.config.shelf_models import ordered
from vfal.core.errors import ConfigError
from vfal.core.files import read_json
from vfal.tracking.plan import SHELF, PlannedRun, Ran, flatten, numbers, records_of

MODEL = "evaluate_method@"  # addresses of stages, and names of runs


def plan_shelf(params: Params, ran: Ran) -> list[PlannedRun]:
    """One run per model of `train_method.models` with a result.

    Parameters have the same names for every method (`method`, `recipe.batch_size`, ...), so that MLflow's
    comparison view sets them beside each other; what only one method has stands under `settings`.
    """
    runs = []
    for name in params.train_method.models:
        if not (SHELF / f"{name}.json").exists():
            continue
        try:
            as_run = ran(f"{MODEL}{name}")
            model = ordered(as_run, name)
        except ConfigError:
            continue  # renamed or changed since: its stages are stale, and nothing vouches for them
        trained = records_of(f"train_method@{name}")
        settings = model.settings.model_dump(exclude={"recipe"})
        chosen = {
            "method": model.method,
            "settings": settings,
            "recipe": model.recipe.model_dump(),
            "seeds": as_run.train_method.seeds,
            "evaluate": as_run.evaluate.model_dump(),
        }
        cost = read_json(SHELF / f"{name}.cost.json")
        runs.append(
            PlannedRun(
                f"{MODEL}{name}",
                flatten(chosen),
                dict(numbers(read_json(SHELF / f"{name}.json")))
                | {f"cost/{key}": float(value) for key, value in cost.items()},
                {path.stem: path for path in trained if path.suffix == ".jsonl"},
                [*records_of(f"{MODEL}{name}"), *trained],
                Path(),
                stages=[f"train_method@{name}", f"{MODEL}{name}"],
                note=f"`{name}` of the leaderboard: method `{model.method}`, mean over training seeds, on "
                "test identities. All models side by side: `reports/leaderboard.html`.",
            )
        )
    return runs
