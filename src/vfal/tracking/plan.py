"""What MLflow should hold, read from disk: one run per phase and per evaluated model, under one parent."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vfal.core.config.params import MAIN, Params, variant_of
from vfal.core.files import read_json, sha256_of
from vfal.core.paths import ENCODERS, IDENTITY_WEIGHTS, REPORTS, SHELF_MODELS, STUDIES, TRAINED, WARM_UP

PARENT = "pipeline"
PHASES: dict[str, tuple[Path, ...]] = {
    "pretrain": (ENCODERS,),
    "warm_up": (WARM_UP, TRAINED / "warm_up"),
    "weigh_identities": (IDENTITY_WEIGHTS,),
    "retrain": (TRAINED / MAIN,),
}
EVALUATION, ABLATION = "evaluate@", "ablate@"  # addresses of stages, and names of runs
EVALUATED = REPORTS / "evaluate"
SHELF = REPORTS / "shelf"
OF_THE_SHELF = {
    "train_method",
    "evaluate_method",
    "leaderboard",
}  # blocks
_MATERIAL = ("seeds", "machine", "prepare", "preprocess", "pretrain", "embed")
_REWEIGHTING = (*_MATERIAL, "methods", "warm_up", "weigh_identities")
# The blocks of params.yaml that a run's result depends on; of params.yaml's other blocks it holds none.
BLOCKS: dict[str, tuple[str, ...]] = {
    "pretrain": _MATERIAL,
    "warm_up": (*_MATERIAL, "methods", "warm_up"),
    "weigh_identities": _REWEIGHTING,
    "retrain": (*_REWEIGHTING, "retrain"),
}
NOTES = {
    "pretrain": "One encoder per modality, on identities nobody is tested on. Curves by modality.",
    "warm_up": "Phase 1: every identity counts alike. Curves by training seed.",
    "weigh_identities": "Phase 2: easy identities are let in first; those of weight 0 stay out. "
    "`figures/hardest_identities.csv` ranks them.",
    "retrain": "Phase 3: from the pre-trained encoders again, weights held fixed. The registered model is "
    "the seed of highest validation accuracy.",
}
NOTE_CHARACTERS = 6000  # MLflow takes 8000
RECORDS = (".json", ".jsonl", ".parquet")
EVIDENCE = (".json", ".csv", ".png", ".svg", ".html", ".md")


Ran = Callable[[str], Params]  # the parameters that a stage ran with, by its address


@dataclass(frozen=True)
class PlannedRun:
    """One run as it should be in MLflow.

    `curves` are json lines by the prefix of their metrics' names; `files` are kept as artifacts under
    their path below `root`; `rests_on` are the fingerprints of other things this run stands for. `stages`
    are the addresses of the stages that made it.
    """

    name: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    curves: Mapping[str, Path]
    files: Sequence[Path]
    root: Path
    rests_on: Sequence[str] = ()
    stages: Sequence[str] = ()
    note: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of everything the run holds: equal content is the same run, whenever it was made."""
        contents = {path.as_posix(): sha256_of(path) for path in (*self.curves.values(), *self.files)}
        parts = [self.name, dict(self.params), dict(self.metrics), contents, list(self.rests_on)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def plan_phases(ran: Ran) -> list[PlannedRun]:
    """The runs of the four training stages, named as they are; a stage that left nothing has none."""
    runs = []
    for name in PHASES:
        if files := records_of(name):
            curves = {_whose(path): path for path in files if path.suffix == ".jsonl"}
            runs.append(
                PlannedRun(
                    name,
                    flatten(_blocks(ran(name), BLOCKS[name])),
                    _best_steps(files),
                    curves,
                    files,
                    Path("models"),
                    stages=[name],
                    note=NOTES[name],
                )
            )
    return runs


def plan_evaluations(ran: Ran) -> list[PlannedRun]:
    """One run per model with a result, named `evaluate@<model>` as its stage is.

    A variant's own parameters and training curves are part of it, so that MLflow's comparison view shows
    what differs.
    """
    runs = []
    for path in sorted(EVALUATED.glob("*.json")):
        model = path.stem
        params = ran(f"{EVALUATION}{model}")
        varied = model in params.ablate.variants
        chosen = variant_of(params, model) if varied else params
        blocks = BLOCKS["warm_up" if model == "warm_up" else "retrain"]
        trained = records_of(f"{ABLATION}{model}") if varied else []
        curves = {
            f"{'weigh_identities' if curve.stem.startswith('weights') else 'retrain'}/{_whose(curve)}": curve
            for curve in trained
            if curve.suffix == ".jsonl"
        }
        stages = [f"{ABLATION}{model}"] * varied + [f"{EVALUATION}{model}"]
        runs.append(
            PlannedRun(
                f"{EVALUATION}{model}",
                flatten(_blocks(chosen, (*blocks, "evaluate"))),
                read_metrics(model),
                curves,
                [*records_of(f"{EVALUATION}{model}"), *trained],
                Path(),
                stages=stages,
                note=_about(model, params),
            )
        )
    return runs


def plan_parent(params: Params, children: Sequence[PlannedRun], digest: str | None) -> PlannedRun:
    """The run of this state of the pipeline: every parameter, the main method's metrics, the reports."""
    everything = _own(params.model_dump(by_alias=True, exclude={"tracking", "tune", *OF_THE_SHELF}))
    # What is below these folders belongs to runs of their own.
    others = {EVALUATED, SHELF, STUDIES}
    files = [
        path
        for path in _files(REPORTS, EVIDENCE)
        if not others & {*path.parents} and path.stem != "leaderboard"
    ]
    rests_on = [child.fingerprint for child in children] + [digest or ""]
    return PlannedRun(
        PARENT,
        flatten(everything),
        read_metrics(MAIN),
        {},
        files,
        REPORTS,
        rests_on,
        stages=["compare"],
        note=_results(),
    )


def read_metrics(model: str) -> dict[str, float]:
    """The result of a model by full metric name, of the training seeds' mean; empty before `evaluate`."""
    path = EVALUATED / f"{model}.json"
    return dict(numbers(read_json(path))) if path.exists() else {}


def flatten(value: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested blocks as dotted names and the text of their values; lists stay in one piece, as json."""
    flat: dict[str, str] = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            flat |= flatten(item, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = item if isinstance(item, str) else json.dumps(item)
    return flat


def _about(model: str, params: Params) -> str:
    changed = params.ablate.variants.get(model)
    trained = (
        "with " + ", ".join(f"`{key}: {value}`" for key, value in changed.items())
        if changed is not None
        else {"warm_up": "by phase 1 alone", MAIN: "by all three phases"}.get(model, "as a method of its own")
    )
    seeds = "one training seed" if len(params.seeds) == 1 else f"mean of {len(params.seeds)} training seeds"
    return (
        f"`{model}`, trained {trained}, on test identities; {seeds}. "
        "Figures, and the identities it finds hardest: `figures/`."
    )


def _results() -> str:
    """The report's table; without the rows that do not fit on MLflow's page of a run."""
    path = REPORTS / "results.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if len(text) > NOTE_CHARACTERS:
        text = text[:NOTE_CHARACTERS].rpartition("\n")[0] + "\n\n(the rest: `results.md`)"
    return f"One state of the map; its page is the artifact `index.html`.\n\n{text}"


def records_of(address: str) -> list[Path]:
    """The small files that tell what a stage did, by its address; none for a stage that has no run."""
    stage, _, item = address.partition("@")
    if stage == "evaluate":
        summary = EVALUATED / f"{item}.json"
        return [path for path in (summary, *_files(EVALUATED / item, EVIDENCE)) if path.exists()]
    if stage == "evaluate_method":
        return [path for path in (SHELF / f"{item}.json", *_files(SHELF / item, EVIDENCE)) if path.exists()]
    own = {"ablate": (TRAINED / item,), "train_method": (SHELF_MODELS / item,)}
    places = own.get(stage, PHASES.get(stage, ()))
    return [path for place in places for path in _files(place, RECORDS)]


def mark_of(address: str) -> str:
    """Hex digest of a stage's records, by which what belongs to them is found again; empty without any."""
    contents = [(path.as_posix(), sha256_of(path)) for path in records_of(address)]
    return hashlib.sha256(json.dumps(contents).encode()).hexdigest()[:32] if contents else ""


def _blocks(params: Params, names: Sequence[str]) -> dict[str, Any]:
    dump = _own(params.model_dump(by_alias=True))
    return {name: dump[name] for name in names}


def _own(dump: dict[str, Any]) -> dict[str, Any]:
    """Blocks without those of the shelf's other methods."""
    return dump | {"methods": {MAIN: dump["methods"][MAIN]}}


def _files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    paths = sorted(folder.rglob("*"))
    return [path for path in paths if path.suffix in suffixes and not path.name.startswith(".")]


def _whose(curve: Path) -> str:
    """seed_<s> for a curve of training or weighing with that seed, voice or face for an encoder's."""
    return curve.stem.replace("weights_", "seed_")


def _best_steps(files: Sequence[Path]) -> dict[str, float]:
    """The step kept for each seed, its validation accuracy, and the mean of those."""
    metrics: dict[str, float] = {}
    accuracies = []
    for path in files:
        if path.suffix == ".json" and path.stem.startswith("seed_"):
            kept = read_json(path)
            metrics[f"{path.stem}/best_step"] = float(kept["step"])
            if kept["validation_accuracy"] is not None:
                metrics[f"{path.stem}/best_validation_accuracy"] = float(kept["validation_accuracy"])
                accuracies.append(float(kept["validation_accuracy"]))
    if accuracies:
        metrics["best_validation_accuracy"] = sum(accuracies) / len(accuracies)
    return metrics


def numbers(values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The finite numbers among values: what is not defined is null in json and absent in MLflow."""
    for name, value in values.items():
        if isinstance(value, int | float) and math.isfinite(value):
            yield name, float(value)
