"""The model to register: which seed, the files it takes, and a pair of real files to try it on."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vfal.core.config.params import Params
from vfal.core.errors import DataError
from vfal.core.files import read_json, sha256_of
from vfal.core.paths import ENCODERS, PREPARED, RAW, TRAINED
from vfal.core.tables import read_table, write_table
from vfal.core.types import MODALITIES
from vfal.serving.scorer import BLOCKS, PARAMS, write_params
from vfal.serving.scorer import ENCODERS as ENCODERS_WITHIN
from vfal.serving.scorer import TRAINED as TRAINED_WITHIN
from vfal.tracking.people import PEOPLE, people_of_checkout


@dataclass(frozen=True)
class Chosen:
    """One seed of the main method and what it takes to use it."""

    method: str
    seed: int
    accuracy: float | None
    params: Params

    @property
    def files(self) -> dict[str, Path]:
        """The files to copy, by their place inside the model."""
        stem = f"seed_{self.seed}"
        files = {f"{TRAINED_WITHIN}/{stem}{end}": TRAINED / self.method / f"{stem}{end}" for end in _ENDS}
        if self.params.methods.seeking_the_shape.regime == "features":
            names = [f"{modality}.safetensors" for modality in MODALITIES]
            files |= {f"{ENCODERS_WITHIN}/{name}": ENCODERS / name for name in names}
        return files

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of the tensors and of the parameters that say how to use them."""
        contents = {place: sha256_of(path) for place, path in self.files.items()}
        parts = [self.method, contents, self.params.model_dump(include=set(BLOCKS) - {"machine"})]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]

    def copy_to(self, folder: Path) -> None:
        """Put everything that `Scorer` reads into `folder`, and who the model was made with."""
        for place, path in self.files.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / place)
        write_params(folder / PARAMS, self.params)
        write_table(folder / PEOPLE, people_of_checkout())


_ENDS = (".safetensors", ".json")


def choose(params: Params, method: str) -> Chosen | None:
    """The seed of highest validation accuracy, the first of equals; None before `retrain`."""
    best: Chosen | None = None
    for seed in params.seeds:
        path = TRAINED / method / f"seed_{seed}.json"
        if not path.exists():
            continue
        accuracy: float | None = read_json(path)["validation_accuracy"]
        if best is None or _or_lowest(accuracy) > _or_lowest(best.accuracy):
            best = Chosen(method, seed, accuracy, params)
    return best if best is not None and all(path.exists() for path in best.files.values()) else None


def example_pair() -> dict[str, Any]:
    """The bytes of one recording and one picture of one test identity, as `voice` and `face`.

    Raises `DataError` when the corpus is not on this machine.
    """
    root = Path(read_json(RAW / "corpus.json")["root"])
    people = read_table(PREPARED / "identities.parquet", ["identity", "split"])
    tested = people.loc[people["split"] == "test", "identity"]
    items = {}
    for name, file in (("voice", "clips"), ("face", "faces")):
        listed = read_table(PREPARED / f"{file}.parquet", ["identity", "path", "problem"])
        items[name] = listed[(listed["problem"] == "") & listed["identity"].isin(tested)]
    both = sorted(set(items["voice"]["identity"]) & set(items["face"]["identity"]))
    if not both:
        raise DataError(f"{PREPARED}: no test identity has both a readable clip and a readable face.")
    pair = {}
    for name, table in items.items():
        path = root / table.loc[table["identity"] == both[0], "path"].iloc[0]
        try:
            pair[name] = path.read_bytes()
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
    return pair


def _or_lowest(accuracy: float | None) -> float:
    return float("-inf") if accuracy is None else accuracy
