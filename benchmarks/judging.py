"""What `reranked.py` and `own_cosine.py` share: Fuse after Align on test people, by any scorer."""

from collections.abc import Callable, Iterator
from functools import partial

from vfal.core.config.params import Params
from vfal.core.config.shelf_models import ordered
from vfal.core.paths import PREPARED, SHELF_MODELS
from vfal.core.tables import read_table
from vfal.method import Method
from vfal.protocol import Evaluation, evaluate
from vfal.protocols import get_protocols
from vfal.training.assessing import embed_split, read_trials
from vfal.training.examining import PEOPLE
from vfal.training.setting import identities_of
from vfal.training.shelf import material_of
from vfal.training.shelf_outputs import read_model

MODEL = "fuse_after_align"


def each_seed(
    params: Params, protocols: tuple[str, ...], *, replicates: int
) -> Iterator[tuple[Method, Callable[..., Evaluation]]]:
    """The model of each seed, and `evaluate` of its embeddings, which wants a `scorer`."""
    model = ordered(params, MODEL)
    material, tested = material_of(params, model), identities_of("test")
    people, trials = read_table(PREPARED / "identities.parquet", PEOPLE), read_trials("test")
    settings = params.evaluate.model_copy(update={"groups": ("all",), "bootstrap_replicates": replicates})
    asked, seed_of_trials = get_protocols(protocols), params.prepare.seed
    for seed in params.train_method.seeds:
        method = read_model(SHELF_MODELS / MODEL, seed, params, model)
        embeddings = embed_split(method, material, tested, params)
        yield (
            method,
            partial(evaluate, asked, embeddings, people, trials, settings, split="test", seed=seed_of_trials),
        )
