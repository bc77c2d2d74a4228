"""A model under the protocols, seed by seed: what the stages that evaluate write down."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from vfal.core.config.params import Params
from vfal.core.config.protocols import EvaluateSettings
from vfal.core.files import whole_file, write_json, write_text
from vfal.core.paths import PREPARED
from vfal.core.tables import read_table
from vfal.evaluation.averaging import mean_over_seeds
from vfal.evaluation.curves import write_curves
from vfal.evaluation.embeddings import Embeddings
from vfal.evaluation.ranking import retrieved
from vfal.method import Method
from vfal.protocol import evaluate
from vfal.protocols import get_protocols
from vfal.training.assessing import embed_split, read_trials, scorer_of
from vfal.training.material import Material
from vfal.training.setting import identities_of
from vfal.training.trained_on import refuse_seen

PEOPLE = ("identity", "gender", "nationality", "split")


def examine(
    params: Params,
    settings: EvaluateSettings,
    material: Material,
    read: Callable[[int], Method],
    *,
    seeds: tuple[int, ...],
    models: Path,
    folder: Path,
) -> None:
    """Write `<folder>.json` (means over seeds) and the details into `folder`.

    `read` brings the model of a seed, `models` is where it lies. Tasks that a method's card does not name
    are left out and said so in the notes.
    """
    trials, tested = read_trials("test"), identities_of("test")
    people = read_table(PREPARED / "identities.parquet", PEOPLE)
    seen = refuse_seen(models, tested, report_only="other_split" in params.validation.report_only)
    found, undefined = [], []
    for seed in seeds:
        method = read(seed)
        protocols = get_protocols(settings.protocols)
        undefined = [name for name in protocols if not asks_for(name, method)]
        embeddings = embed_split(method, material, tested, params)
        found.append(
            evaluate(
                {name: protocol for name, protocol in protocols.items() if name not in undefined},
                embeddings,
                people,
                trials,
                settings,
                split="test",
                seed=params.prepare.seed,
                scorer=scorer_of(method),
            )
        )
        if seed == seeds[0] and "retrieval" not in undefined:
            write_text(folder / "retrieved.csv", _shown(embeddings, method, params).to_csv(index=False))
    records, replicates = mean_over_seeds(
        [one.records for one in found], [one.replicates for one in found], level=settings.level
    )
    write_json(folder.with_suffix(".json"), {metric: record["value"] for metric, record in records.items()})
    write_json(folder / "full.json", records)
    notes = [f"{name}: not defined for this method" for name in undefined]
    write_json(folder / "notes.json", [*found[0].notes, *notes, *([seen] if seen else [])])
    write_curves(folder, records, [one.curves for one in found])
    with whole_file(folder / "replicates.npz") as partial, partial.open("wb") as handle:
        np.savez(
            handle, names=np.array(replicates.columns, dtype=str), replicates=replicates.to_numpy(np.float32)
        )


def asks_for(protocol: str, method: Method) -> bool:
    """Whether the method's card names the task that a protocol asks for; joint retrieval is retrieval."""
    task = {"joint_retrieval": "retrieval", "unheard_language": "verification"}.get(protocol, protocol)
    return task in method.card.tasks


def _shown(embeddings: Embeddings, method: Method, params: Params) -> pd.DataFrame:
    """The faces that a few voices find, for the report's picture rows."""
    voices = np.sort(embeddings.voices.numbers_N)
    wanted = params.compare.retrieved_voices
    probes = voices[np.linspace(0, len(voices) - 1, min(wanted, len(voices))).astype(int)]
    found = retrieved(
        embeddings, scorer_of(method), probes, direction="v2f", first=params.compare.retrieved_faces
    )
    owner = dict(zip(embeddings.faces.numbers_N, embeddings.faces.identities_N, strict=True))
    found = found.assign(identity=found["item"].map(owner), correct=found["same"])
    return found.rename(columns={"item": "face"})[["probe", "rank", "face", "identity", "correct"]]
