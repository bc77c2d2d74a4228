from pathlib import Path

import pytest

from vfal.dvc_stages import needs_of_stages


@pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # pygtrie, inside dvc
def test_the_benchmark_reads_from_the_map_what_waits_for_what(repository: Path) -> None:
    needs = needs_of_stages(repository)
    placed: set[str] = set()
    for name, needed in needs.items():
        assert set(needed) <= placed, name
        placed.add(name)
    assert "ablate@without_weights" in needs["evaluate@without_weights"]
    assert "ablate@without_weights" not in needs["evaluate@seeking_the_shape"]  # these two run side by side
    assert "retrain" in needs["evaluate@seeking_the_shape"]
