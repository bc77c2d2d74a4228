"""What every test may use."""

from pathlib import Path

import pytest

from vfal.core.workers import give_way

give_way()  # before any test imports torch

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    folder = REPOSITORY.parent / "shared"
    if not (folder / "golden").is_dir():
        pytest.skip("the shared reference material is not beside the checkout")
    return folder
