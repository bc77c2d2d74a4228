from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.machine import Collect
from vfal.core.files import sha256_of
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS, IDENTITY_COLUMNS
from vfal.dataset import Corpus, Dataset, DatasetCard
from vfal.datasets import SHELF, get_dataset

from ..layouts import lay_out
from ..tiny_params import tiny_params

SMALL = {
    "people": 6, "clips_each": 2, "faces_each": 2, "clip_min_s": 0.5, "clip_max_s": 0.6, "face_px": 32,
}  # fmt: skip


@pytest.fixture(params=list(SHELF))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def dataset(name: str) -> Dataset:
    return get_dataset(name)


@pytest.fixture
def collected(
    name: str, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], Corpus]:
    """Collects the data set into a folder of its own; corpora of your own are six people of tones."""
    monkeypatch.setenv("VFAL_STATE", str(tmp_path / "state"))
    settings = tiny_params().collect
    generated = settings.generated.model_copy(update=SMALL)
    settings = settings.model_copy(update=lay_out(name, tmp_path / "own") | {"generated": generated})

    def collect(workers: int = 1) -> Corpus:
        return dataset.collect(
            Collect.model_validate(settings), tmp_path / f"tree_{workers}", workers=workers
        )

    return collect


def test_the_card_says_what_it_is_and_whose(dataset: Dataset) -> None:
    assert isinstance(dataset.card, DatasetCard)
    assert dataset.card.title and dataset.card.licence and dataset.card.source


def test_tables_have_their_columns_and_belong_together(collected: Callable[..., Corpus]) -> None:
    corpus = collected()
    for table, columns in (
        (corpus.identities, IDENTITY_COLUMNS), (corpus.clips, CLIP_COLUMNS), (corpus.faces, FACE_COLUMNS),
    ):  # fmt: skip
        assert list(table)[: len(columns)] == list(columns)
    assert corpus.identities["identity"].is_unique and corpus.identities["name"].is_unique
    assert set(corpus.identities["gender"]) <= {"m", "f", "u"}
    for items, number in ((corpus.clips, "clip"), (corpus.faces, "face")):
        assert set(items["identity"]) <= set(corpus.identities["identity"])
        assert items[number].tolist() == list(range(len(items)))
        assert items[["identity", "path"]].apply(tuple, axis=1).is_monotonic_increasing


def test_every_file_is_where_its_table_says_with_the_bytes_it_says(collected: Callable[..., Corpus]) -> None:
    corpus = collected()
    if corpus.features is not None:
        return
    for items in (corpus.clips, corpus.faces):
        for row in items.to_dict("records"):
            path = corpus.root / row["path"]
            assert path.stat().st_size == row["bytes"] and sha256_of(path) == row["sha256"]
    assert (corpus.clips["problem"] == "").all() and corpus.clips["duration_s"].gt(0.4).all()


def test_collecting_again_or_with_more_workers_gives_the_same(collected: Callable[..., Corpus]) -> None:
    first, again, spread = collected(1), collected(1), collected(2)
    for name in ("identities", "clips", "faces"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
        pd.testing.assert_frame_equal(getattr(first, name), getattr(spread, name))


def test_the_truth_where_it_is_known_is_about_the_people(collected: Callable[..., Corpus]) -> None:
    corpus = collected()
    if corpus.truth is None:
        return
    assert set(corpus.truth["identity"]) == set(corpus.identities["identity"])
    assert corpus.truth["identity"].is_unique and corpus.truth["personalised"].dtype == bool
