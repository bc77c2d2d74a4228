"""What the length of its shortlist does to Fuse after Align's retrieval.

`python benchmarks/reranked.py [length ...]` takes the models that `make leaderboard` left and prints mAP on
test people, mean over seeds. 0 is the cosine alone; at a length beyond the gallery the encoder of pairs
orders all of it. About two minutes.
"""

import sys
from statistics import mean

from rich.console import Console
from rich.table import Table

from judging import each_seed
from vfal.core.config.params import load_params
from vfal.core.types import DIRECTIONS
from vfal.training.assessing import scorer_of

LENGTHS = (0, 8, 32, 128, 100_000)


def main(lengths: tuple[int, ...]) -> None:
    params = load_params()
    found: dict[int, list[list[float]]] = {length: [] for length in lengths}
    for method, measured in each_seed(params, ("retrieval",), replicates=0):
        for length in lengths:
            method.shortlist = length
            records = measured(scorer=scorer_of(method)).records
            found[length].append([records[f"retrieval/{one}/all/map"]["value"] for one in DIRECTIONS])
    table = Table(title=f"mAP in percent, seeds {', '.join(map(str, params.train_method.seeds))}")
    for head in ("shortlist", *DIRECTIONS):
        table.add_column(head, justify="right")
    for length, values in found.items():
        means = (mean(column) for column in zip(*values, strict=True))
        table.add_row(f"{length:,}", *(f"{100 * value:.2f}" for value in means))
    Console().print(table)


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or LENGTHS)
