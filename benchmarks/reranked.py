"""What the length of its shortlist does to Fuse after Align's retrieval.

`python benchmarks/reranked.py [length ...]` takes the models that `make leaderboard` left and prints mAP on
test people, mean over seeds. 0 is the cosine alone; at a length beyond the gallery the encoder of pairs
orders all of it. About two minutes.
"""

import sys
from statistics import mean

from rich.console import Console
from rich.table import Table

from vfal.core.config.params import load_params
from vfal.core.config.shelf_models import ordered
from vfal.core.paths import PREPARED, SHELF_MODELS
from vfal.core.tables import read_table
from vfal.core.types import DIRECTIONS
from vfal.protocol import evaluate
from vfal.protocols import get_protocols
from vfal.training.assessing import embed_split, read_trials, scorer_of
from vfal.training.examining import PEOPLE
from vfal.training.setting import identities_of
from vfal.training.shelf import material_of
from vfal.training.shelf_outputs import read_model

MODEL = "fuse_after_align"
LENGTHS = (0, 8, 32, 128, 100_000)


def main(lengths: tuple[int, ...]) -> None:
    params = load_params()
    model = ordered(params, MODEL)
    material, tested = material_of(params, model), identities_of("test")
    people, trials = read_table(PREPARED / "identities.parquet", PEOPLE), read_trials("test")
    settings = params.evaluate.model_copy(update={"groups": ("all",), "bootstrap_replicates": 0})
    found: dict[int, list[list[float]]] = {length: [] for length in lengths}
    for seed in params.train_method.seeds:
        method = read_model(SHELF_MODELS / MODEL, seed, params, model)
        embeddings = embed_split(method, material, tested, params)
        for length in lengths:
            method.shortlist = length
            records = evaluate(
                get_protocols(("retrieval",)),
                embeddings,
                people,
                trials,
                settings,
                split="test",
                seed=params.prepare.seed,
                scorer=scorer_of(method),
            ).records
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
