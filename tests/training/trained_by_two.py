"""One of two processes that train together; test_processes.py starts them and reads what they found."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from vfal.core.ranks import Place, leading, take_place
from vfal.core.types import MODALITIES
from vfal.data.batches import Batch
from vfal.method import Card, Method, Terms
from vfal.training.loop import Loop
from vfal.training.processes import split

from ..methods.small_models import TRACKED, make, track_batches
from .small_loop import IDENTITIES, OPTIMISER, WIDTH, batches, loop, tracker


class Contrast(Method):
    """In-batch negatives in double precision: every loss depends on every item of the batch.

    The voice encoder's layer is used once more behind the encoder, where each process sees all items.
    """

    card: ClassVar[Card] = Card("", "", 2026, "", "", frozenset({"identity"}), frozenset(), ())

    def __init__(self, *, dropout: float = 0.0, norm: bool = False) -> None:
        super().__init__()
        torch.manual_seed(3)

        def encoder() -> nn.Module:
            middle = nn.BatchNorm1d(7) if norm else nn.Tanh()
            return nn.Sequential(nn.Linear(WIDTH, 7), middle, nn.Dropout(dropout), nn.Linear(7, WIDTH))

        self.voice, self.face = split(encoder().double(), "voice"), split(encoder().double(), "face")
        self.head = nn.Sequential(nn.Linear(WIDTH, IDENTITIES), nn.Dropout(0.3)).double()
        self.seen: list[Tensor] = []

    def embed_voices(self, voices: Tensor) -> Tensor:
        return self.voice(voices.double())  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        return self.face(faces.double())  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        voices_BD, faces_BD = self.embed_voices(batch.voices.inputs), self.embed_faces(batch.faces.inputs)
        self.seen = [voices_BD.detach(), faces_BD.detach()]
        own_B = torch.arange(len(voices_BD))
        again = self.voice.get_submodule("0")(voices_BD).pow(2).mean(1)
        named = cross_entropy(self.head(faces_BD), batch.voices.identity_B, reduction="none")
        pairs = cross_entropy(voices_BD @ faces_BD.T, own_B, reduction="none")
        yield "all", Terms({"pairs": pairs, "named": named, "again": again}, {"hardness": named.detach()})


def outcome(folder: Path, *, steps: int, stop_at: int = 0, **method: Any) -> dict[str, Any]:
    """What is left when the small loop has trained: weights, identity weights, and what was last embedded."""
    weights = tracker()

    def made(steps: int) -> Loop:
        return loop(
            folder,
            method=Contrast(**method),
            drawn=batches(),
            weights=weights,
            observers={"hardness": weights},
            steps=steps,
            update_every_steps=3,
        )

    if stop_at:
        made(stop_at).run()
        weights = tracker()
    whole = made(steps)
    whole.run()
    assert isinstance(whole.method, Contrast)
    return {
        "model": whole.method.state_dict(),
        "weights": weights.state_dict(),
        "seen": whole.method.seen,
        "random": torch.rand(2),
        "checkpoint": (folder / "checkpoint.pt").exists(),
        "curve": (folder / "curve.jsonl").exists(),
    }


CASES: dict[str, dict[str, Any]] = {
    "plain": {"steps": 8},
    "resumed": {"steps": 8, "stop_at": 5},
    "dropout": {"steps": 2, "dropout": 0.5},
    "norm": {"steps": 4, "norm": True},
}


def run_all(folder: Path) -> dict[str, dict[str, Any]]:
    found = {name: outcome(folder / name, **case) for name, case in CASES.items()}
    return found | {"refreshed": refreshed(folder)}


OFTEN: dict[str, dict[str, Any]] = {  # what is learned from all tracks, within the few steps here
    "fuse_after_align": {"progressive": False, "fixed_clusters": 4},
    "self_lifting": {"clusters": 5, "least_tracks_per_cluster": 1, "cluster_every_passes": 1},
    "cmpc": {"tracks_per_cluster": (5.0, 3.0), "first_clustering_passes": 1, "cluster_every_passes": 1},
    "gmod": {"first_mining_passes": 1, "mine_every_passes": 1, "neighbours_first": 3, "neighbours_last": 2},
}


def refreshed(folder: Path) -> dict[str, dict[str, Tensor]]:
    """What is left of the methods that learn from all tracks before a pass: clusters, banks, neighbours."""
    found = {}
    for model, changes in OFTEN.items():
        method = make(model, **TRACKED, **changes)
        for encoder in MODALITIES:
            split(method.get_submodule(encoder), encoder)
        calm = OPTIMISER.model_copy(update={"learning_rate": 0.01})
        loop(folder / model, method=method, drawn=track_batches(), steps=8, optimiser=calm).run()
        found[model] = method.state_dict()
    return found


def masks() -> dict[str, Tensor]:
    """What dropout leaves of ones, for two encoders, two calls, and a batch too small to share."""
    voice, face = split(nn.Dropout(0.5), "voice"), split(nn.Dropout(0.5), "face")
    ones = torch.ones(8, 40)
    torch.manual_seed(7)
    return {"voice": voice(ones), "again": voice(ones), "face": face(ones), "few": face(ones[:3])}


def main() -> None:
    folder, rank = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    take_place(Place(rank, 2, rank, 2))
    # On one disk, as on many machines: all read the checkpoint that the leading process writes.
    found = run_all(folder / "work")
    assert leading() == (rank == 0)
    found["masks"] = masks()
    torch.save(found, folder / f"found_{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
