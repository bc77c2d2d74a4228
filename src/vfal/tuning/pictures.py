"""Pictures of a study: its history, how much each name matters, slices and contours."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from vfal.core.files import whole_file

LEAST_TRIALS = 3  # complete ones; importances and contours of fewer say nothing


def draw_pictures(study: optuna.Study, folder: Path) -> list[str]:
    """Write history, importances, slice and contour as png into `folder`; why one could not be drawn."""
    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    if len(complete) < LEAST_TRIALS:
        return [f"Pictures need {LEAST_TRIALS} complete trials, there are {len(complete)}."]
    import matplotlib as mpl

    mpl.use("Agg")
    from optuna.visualization import matplotlib as drawing

    names = {name for trial in complete for name in trial.params}
    drawn: dict[str, Callable[[optuna.Study], Any]] = {
        "history": drawing.plot_optimization_history,
        "importances": drawing.plot_param_importances,
        "slice": drawing.plot_slice,
    }
    if len(names) > 1:
        drawn["contour"] = drawing.plot_contour
    # The pipeline's figures use the same library; none of its settings may stay behind.
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental; colours of values that are all equal
        return [said for name, draw in drawn.items() if (said := _save(name, draw, study, folder))]


def _save(name: str, draw: Callable[[optuna.Study], Any], study: optuna.Study, folder: Path) -> str:
    from matplotlib import pyplot

    try:
        draw(study)
    except (ValueError, RuntimeError) as error:  # values that do not vary
        pyplot.close("all")
        return f"{name}.png was not drawn: {str(error).partition(chr(10))[0]}"
    with whole_file(folder / f"{name}.png") as partial:
        pyplot.gcf().savefig(partial, format="png", dpi=110, bbox_inches="tight")
    pyplot.close("all")
    return ""
