"""evaluate: every protocol, direction and group, with intervals, on people nobody trained on."""

import numpy as np
import pandas as pd

from vfal.core.config.params import Params, variant_of
from vfal.core.files import whole_file, write_json, write_text
from vfal.core.paths import PREPARED, REPORTS, TRAINED
from vfal.core.tables import read_table
from vfal.evaluation.averaging import mean_over_seeds
from vfal.evaluation.curves import write_curves
from vfal.evaluation.embeddings import Embeddings
from vfal.evaluation.ranking import retrieved
from vfal.method import Method
from vfal.protocol import evaluate
from vfal.protocols import get_protocols
from vfal.training.assessing import embed_split, read_trials, scorer_of
from vfal.training.outputs import read_trained
from vfal.training.setting import identities_of, load_material
from vfal.training.trained_on import refuse_seen

PEOPLE = ("identity", "gender", "nationality", "split")


def run(params: Params, name: str) -> None:
    """Write `reports/evaluate/<name>.json` (means over seeds) and the details beside it."""
    variant = variant_of(params, name) if name in params.ablate.variants else params
    folder = REPORTS / "evaluate" / name
    settings, material, trials = params.evaluate, load_material(variant), read_trials("test")
    people = read_table(PREPARED / "identities.parquet", PEOPLE)
    seen = refuse_seen(
        TRAINED / name, identities_of("test"), report_only="other_split" in params.validation.report_only
    )
    found = []
    for seed in params.seeds:
        method = read_trained(TRAINED / name, seed, variant)
        embeddings = embed_split(method, material, identities_of("test"), variant)
        found.append(
            evaluate(
                get_protocols(settings.protocols),
                embeddings,
                people,
                trials,
                settings,
                split="test",
                seed=params.prepare.seed,
                scorer=scorer_of(method),
            )
        )
        if seed == params.seeds[0]:
            write_text(folder / "retrieved.csv", _shown(embeddings, method, params).to_csv(index=False))
    records, replicates = mean_over_seeds(
        [one.records for one in found], [one.replicates for one in found], level=settings.level
    )
    write_json(
        REPORTS / "evaluate" / f"{name}.json", {metric: record["value"] for metric, record in records.items()}
    )
    write_json(folder / "full.json", records)
    write_json(folder / "notes.json", [*found[0].notes, *([seen] if seen else [])])
    write_curves(folder, records, [one.curves for one in found])
    with whole_file(folder / "replicates.npz") as partial, partial.open("wb") as handle:
        np.savez(
            handle, names=np.array(replicates.columns, dtype=str), replicates=replicates.to_numpy(np.float32)
        )


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
