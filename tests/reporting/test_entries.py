from pathlib import Path

import pytest

from vfal.core.errors import ConfigError
from vfal.reporting.entries import MAIN, line_up

from .fake_layout import small_params


def test_the_row_without_weights_comes_before_the_full_method_and_is_the_baseline(repository: Path) -> None:
    lineup = line_up(small_params(repository))
    assert [entry.name for entry in lineup.entries[:3]] == ["warm_up", "without_weights", MAIN]
    assert lineup.baseline == "without_weights"


def test_only_models_that_are_evaluated_are_rows(repository: Path) -> None:
    lineup = line_up(small_params(repository, evaluate__models=[MAIN, "rank_hardness"]))
    assert [entry.name for entry in lineup.entries] == [MAIN, "rank_hardness"]
    assert lineup.baseline is None


def test_a_variant_nobody_has_described_is_told_by_what_it_changes(repository: Path) -> None:
    variants = {"half_decay": {"weigh_identities.decay": 0.5}}
    params = small_params(repository, ablate__variants=variants, evaluate__models=[MAIN, "half_decay"])
    entry = line_up(params)["half_decay"]
    assert (entry.label, entry.meaning) == ("Half decay", "weigh_identities.decay = 0.5")


def test_a_report_without_the_full_method_is_refused(repository: Path) -> None:
    with pytest.raises(ConfigError, match=r"evaluate\.models: 'seeking_the_shape' is missing"):
        line_up(small_params(repository, evaluate__models=["warm_up"]))
