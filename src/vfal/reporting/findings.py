"""Sentences that the run itself decides."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from vfal.core.config.params import Params
from vfal.reporting.entries import CEILING, MAIN, Lineup
from vfal.reporting.table import column_of, percent, points, whole_percent

TESTED = ("1:2, all", "1:2, same gender", "AUC", "mAP")
FIRST = "matching_1_2/v2f/all/accuracy"


def tested_differences(tidy: pd.DataFrame) -> list[dict[str, Any]]:
    """The main method's headline numbers that have a difference to the baseline."""
    main = tidy[(tidy["entry"] == MAIN) & tidy["difference"].notna()]
    return [row for row in _records(main) if column_of(row["metric"]).heading in TESTED]


def below_baseline(tidy: pd.DataFrame) -> list[str]:
    """Metrics on which the main method is worse than its own baseline by more than the paired interval."""
    return [row["metric"] for row in tested_differences(tidy) if row["difference_high"] < 0]


def weighting_sentence(tidy: pd.DataFrame, lineup: Lineup, params: Params) -> str:
    """Whether the full method is below the same training without identity weights."""
    tested = tested_differences(tidy)
    if lineup.baseline is None or not tested:
        return "There is no variant without identity weights to compare the full method with."
    seeds = "one seed" if len(params.seeds) == 1 else f"mean of {len(params.seeds)} seeds"
    how = f"paired {whole_percent(params.evaluate.level)} intervals, {seeds}"
    below = [row for row in tested if row["difference_high"] < 0]
    above = [row for row in tested if row["difference_low"] > 0]
    if below:
        return (
            f"The full method is BELOW its own -W by more than the interval on {len(below)} of {len(tested)} "
            f"headline numbers ({how}): {_listed(below)}."
        )
    gains = f"is above it on {len(above)}: {_listed(above)}" if above else "is not above it on any either"
    return (
        f"The full method is not below its own -W by more than the interval on any of {len(tested)} headline "
        f"numbers ({how}). It {gains}."
    )


def _listed(rows: list[dict[str, Any]]) -> str:
    listed = []
    for row in rows:
        column = column_of(row["metric"])
        interval = f"[{points(row['difference_low'])}, {points(row['difference_high'])}]"
        listed.append(f"{column.heading}, {column.direction}: {points(row['difference'])} {interval}")
    return "; ".join(listed)


def ceiling_sentence(tidy: pd.DataFrame, without: Mapping[str, Any] | None) -> str:
    """How near the main method comes to the oracle; empty where there is none."""
    found = {row["entry"]: row for row in _records(tidy[tidy["metric"] == FIRST])}
    if CEILING not in found:
        return ""
    main, top, chance = found[MAIN]["value"], found[CEILING]["value"], found[MAIN]["chance"]
    text = (
        f"Someone who knew every factor that made the people would answer {percent(top)} % of the 1:2 trials "
        f"(voice to face) and chance 50 %; the full method answers {percent(main)} %, "
        f"{whole_percent((main - chance) / (top - chance))} of the way up."
    )
    if without and FIRST in without:
        text += (
            f" Among people who are not personalised that ceiling is {percent(without[FIRST]['value'])} %."
        )
    return text


def dropping_sentence(found: pd.DataFrame, lineup: Lineup) -> str:
    """How well the main method's dropped identities fit the truth, and which hardness fits best."""
    learned = {row["entry"]: row for row in _records(found[found["hardness_auc"].notna()])}
    if MAIN not in learned:
        return ""
    main = learned[MAIN]
    text = (
        f"Of the identities that the full method drops, {percent(main['precision'])} % are personalised, "
        f"against {percent(main['base_rate'])} % of all; it finds {percent(main['recall'])} % of them."
    )
    best = max(learned.values(), key=lambda row: float(row["hardness_auc"]))
    if best["entry"] != MAIN:
        text += (
            f" {lineup[best['entry']].label} tells them apart better: precision {percent(best['precision'])} "
            f"%, recall {percent(best['recall'])} %."
        )
    return text


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
