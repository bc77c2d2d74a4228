from pathlib import Path

import pytest
import torch
from torch import nn

from vfal.core.errors import WeightsError
from vfal.training.checkpoint import Checkpoints, below, load_strictly, load_tensors, save_tensors, under


def test_equal_tensors_are_equal_bytes_whatever_their_order_and_memory(tmp_path: Path) -> None:
    matrix = torch.arange(6.0).reshape(2, 3)
    save_tensors(tmp_path / "a", {"w": matrix, "b": matrix[0], "step": torch.tensor(3)})
    shared = {"step": torch.tensor(3), "b": matrix.T.contiguous().T[0], "w": matrix.T.contiguous().T}
    save_tensors(tmp_path / "b", shared)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert torch.equal(load_tensors(tmp_path / "a")["w"], matrix)


def test_weights_that_are_missing_or_cut_are_named(tmp_path: Path) -> None:
    path = tmp_path / "seed_1.safetensors"
    with pytest.raises(WeightsError, match=r"seed_1.safetensors: no such file. Run the stage that makes it"):
        load_tensors(path)
    save_tensors(path, {"w": torch.ones(100)})
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(WeightsError, match=r"seed_1.safetensors: not a whole safetensors file"):
        load_tensors(path)


def test_weights_that_do_not_fit_say_which(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"(?s)seed_1: does not fit the network.*bias.*weight.*shape"):
        load_strictly(nn.Linear(3, 2), {"weight": torch.ones(2, 4), "extra": torch.ones(1)}, Path("seed_1"))


def test_names_go_under_a_prefix_and_come_out_again() -> None:
    tensors = {"voice.weight": torch.ones(1), "face": torch.zeros(1)}
    assert list(under("model", tensors)) == ["model.voice.weight", "model.face"]
    both = under("model", tensors) | under("model_2", tensors)
    assert list(below("model", both)) == list(tensors)


def test_the_latest_checkpoint_is_the_one_that_is_found(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "work")
    assert checkpoints.load() is None
    for step in (4, 8):
        checkpoints.save({"step": step, "model": {"w": torch.full((2,), float(step))}, "best": {}})
    state = checkpoints.load()
    assert state is not None and state["step"] == 8 and state["model"]["w"].tolist() == [8, 8]
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize("kept", [0, 10, 700, -1])
def test_a_truncated_checkpoint_is_named_with_what_to_do(tmp_path: Path, kept: int) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save({"step": 4, "model": {"w": torch.ones(100)}})
    checkpoints.path.write_bytes(checkpoints.path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"checkpoint.pt: a damaged checkpoint .*`vfal doctor --fix`"):
        checkpoints.load()


class Surprise:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code ran",)


def test_a_checkpoint_never_runs_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"step": Surprise()}, tmp_path / "checkpoint.pt")
    with pytest.raises(WeightsError, match=r"checkpoint.pt: a damaged checkpoint \(no tensors and plain"):
        Checkpoints(tmp_path).load()
    assert "code ran" not in capsys.readouterr().out
