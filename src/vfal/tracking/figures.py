"""What a run looks like: figures and tables drawn from its own record, kept below `figures/` in MLflow."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vfal.core.config.params import Params
from vfal.tracking.plan import EVALUATION, PHASES

if TYPE_CHECKING:
    import pandas as pd

    from vfal.reporting.entries import Lineup


def figures_of(name: str, params: Params) -> Iterator[tuple[str, str]]:
    """File name and content (svg or csv) of each figure and table of the run of that name."""
    if name in PHASES:
        yield from _of_phase(name, params)
    elif name.startswith(EVALUATION):
        yield from _of_model(name.removeprefix(EVALUATION), params)


def _of_phase(phase: str, params: Params) -> Iterator[tuple[str, str]]:
    from vfal.reporting.curves import training_curves
    from vfal.reporting.entries import MAIN, line_up
    from vfal.reporting.plots.style import svg_of
    from vfal.reporting.plots.training import draw_loss, draw_validation

    lineup = line_up(params)
    curves = training_curves(lineup, params.seeds)
    own = curves[(curves["phase"] == phase) & curves["entry"].isin([MAIN, "voice", "face"])]
    yield "loss.svg", svg_of(draw_loss(own[own["loss"].notna()], lineup, [phase]))
    if phase == "retrain":
        validated = own[own["validation_accuracy"].notna()]
        yield "validation_accuracy.svg", svg_of(draw_validation(validated, lineup))
    if phase == "weigh_identities":
        yield from _of_weights(own, lineup, params)


def _of_weights(curves: "pd.DataFrame", lineup: "Lineup", params: Params) -> Iterator[tuple[str, str]]:
    from vfal.reporting.dropped import read_weights, votes
    from vfal.reporting.entries import MAIN
    from vfal.reporting.plots.gallery import ranked_weights
    from vfal.reporting.plots.style import svg_of
    from vfal.reporting.plots.training import draw_identity_weights

    weights = read_weights(lineup, params.seeds, only=MAIN)
    kept = curves.loc[curves["kept_ratio"].notna(), ["seed", "step", "kept_ratio"]]
    yield "identity_weights.svg", svg_of(draw_identity_weights(kept, ranked_weights(weights)))
    yield "hardest_identities.csv", votes(weights, MAIN).to_csv(index=False, float_format="%.4f")


def _of_model(model: str, params: Params) -> Iterator[tuple[str, str]]:
    from vfal.reporting.curves import evaluated_curve, hardest_identities, roc_table
    from vfal.reporting.plots.outcomes import draw_hardest, draw_matching, draw_roc, draw_scores
    from vfal.reporting.plots.style import svg_of

    roc = evaluated_curve(model, "roc")
    if len(roc):
        # A run shows its own model only; the ceiling is on the report's page.
        yield "roc.svg", svg_of(draw_roc(roc_table(roc, None)))
        yield "score_histogram.svg", svg_of(draw_scores(evaluated_curve(model, "histogram")))
    matching = evaluated_curve(model, "matching")
    if len(matching):
        yield "matching_1_n.svg", svg_of(draw_matching(matching))
        people = hardest_identities(evaluated_curve(model, "identities"))
        yield "hardest_identities.svg", svg_of(draw_hardest(people, shown=params.tracking.hardest_identities))
        yield "hardest_identities.csv", people.to_csv(index=False, float_format="%.4f")
