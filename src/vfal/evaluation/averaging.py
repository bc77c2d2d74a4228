"""Several training seeds measured on the same trials, as one number with one interval."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vfal.evaluation.intervals import binomial_interval, percentile_interval
from vfal.evaluation.records import Record


class SeedRecord(Record):
    """A `Record` of the mean over seeds: `sd` is the seeds' standard deviation (None for one seed)."""

    sd: float | None
    seeds: list[float]


def mean_over_seeds(
    records: Sequence[dict[str, Record]], replicates: Sequence[pd.DataFrame], *, level: float
) -> tuple[dict[str, SeedRecord], pd.DataFrame]:
    """Records and replicates of the mean over seeds.

    All seeds are measured on the same resamples of identities, so the replicates of their mean are the
    means of their replicates, and the interval says what other people would do to the mean.
    """
    columns = [name for name in replicates[0].columns if all(name in frame.columns for frame in replicates)]
    stacked = np.stack([frame[columns].to_numpy() for frame in replicates])
    mean = pd.DataFrame(stacked.mean(axis=0), columns=columns)
    averaged = {}
    for name, first in records[0].items():
        values = [record[name]["value"] for record in records]
        value = float(np.mean(values))
        interval = percentile_interval(mean[name].to_numpy(), level=level) if name in mean else None
        binomial = first["binomial_low"] is not None
        spread = binomial_interval(value, first["trials"], level=level) if binomial else (None, None)
        averaged[name] = SeedRecord(
            value=value,
            sd=float(np.std(values, ddof=1)) if len(values) > 1 else None,
            low=interval[0] if interval else None,
            high=interval[1] if interval else None,
            binomial_low=spread[0],
            binomial_high=spread[1],
            chance=first["chance"],
            trials=first["trials"],
            ties=max(record[name]["ties"] for record in records),
            identities=first["identities"],
            seeds=values,
        )
    return averaged, mean
