"""A small finished run on disk, made in a moment: consistent tables and files, nobody trained."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from vfal.core.config.params import Params, check, read_raw, with_overrides
from vfal.core.files import whole_file, write_json, write_text
from vfal.core.paths import ENCODERS, IDENTITY_WEIGHTS, MEDIA, PREPARED, RAW, REPORTS, TRAINED
from vfal.core.seeding import generator
from vfal.core.tables import write_table
from vfal.core.types import SPLITS
from vfal.data.splits import split_identities
from vfal.data.trials import make_trials
from vfal.datasets.generated.people import SHARED_FACTORS, draw_people, truth_table
from vfal.evaluation.averaging import mean_over_seeds
from vfal.evaluation.curves import write_curves
from vfal.evaluation.embeddings import Embeddings
from vfal.evaluation.scoring import Cosine
from vfal.protocol import evaluate
from vfal.protocols import get_protocols
from vfal.reporting.entries import MAIN, WARM_UP, Lineup, line_up

SKILL = {"warm_up": 2.2, "without_weights": 1.5, "oracle_drop": 1.2}  # noise of a fake model; the others 1.4


def small_params(repository: Path, **overrides: object) -> Params:
    """The default parameters on a few dozen people; `block__key=value` replaces more of them."""
    small = {
        "seeds": [1, 2],
        "collect.generated.people": 96,
        "prepare.identities.pretrain": 12,
        "prepare.identities.train": 40,
        "prepare.identities.val": 14,
        "prepare.identities.test": 30,
        "pretrain.batch_identities": 8,
        "warm_up.batch_size": 8,
        "retrain.batch_size": 8,
        "weigh_identities.growth_ratio": 0.1,
        "evaluate.bootstrap_replicates": 60,
        "evaluate.matching_sizes": [2, 5, 10],
        "preprocess.face_px": 16,
    }
    raw = read_raw(repository / "params.yaml")
    return check(
        with_overrides(raw, small | {key.replace("__", "."): value for key, value in overrides.items()})
    )


@dataclass(frozen=True)
class People:
    """Tables of a fake corpus."""

    truth: pd.DataFrame
    identities: pd.DataFrame
    clips: pd.DataFrame
    faces: pd.DataFrame


def make_layout(params: Params, *, truth_known: bool = True) -> None:
    """Everything that `compare` reads, in the current folder."""
    people = make_people(params)
    unknown = pd.DataFrame({"identity": pd.Series(dtype=str), "personalised": pd.Series(dtype=bool)})
    write_table(RAW / "truth.parquet", people.truth if truth_known else unknown)
    for name in ("identities", "clips", "faces"):
        write_table(PREPARED / f"{name}.parquet", getattr(people, name))
    _write_media(people, params)
    lineup = line_up(params)
    trials = make_trials(
        people.identities, people.clips, people.faces, split="test", seed=1, settings=params.prepare.trials
    )
    for name, table in trials.items():
        write_table(PREPARED / "trials" / f"test_{name}.parquet", table)
    for entry in lineup.entries:
        _write_evaluation(entry.name, people, trials, params)
    _write_training(lineup, people, params)
    counts = people.identities["split"].value_counts().to_dict()
    write_json(
        REPORTS / "prepare.json",
        {
            "identities": counts,
            "left_out": 0,
            "clips": len(people.clips),
            "faces": len(people.faces),
            "trials": {f"test_{name}": len(table) for name, table in trials.items()},
        },
    )
    write_json(REPORTS / "validate.json", {"success": 1, "rules": 30, "breaches": 0, "checked": 1234})
    write_json(
        REPORTS / "preprocess.json", {"items": 100, "corrupt_ratio": 0.01, "quarantined": [{"path": "x"}]}
    )


def make_people(params: Params) -> People:
    """People as the generator draws them, with item tables but without recordings and pictures."""
    settings = params.collect.generated
    truth = truth_table(draw_people(settings, params.collect.seed), settings)
    everybody = pd.DataFrame(
        {
            "identity": truth["identity"],
            "name": truth["name"],
            "gender": np.where(truth["face_male"], "m", "f"),
            "nationality": truth["face_nationality"],
        }
    )
    identities = split_identities(everybody, params.prepare.identities, seed=params.prepare.seed)
    items = {}
    for word, each in (("clip", settings.clips_each), ("face", settings.faces_each)):
        owners = np.repeat(identities["identity"].to_numpy(), each)
        items[word] = pd.DataFrame({word: np.arange(len(owners)), "identity": owners, "problem": ""})
    return People(truth, identities, items["clip"], items["face"])


def _write_media(people: People, params: Params) -> None:
    size = params.preprocess.face_px
    draw = generator(1, "fake pictures")
    tints_M3 = draw.integers(60, 220, (len(people.faces) // params.collect.generated.faces_each, 3))
    tints_M3 = np.repeat(tints_M3, params.collect.generated.faces_each, axis=0)
    ramp_SS = np.linspace(0.6, 1.1, size)[:, None] * np.ones(size)
    pixels = np.clip(tints_M3[:, None, None, :] * ramp_SS[None, :, :, None], 0, 255).astype(np.uint8)
    with whole_file(MEDIA / "faces.npy") as partial, partial.open("wb") as handle:
        np.save(handle, pixels)
    for word, table in (("face", people.faces), ("voice", people.clips)):
        index = table.drop(columns="problem").assign(row=np.arange(len(table)))
        write_table(MEDIA / f"{word}s.parquet", index)


def _embeddings(people: People, noise: float, seed: int, name: str) -> Embeddings:
    """What a model would make of the factors that each side shows, with noise of its own."""
    draw, tested = generator(seed, "fake model", name), people.identities["split"] == "test"
    truth = people.truth.set_index("identity")
    tables, vectors = {}, {}
    for side, table in (("voice", people.clips), ("face", people.faces)):
        chosen = table[table["identity"].isin(people.identities.loc[tested, "identity"])].reset_index(
            drop=True
        )
        shown = truth.loc[chosen["identity"], [f"{side}_{factor}" for factor in ("male", *SHARED_FACTORS)]]
        values = shown.to_numpy(dtype=np.float64)
        values[:, 0] = 2 * values[:, 0] - 1
        tables[side], vectors[side] = chosen, values + noise * draw.standard_normal(values.shape)
    return Embeddings.of(vectors["voice"], vectors["face"], clips=tables["voice"], faces=tables["face"])


def _write_evaluation(name: str, people: People, trials: dict[str, pd.DataFrame], params: Params) -> None:
    folder, settings = REPORTS / "evaluate" / name, params.evaluate
    found = [
        evaluate(
            get_protocols(settings.protocols),
            _embeddings(people, SKILL.get(name, 1.4), seed, name),
            people.identities,
            trials,
            settings,
            split="test",
            seed=params.prepare.seed,
            scorer=Cosine(),
        )
        for seed in params.seeds
    ]
    records, replicates = mean_over_seeds(
        [one.records for one in found], [one.replicates for one in found], level=settings.level
    )
    write_json(folder / "full.json", records)
    write_curves(folder, records, [one.curves for one in found])
    with whole_file(folder / "replicates.npz") as partial, partial.open("wb") as handle:
        np.savez(
            handle, names=np.array(replicates.columns, dtype=str), replicates=replicates.to_numpy(np.float32)
        )
    write_text(folder / "retrieved.csv", _retrieved(people, params).to_csv(index=False))


def _retrieved(people: People, params: Params) -> pd.DataFrame:
    tested = people.identities.loc[people.identities["split"] == "test", "identity"]
    clips, faces = (table[table["identity"].isin(tested)] for table in (people.clips, people.faces))
    draw = generator(1, "fake retrieval")
    tables = []
    for clip, owner in clips.iloc[:: len(clips) // params.compare.retrieved_voices][
        ["clip", "identity"]
    ].to_numpy():
        best = faces.iloc[draw.permutation(len(faces))[: params.compare.retrieved_faces]]
        row = {"probe": clip, "rank": np.arange(1, len(best) + 1), "correct": best["identity"] == owner}
        tables.append(best[["face", "identity"]].assign(**row))
    return pd.concat(tables)[["probe", "rank", "face", "identity", "correct"]]


def _write_training(lineup: Lineup, people: People, params: Params) -> None:
    trained = people.identities.loc[people.identities["split"] == SPLITS[1], "identity"].to_numpy()
    personalised = people.truth.set_index("identity").loc[trained, "personalised"].to_numpy(dtype=bool)
    for modality in ("voice", "face"):
        _write_curve(ENCODERS / f"{modality}.jsonl", 1, 100, modality)
    for seed in params.seeds:
        _write_curve(TRAINED / WARM_UP / f"seed_{seed}.jsonl", seed, 200, "warm_up")
        for entry in (one for one in lineup.entries if one.name != WARM_UP):
            _write_curve(TRAINED / entry.name / f"seed_{seed}.jsonl", seed, 300, entry.name, validate=True)
            folder = IDENTITY_WEIGHTS if entry.name == MAIN else TRAINED / entry.name
            separation = {MAIN: 0.5, "cosine_hardness": 2.0}.get(entry.name, 1.5)
            weights = _weights(trained, personalised, separation, seed, entry.rule)
            write_table(folder / f"weights_{seed}.parquet", weights)
            if entry.rule == "learned":
                _write_curve(folder / f"weights_{seed}.jsonl", seed, 120, entry.name, weighing=True)


def _weights(
    trained: np.ndarray, personalised: np.ndarray, separation: float, seed: int, rule: str
) -> pd.DataFrame:
    hardness = (
        generator(seed, "fake hardness", separation).standard_normal(len(trained)) + separation * personalised
    )
    if rule == "learned":
        place = hardness.argsort().argsort() / len(trained)
        weight = np.where(place < 0.9, 0.99 ** np.floor((0.9 - place) * 20), 0.0)
    else:
        weight, hardness = 1.0 - personalised * (rule == "truth"), np.full(len(trained), 14.0)
    return pd.DataFrame({"identity": trained, "weight": weight, "hardness": hardness})


def _write_curve(
    path: Path, seed: int, steps: int, name: str, *, validate: bool = False, weighing: bool = False
) -> None:
    draw, lines = generator(seed, "fake curve", name), []
    for step in range(0, steps, 10):
        loss = 2.0 + 5 * np.exp(-step / 60) + 0.2 * draw.standard_normal()
        kept = f', "kept_ratio": {min(0.9, 0.3 + step / 200):.3f}' if weighing else ""
        lines.append(f'{{"step": {step}, "learning_rate": 0.05, "loss": {loss:.4f}{kept}}}')
        if validate and step % 50 == 40:
            accuracy = 0.8 - 0.2 * np.exp(-step / 60) + 0.01 * draw.standard_normal()
            lines.append(f'{{"step": {step + 9}, "validation_accuracy": {accuracy:.4f}}}')
    write_text(path, "\n".join(lines) + "\n")
