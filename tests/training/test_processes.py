import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from .trained_by_two import CASES, OFTEN, run_all

Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What a single process leaves."""
    return run_all(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> list[Found]:
    """What each of two processes leaves that trained together."""
    folder = tmp_path_factory.mktemp("two")
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.training.trained_by_two", str(folder), str(rank)],
            cwd=repository,
            env=os.environ | {"GLOO_SOCKET_IFNAME": "lo"},
        )
        for rank in (0, 1)
    ]
    assert [process.wait(timeout=120) for process in started] == [0, 0]
    return [torch.load(folder / f"found_{rank}.pt", weights_only=True) for rank in (0, 1)]


def close(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> bool:
    return all(torch.allclose(found[name], wanted[name], rtol=1e-9, atol=1e-12) for name in wanted)


@pytest.mark.parametrize("case", ["plain", "resumed"])
def test_two_processes_end_where_one_ends(one: Found, two: list[Found], case: str) -> None:
    for found in two:
        assert close(found[case]["model"], one[case]["model"])
        assert close(found[case]["weights"], one[case]["weights"])
        assert torch.allclose(found[case]["seen"][0], one[case]["seen"][0], rtol=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_every_process_ends_with_the_same_bits(two: list[Found], case: str) -> None:
    first, second = (found[case] for found in two)
    for part in ("model", "weights"):
        assert all(torch.equal(first[part][name], second[part][name]) for name in first[part])
    assert torch.equal(first["random"], second["random"])


def test_dropout_in_an_encoder_differs_between_shares_calls_and_encoders(two: list[Found]) -> None:
    masks = two[0]["masks"]
    shares = [masks[name][rows] for name in ("voice", "again", "face") for rows in (slice(4), slice(4, 8))]
    for number, mask in enumerate(shares):
        assert 0.3 < float((mask == 0).float().mean()) < 0.7
        assert not any(torch.equal(mask, other) for other in shares[:number])
    assert all(torch.equal(masks[name], two[1]["masks"][name]) for name in masks)


def test_a_batch_too_small_to_share_is_embedded_whole_by_each(two: list[Found]) -> None:
    assert two[0]["masks"]["few"].shape == (3, 40)


def test_running_statistics_of_batch_norm_cover_the_shares_of_all(one: Found, two: list[Found]) -> None:
    for found in two:
        mean = found["norm"]["model"]["voice.1.running_mean"]
        assert mean.abs().max() > 0
        assert torch.allclose(mean, one["norm"]["model"]["voice.1.running_mean"], atol=0.2)


@pytest.mark.parametrize("model", OFTEN)
def test_what_is_learned_from_all_tracks_is_the_same_for_any_number_of_processes(
    one: Found, two: list[Found], model: str
) -> None:
    alone, first, second = (found["refreshed"][model] for found in (one, *two))
    assert all(torch.equal(first[name], second[name]) for name in first)
    for name, wanted in alone.items():  # in single precision: halves of a batch are multiplied otherwise
        torch.testing.assert_close(first[name], wanted, rtol=1e-3, atol=1e-4, msg=name)
