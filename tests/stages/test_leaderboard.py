from pathlib import Path

import pytest

from vfal.core.config.params import Params, check, with_overrides
from vfal.core.errors import ConfigError
from vfal.core.files import read_json
from vfal.reporting.leaderboard import gather_board, plain_of


def test_the_board_holds_every_model_with_intervals_and_cost(params: Params) -> None:
    board = read_json(Path("reports/leaderboard.json"))
    assert set(board) == {*params.train_method.models, "chance"}  # no ceiling: these people are recorded
    for name in params.train_method.models:
        found = board[name]["matching_1_2/v2f/all/accuracy"]
        assert found["low"] <= found["value"] <= found["high"] and found["sd"] >= 0
        assert board[name]["cost"]["parameters"] > 0


def test_the_best_plain_model_is_on_top_and_its_adaptive_form_below_it(params: Params) -> None:
    board = gather_board(params)
    order = [entry.name for entry in board.lineup.entries]
    assert order.index("fvcme_adaptive") == order.index("fvcme") + 1
    scores = {name: board.results[name].records[params.leaderboard.sort_by]["value"] for name in order}
    assert (order[0] == "fvcme_raw") == (scores["fvcme_raw"] > scores["fvcme"])


def test_what_identity_weights_change_is_paired_with_the_plain_model(params: Params) -> None:
    gains = gather_board(params).gains
    assert set(gains["entry"]) == {"fvcme_adaptive"}
    assert (gains["difference_low"] <= gains["difference_high"]).all()
    assert plain_of("fvcme_adaptive", params.train_method.models) == "fvcme"
    assert plain_of("fvcme_raw", params.train_method.models) is None


def test_the_pages_need_nothing_else_and_keep_published_numbers_apart(params: Params) -> None:
    page = Path("reports/leaderboard.html").read_text()
    assert "<svg" in page and "<script" not in page and "<link rel" not in page
    text = Path("reports/leaderboard.md").read_text()
    ours, published = text.split("## Published numbers")
    assert "fvcme_adaptive" in ours and "| FV-CME" in published and "FV-CME" not in ours
    assert published.count(" source |") == 3  # a table per protocol


def test_an_order_by_an_unknown_number_is_refused(params: Params) -> None:
    nearly = {"leaderboard.sort_by": "matching_1_2/v2f/all/acc"}
    wrong = check(with_overrides(params.model_dump(by_alias=True), nearly))
    with pytest.raises(ConfigError, match=r"leaderboard.sort_by: no number .*Did you mean 'matching_1_2"):
        gather_board(wrong)
