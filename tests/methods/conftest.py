import pytest

from vfal.data.batches import Batch

from ..one_thread import one_thread as one_thread
from .small_models import batch_of


@pytest.fixture
def batch() -> Batch:
    """Frozen features of six people, none twice."""
    return batch_of([4, 0, 7, 2, 9, 5])
