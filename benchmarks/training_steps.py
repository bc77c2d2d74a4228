"""A method of the shelf trained at the size of VoxCeleb1, against a DataLoader over dicts.

`python benchmarks/training_steps.py [method ...]`; fvcme when none is named. Features are random: 113,322
voices of 192 numbers and 905,530 faces of 512, of 1,211 people. The plain form keeps them in dicts by path,
draws one person, one voice and one face per item in Python, and collates; network and loss are the same.
What those cost with a batch at hand is the third way: no form can be faster. The long training runs in a
process of its own, so that its memory is its own. With nothing to learn from random vectors, only seconds
and memory are of interest. About five minutes.
"""

import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from comparing import PLAIN, Row, compare, demo_params, show
from vfal.core.config.params import Params
from vfal.core.config.shelf_models import Ordered, ordered
from vfal.core.seeding import generator
from vfal.core.types import Modality
from vfal.data.batches import Bag, Batch
from vfal.data.inputs import FeatureInputs
from vfal.data.tracks import Tracks
from vfal.method import Method
from vfal.training.loop import Loop, Phase
from vfal.training.material import Items, Material
from vfal.training.optimisers import make_mover
from vfal.training.shelf import Learners, ShelfTraining

PEOPLE = 1_211
COUNTS: dict[Modality, int] = {"voice": 113_322, "face": 905_530}
WIDTHS: dict[Modality, int] = {"voice": 192, "face": 512}
BATCH, STEPS, PLAIN_STEPS, ROUNDS = 256, 200, 30, 3
LONG_STEPS = 10_000
PAIRS_PER_EPOCH = 128_000  # of the plain form, as in vfal-eva


def main(names: list[str]) -> None:
    params = demo_params(train_method__recipe__batch_size=BATCH)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for modality, count in COUNTS.items():
            vectors = generator(1, "vectors", modality).standard_normal(
                (count, WIDTHS[modality]), dtype=np.float32
            )
            np.save(work / f"{modality}s.npy", vectors)
            del vectors
        for name in names:
            alone = multiprocessing.get_context("spawn").Process(target=_long, args=(name, work))
            alone.start()
            alone.join()
        material, learners = _material(work)
        rows = [
            row
            for name in names
            for row in _compared(params, ordered(params, name), material, learners, work)
        ]
        show(f"A step at batch {BATCH}, features of the size of VoxCeleb1", rows)


def _material(folder: Path) -> tuple[Material, Learners]:
    names = [f"id{number:05d}" for number in range(PEOPLE)]
    items, owners = {}, {}
    for modality, count in COUNTS.items():
        owner = np.sort(generator(1, "owners", modality).integers(0, PEOPLE, count))
        owner[:PEOPLE] = np.arange(PEOPLE)  # nobody without items
        index = pd.DataFrame({"identity": np.array(names)[owner], "row": np.arange(count)})
        vectors = np.load(folder / f"{modality}s.npy", mmap_mode="r")  # as `read_features` gives them
        items[modality], owners[modality] = Items(FeatureInputs(vectors), index), owner
    labels = {name: np.arange(PEOPLE, dtype=np.int64) % 2 for name in ("gender", "nationality")}
    dealt = Tracks(names, owners["voice"], owners["face"])
    return Material(items, WIDTHS), Learners(names, labels, dealt)


class _Pairs(Dataset):
    """One person, one of their voices and one of their faces per item, from dicts by path."""

    def __init__(self, material: Material) -> None:
        self.vectors: dict[str, Tensor] = {}
        self.paths: dict[str, dict[str, list[str]]] = {}
        for modality, items in material.items.items():
            for person, row in zip(items.index["identity"], items.index["row"], strict=True):
                path = f"{modality}/{person}/{row}"
                self.vectors[path] = torch.tensor(items.inputs.features_ND[row])
                self.paths.setdefault(person, {}).setdefault(modality, []).append(path)
        self.people = list(self.paths)

    def __len__(self) -> int:
        return PAIRS_PER_EPOCH

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor, int]:
        number = place % len(self.people)
        paths = self.paths[self.people[number]]
        voice, face = (self.vectors[random.choice(paths[modality])] for modality in ("voice", "face"))
        return voice, face, number


def _compared(
    params: Params, model: Ordered, material: Material, learners: Learners, work: Path
) -> list[Row]:
    training = ShelfTraining(params, model, material, learners, seed=1, work=work)
    loader = iter(DataLoader(_Pairs(material), batch_size=BATCH, shuffle=True))
    plain = training.built(None).train()
    mover = make_mover([*plain.parameters()], model.recipe.optimiser)

    def drawn() -> Batch:
        voices, faces, people = next(loader)
        return Batch(Bag(voices, people), Bag(faces, people)).for_needs(plain.card.needs)

    held = drawn()

    def plain_steps(draw: Callable[[], Batch]) -> None:
        for step in range(PLAIN_STEPS):
            for _, terms in plain.turns(draw(), step):
                mover.zero_grad()
                torch.stack([loss_B.mean() for loss_B in terms.losses.values()]).sum().backward()
                mover.step(model.recipe.optimiser.learning_rate)

    batches = training._batches("benchmark")
    loops = iter(range(1_000_000))
    ours = training.built(None)

    def our_steps() -> None:
        _trained(training, ours, STEPS, work / f"steps_{next(loops)}")

    device, per = torch.device("cpu"), {"ours": STEPS, PLAIN: PLAIN_STEPS}
    return [
        compare(
            f"{model.name}: step",
            {
                PLAIN: lambda: plain_steps(drawn),
                "ours": our_steps,
                "network, loss and Adam alone": lambda: plain_steps(lambda: held),
            },
            rounds=ROUNDS,
            reference=PLAIN,
            per=per | {"network, loss and Adam alone": PLAIN_STEPS},
        ),
        compare(
            f"{model.name}: drawing a batch",
            {
                PLAIN: lambda: [drawn() for _ in range(PLAIN_STEPS)],
                "ours": lambda: [batches.draw(step, device) for step in range(STEPS)],
            },
            rounds=ROUNDS,
            reference=PLAIN,
            per=per,
        ),
    ]


def _trained(training: ShelfTraining, method: Method, steps: int, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    phase = Phase("benchmark", 1, training.model.recipe.optimiser, steps, checkpoint_every_steps=1000)
    batches = training._batches("benchmark")
    Loop(
        method, batches, phase, machine=training.params.machine, device=training.device, folder=folder,
        weights=None, observers={},
    ).run()  # fmt: skip


def _long(name: str, work: Path) -> None:
    params = demo_params(train_method__recipe__batch_size=BATCH)
    material, learners = _material(work)
    model = ordered(params, name)
    training = ShelfTraining(params, model, material, learners, seed=1, work=work)
    start, busy = time.perf_counter(), time.process_time()
    _trained(training, training.built(None), LONG_STEPS, work / f"long_{name}")
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{name}: {LONG_STEPS:,} steps of {BATCH} in {time.perf_counter() - start:.0f} s "
        f"({time.process_time() - busy:.0f} s of processor); largest resident size {largest:.2f} GiB, the "
        "features, which processes share, included"
    )


if __name__ == "__main__":
    main(sys.argv[1:] or ["fvcme"])
