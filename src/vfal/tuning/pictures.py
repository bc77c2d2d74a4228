"""Pictures of a study: its history, how much each name matters, slices and contours."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from vfal.core.files import whole_file

LEAST_TRIALS = 3  # complete ones; importances and contours of fewer say nothing
VALUE = "validation accuracy"
SIDE_INCHES = 3.2  # of one small panel


def draw_pictures(study: optuna.Study, folder: Path) -> list[str]:
    """Write history, importances, slice and contour as png into `folder`; why one could not be drawn."""
    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    if len(complete) < LEAST_TRIALS:
        return [f"Pictures need {LEAST_TRIALS} complete trials, there are {len(complete)}."]
    import matplotlib as mpl

    mpl.use("Agg")
    from optuna.visualization import matplotlib as drawing

    names = len({name for trial in complete for name in trial.params})
    drawn: dict[str, tuple[Callable[..., Any], tuple[float, float]]] = {
        "history": (drawing.plot_optimization_history, (8, 4)),
        "importances": (drawing.plot_param_importances, (8, 1 + 0.6 * names)),
        "slice": (drawing.plot_slice, (2 + SIDE_INCHES * names, 4)),
    }
    if names > 1:
        side = (SIDE_INCHES if names > 2 else 2 * SIDE_INCHES) * names
        drawn["contour"] = (drawing.plot_contour, (side + 2, side))
    # The report's figures use the same library; none of these settings may stay behind.
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental; colours of values that are all equal
        said = [_save(folder / f"{name}.png", draw, size, study) for name, (draw, size) in drawn.items()]
    return [sentence for sentence in said if sentence]


def _save(path: Path, draw: Callable[..., Any], inches: tuple[float, float], study: optuna.Study) -> str:
    from matplotlib import pyplot

    try:
        draw(study, target_name=VALUE)
    except (ValueError, RuntimeError) as error:  # values that do not vary
        pyplot.close("all")
        return f"{path.name} was not drawn: {str(error).partition(chr(10))[0]}"
    figure = pyplot.gcf()
    figure.set_size_inches(inches)
    for axes in figure.axes:
        axes.label_outer()
    with whole_file(path) as partial:
        figure.savefig(partial, format="png", dpi=100, bbox_inches="tight")
    pyplot.close("all")
    return ""
