"""Sentences that the run itself decides."""

import pandas as pd

from vfal.core.config.params import Params
from vfal.reporting.entries import CEILING, MAIN, Lineup
from vfal.reporting.table import Cell, column_of, percent, points

TESTED = ("matching_1_2/v2f/all/", "matching_1_2/f2v/all/", "/same_gender/accuracy", "/auc", "/map")


def below_baseline(tidy: pd.DataFrame) -> list[str]:
    """Metrics on which the main method is worse than its own baseline by more than the paired interval."""
    return _outside(tidy, worse=True)


def above_baseline(tidy: pd.DataFrame) -> list[str]:
    """Metrics on which the main method is better than its own baseline by more than the paired interval."""
    return _outside(tidy, worse=False)


def _outside(tidy: pd.DataFrame, *, worse: bool) -> list[str]:
    main = _tested(tidy)
    chosen = main["difference_high"] < 0 if worse else main["difference_low"] > 0
    return main.loc[chosen, "metric"].tolist()


def _tested(tidy: pd.DataFrame) -> pd.DataFrame:
    main = tidy[(tidy["entry"] == MAIN) & tidy["difference"].notna()]
    return main[main["metric"].map(lambda name: any(part in name for part in TESTED))]


def weighting_sentence(tidy: pd.DataFrame, lineup: Lineup, params: Params) -> str:
    """Whether the full method is below the same training without identity weights."""
    tested = _tested(tidy)
    if lineup.baseline is None or tested.empty:
        return "There is no variant without identity weights to compare the full method with."
    below, above = below_baseline(tidy), above_baseline(tidy)
    how = f"paired {params.evaluate.level:.0%} intervals, mean of {_seeds(params)}"
    if not below:
        gains = (
            f"It is above it on {_list(above, tidy)}." if above else "It is above it on none of them either."
        )
        return (
            f"The full method is not below its own -W by more than the interval on any of {len(tested)} headline "
            f"numbers ({how}). {gains}"
        )
    return f"The full method is BELOW its own -W by more than the interval on {_list(below, tidy)} ({how})."


def _list(metrics: list[str], tidy: pd.DataFrame) -> str:
    main = tidy[tidy["entry"] == MAIN].set_index("metric")
    return "; ".join(
        f"{column_of(name).heading}, {column_of(name).direction} ({points(main.loc[name, 'difference'])} "  # type: ignore[arg-type]
        f"[{points(main.loc[name, 'difference_low'])}, {points(main.loc[name, 'difference_high'])}])"  # type: ignore[arg-type]
        for name in metrics
    )


def ceiling_sentence(tidy: pd.DataFrame, without: pd.DataFrame | None) -> str:
    """How near the main method comes to the oracle; empty where there is none."""
    values = tidy.pivot_table(index="metric", columns="entry", values="value")
    if CEILING not in values:
        return ""
    name = "matching_1_2/v2f/all/accuracy"
    if name not in values.index:
        return ""
    row = values.loc[name]
    way = (row[MAIN] - row["chance"]) / (row[CEILING] - row["chance"])
    text = (
        f"Someone who knew every factor that made the people would answer {percent(row[CEILING])} % of the 1:2 trials "
        f"(voice to face); the full method answers {percent(row[MAIN])} %: {way:.0%} of the way up from chance."
    )
    if without is not None and name in without.index:
        text += (
            f" Among people who are not personalised the ceiling is {percent(without.loc[name, 'value'])} %."
        )
    return text


def dropping_sentence(found: pd.DataFrame, lineup: Lineup) -> str:
    """How well the main method's dropped identities fit the truth, and which hardness fits best."""
    learned = found[found["hardness_auc"].notna()].set_index("entry")
    if MAIN not in learned.index:
        return ""
    main = learned.loc[MAIN]
    text = (
        f"Of the identities the full method drops, {percent(main['precision'])} % are personalised, against "
        f"{percent(main['base_rate'])} % of all; it finds {percent(main['recall'])} % of them."
    )
    best = learned["hardness_auc"].idxmax()
    if best != MAIN:
        text += (
            f" {lineup[str(best)].label} tells them apart better: precision {percent(learned.loc[best, 'precision'])} %, "
            f"recall {percent(learned.loc[best, 'recall'])} %."
        )
    return text


def spread_cell(values: pd.Series) -> Cell:  # type: ignore[type-arg]
    """Mean of several seeds with their range."""
    return Cell(percent(values.mean()), f"[{percent(values.min())}, {percent(values.max())}]")


def _seeds(params: Params) -> str:
    return "one seed" if len(params.seeds) == 1 else f"{len(params.seeds)} seeds"
