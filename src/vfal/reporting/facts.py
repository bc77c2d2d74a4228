"""What was run, in a few lines."""

from typing import Any

from vfal.core.config.params import Params
from vfal.core.config.phases import Encoder
from vfal.core.files import read_json
from vfal.core.paths import REPORTS
from vfal.datasets import get_dataset


def facts(params: Params) -> dict[str, str]:
    """Name and value of what a reader needs to judge the numbers, from params.yaml and the stage reports."""
    found = {"Corpus": _corpus(params), "Seeds of training": ", ".join(map(str, params.seeds))}
    prepared, preprocessed = _read("prepare.json"), _read("preprocess.json")
    if prepared:
        people = prepared["identities"]
        found["Identities"] = ", ".join(
            f"{people[split]:,} {split}" for split in ("pretrain", "train", "val", "test") if split in people
        )
        found["Media"] = f"{prepared['clips']:,} voice clips, {prepared['faces']:,} face images"
        found["Rows of test trial lists"] = ", ".join(
            f"{count:,} {name.removeprefix('test_').replace('_', ' ')}"
            for name, count in prepared["trials"].items()
            if name.startswith("test_")
        )
    if preprocessed:
        lost = len(preprocessed["quarantined"])
        found["Quarantined files"] = f"{lost:,} of {preprocessed['items']:,}" if lost else "none"
    return found | _training(params)


def _read(name: str) -> Any:
    path = REPORTS / name
    return read_json(path) if path.exists() else None


def _corpus(params: Params) -> str:
    title = get_dataset(params.collect.dataset).card.title
    return f"{title}, {params.collect.root or f'seed {params.collect.seed}'}"


def _encoder(encoder: Encoder, steps: int) -> str:
    origin = f"weights of {encoder.weights}" if encoder.weights else f"{steps:,} steps of identification"
    return f"{encoder.name}, {origin}"


def _training(params: Params) -> dict[str, str]:
    method, weigh = params.methods.seeking_the_shape, params.weigh_identities
    voice, face = params.pretrain.voice, params.pretrain.face
    losses = [method.implicit_loss.replace("_", " ")] if method.implicit_loss != "none" else []
    losses += [f"explicit loss (margin {method.margin:g})"] if method.explicit_loss else []
    return {
        "Encoders": "; ".join(_encoder(one, params.pretrain.steps) for one in (voice, face)),
        "Regime": "frozen features" if method.regime == "features" else "raw media, encoders trained along",
        "Losses": " + ".join(losses),
        "Steps x batch": (
            f"warm-up {params.warm_up.steps:,} x {params.warm_up.batch_size}, "
            f"retraining {params.retrain.steps:,} x {params.retrain.batch_size}"
        ),
        "Identity weights": (
            f"hardness: {weigh.hardness}; {weigh.initial_ratio:g} let in first, {weigh.growth_ratio:g} every "
            f"{weigh.interval_steps} steps, decay {weigh.decay:g}, stop at {weigh.keep_ratio:g}"
            if weigh.rule == "learned"
            else weigh.rule
        ),
    }
