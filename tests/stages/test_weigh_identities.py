from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import DataError
from vfal.stages.weigh_identities import run
from vfal.training.record import read_curve


def having(params: Params, **changes: object) -> Params:
    return params.model_copy(update={"weigh_identities": params.weigh_identities.model_copy(update=changes)})


def weights(seed: int = 1) -> pd.DataFrame:
    return pd.read_parquet(f"models/identity_weights/weights_{seed}.parquet")


def test_every_training_identity_has_a_weight_and_the_hardest_have_none(params: Params) -> None:
    people = pd.read_parquet("data/prepared/identities.parquet").query("split == 'train'")["identity"]
    for seed in params.seeds:
        table = weights(seed)
        assert table["identity"].tolist() == people.tolist()
        assert (table["weight"] > 0).mean() >= params.weigh_identities.keep_ratio
        assert table["weight"].between(0, 1).all()


def test_weighing_goes_on_at_the_step_where_warm_up_ended(params: Params) -> None:
    curve = read_curve(Path("models/identity_weights/weights_1.jsonl"))
    assert curve[0]["step"] == 20 and all("kept_ratio" in row for row in curve)  # 12 is no tenth step


def test_weighing_again_gives_the_same_bytes(
    params: Params, again: Callable[..., Path], finished: Path
) -> None:
    folder = again("models/identity_weights")
    run(params)
    for path in (finished / "models/identity_weights").iterdir():
        assert (folder / "models/identity_weights" / path.name).read_bytes() == path.read_bytes(), path.name


def test_without_weighing_everybody_counts_alike(params: Params, again: Callable[..., Path]) -> None:
    again("models/identity_weights")
    run(having(params, rule="none"))
    assert (weights()["weight"] == 1).all() and weights()["hardness"].isna().all()


def test_the_truth_drops_exactly_the_personalised(params: Params, again: Callable[..., Path]) -> None:
    again("models/identity_weights")
    names = weights_of_people()
    truth = pd.DataFrame({"identity": names, "personalised": [row % 5 == 0 for row in range(len(names))]})
    truth.to_parquet("data/raw/truth.parquet")
    run(having(params, rule="truth"))
    dropped = weights().query("weight == 0")["identity"]
    training = set(weights()["identity"])
    assert set(dropped) == set(truth.loc[truth["personalised"], "identity"]) & training


def test_the_truth_of_real_people_is_not_known(params: Params, again: Callable[..., Path]) -> None:
    again("models/identity_weights")
    with pytest.raises(
        DataError, match=r"does not say who is personalised for 16 training identities .* generated"
    ):
        run(having(params, rule="truth"))


def weights_of_people() -> list[str]:
    return pd.read_parquet("data/raw/identities.parquet")["identity"].tolist()
