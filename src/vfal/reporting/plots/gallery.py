"""All plots of a report, in the order of the page."""

import pandas as pd

from vfal.reporting.curves import evaluated_curve, matching_table, roc_table, training_curves
from vfal.reporting.dropped import hardness_histogram
from vfal.reporting.entries import CEILING, MAIN
from vfal.reporting.plots import Plot
from vfal.reporting.plots.outcomes import draw_differences, draw_matching, draw_roc, draw_scores
from vfal.reporting.plots.training import draw_hardness, draw_identity_weights, draw_loss, draw_validation
from vfal.reporting.report import Report
from vfal.reporting.table import column_of

SHOWN_DIFFERENCES = ("1:2, all", "1:2, same gender", "AUC", "mAP")


def all_plots(report: Report) -> list[Plot]:
    """Every plot; a table without rows is drawn as an empty panel that says why."""
    curves = training_curves(report.lineup, report.params.seeds)
    return [_differences(report), *_outcomes(report), _hardness(report), *_training(report, curves)]


def _differences(report: Report) -> Plot:
    chosen = [name for name in report.metrics if column_of(name).heading in SHOWN_DIFFERENCES]
    columns = ["entry", "metric", "difference", "difference_low", "difference_high"]
    table = report.tidy.loc[report.tidy["difference"].notna() & report.tidy["metric"].isin(chosen), columns]
    return Plot(
        "differences",
        "Gain over training everybody alike",
        "Difference to -W in points, with paired intervals: both models answer the same trials and the same "
        "people are drawn again for both. A line that crosses zero proves nothing.",
        table,
        draw_differences(report.tidy, report.lineup, chosen),
    )


def _outcomes(report: Report) -> list[Plot]:
    oracle = report.oracle
    oracle_roc = None
    if oracle is not None and "roc" in oracle.curves:
        names = {"false_acceptance": "false_accept", "true_acceptance": "true_accept"}
        oracle_roc = oracle.curves["roc"].rename(columns=names)
    roc = roc_table(evaluated_curve(MAIN, "roc"), oracle_roc)
    records = {MAIN: report.results[MAIN].records} | ({CEILING: oracle.records} if oracle else {})
    matching = matching_table(records)
    scores = evaluated_curve(MAIN, "histogram")
    return [
        Plot(
            "matching_1_n",
            "More candidates",
            "Accuracy of the full method when one of N candidates is right; bands are intervals.",
            matching,
            draw_matching(matching),
        ),
        Plot(
            "roc",
            "Verification",
            "The full method asked whether a voice and a face are one person: how many true pairs it accepts "
            "for how many false ones, mean over seeds.",
            roc,
            draw_roc(roc),
        ),
        Plot(
            "score_histogram",
            "Scores",
            "Cosine of a voice and a face of the same person and of different people, voice to face.",
            scores,
            draw_scores(scores),
        ),
    ]


def _hardness(report: Report) -> Plot:
    table = hardness_histogram(report.known, bins=report.params.compare.hardness_bins)
    aucs = dict(zip(report.detection["entry"], report.detection["hardness_auc"], strict=True))
    return Plot(
        "hardness",
        "Hardness at the end of weighing",
        "The hardest identities are dropped. The further the personalised ones lie to the right of the "
        "others, the better the measure. AUC: how often a personalised identity is harder than another one.",
        table,
        draw_hardness(table, report.lineup, aucs),
    )


def _training(report: Report, curves: pd.DataFrame) -> list[Plot]:
    loss = curves.loc[curves["loss"].notna(), ["phase", "entry", "seed", "step", "loss"]]
    columns = ["entry", "seed", "step", "validation_accuracy"]
    validation = curves.loc[curves["validation_accuracy"].notna() & (curves["phase"] == "retrain"), columns]
    kept = curves.loc[
        curves["kept_ratio"].notna() & (curves["phase"] == "weigh_identities") & (curves["entry"] == MAIN),
        ["seed", "step", "kept_ratio"],
    ]
    ranked = ranked_weights(report.weights)
    return [
        Plot(
            "loss",
            "Loss",
            "Line: mean over seeds; band: their range. The full method's loss is weighted from phase 2 on.",
            loss,
            draw_loss(loss, report.lineup),
        ),
        Plot(
            "validation_accuracy",
            "Validation while retraining",
            "The best step of each seed is the one that is tested.",
            validation,
            draw_validation(validation, report.lineup),
        ),
        Plot(
            "identity_weights",
            "Identity weights",
            "Easy identities are let in first and then fade a little with every update, so harder ones end "
            "heavier; the hardest are never let in.",
            pd.concat([kept.assign(curve="kept"), ranked.assign(curve="final")], ignore_index=True),
            draw_identity_weights(kept, ranked),
        ),
    ]


def ranked_weights(weights: pd.DataFrame) -> pd.DataFrame:
    """Final weights in the order identities were let in (small weights first), the dropped ones last."""
    main = weights[weights["entry"] == MAIN]
    ordered = main.sort_values(["seed", "dropped", "weight", "identity"])
    place = ordered.groupby("seed").cumcount()
    return ordered.assign(place=place)[["seed", "place", "weight"]].astype({"weight": float})
