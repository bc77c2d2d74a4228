"""Plots: each draws one table, which lies beside it as csv."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Plot:
    """A figure, the table it draws, and what to read in it. `name` is the stem of its files."""

    name: str
    title: str
    caption: str
    table: pd.DataFrame
    figure: Figure
