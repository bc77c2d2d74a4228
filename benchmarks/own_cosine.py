"""What Fuse after Align's encoder of pairs adds to the cosine of the very embeddings that it judges.

`python benchmarks/own_cosine.py` takes the models that `make leaderboard` left and prints the paired
difference on test people, mean over seeds, with its interval. Half a minute.
"""

from rich.console import Console
from rich.table import Table

from judging import each_seed
from vfal.core.config.params import load_params
from vfal.core.types import DIRECTIONS
from vfal.evaluation.averaging import mean_over_seeds
from vfal.evaluation.scoring import Cosine
from vfal.reporting.results import Result, paired
from vfal.reporting.table import percent, points
from vfal.training.assessing import scorer_of

PROTOCOLS = ("matching", "verification", "retrieval")
NUMBERS = tuple(
    f"{protocol}/{direction}/all/{measure}"
    for protocol, measure in (("matching_1_2", "accuracy"), ("verification", "auc"), ("retrieval", "map"))
    for direction in DIRECTIONS
)


def main() -> None:
    params = load_params()
    level = params.evaluate.level
    drawn = params.evaluate_method.bootstrap_replicates
    found = [
        (measured(scorer=Cosine()), measured(scorer=scorer_of(method)))
        for method, measured in each_seed(params, PROTOCOLS, replicates=drawn)
    ]
    cosine, encoder = (
        Result(*mean_over_seeds([one.records for one in side], [one.replicates for one in side], level=level))
        for side in zip(*found, strict=True)
    )
    table = Table(title=f"percent, seeds {', '.join(map(str, params.train_method.seeds))}")
    for head in ("number", "cosine", "encoder", f"difference, points, {level:.0%}"):
        table.add_column(head, justify="left" if head == "number" else "right")
    for name in NUMBERS:
        gain, low, high = map(points, paired(cosine, encoder, name, level=level).values())
        values = (percent(side.records[name]["value"]) for side in (cosine, encoder))
        table.add_row(name, *values, f"{gain} [{low}, {high}]")
    Console().print(table)


if __name__ == "__main__":
    main()
