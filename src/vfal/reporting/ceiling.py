"""The oracle ceiling: what someone would score who knew every factor that made the people.

The oracle answers the very trials that the models are asked, with the exact log-likelihood ratio of
"same person" of the two identities. It knows people, not recordings, so nothing of a clip or picture
can mislead it.
"""

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.config.params import Params
from vfal.core.paths import MEDIA, PREPARED
from vfal.core.tables import read_table
from vfal.datasets.generated.oracle import same_person_llr
from vfal.datasets.generated.people import SHARED_FACTORS
from vfal.evaluation.embeddings import Embeddings
from vfal.evaluation.scoring import Scorer
from vfal.metrics import Floats
from vfal.protocol import Evaluation, evaluate
from vfal.protocols import get_protocols

TRIALS = ("matching", "verification")
NEEDED = {"personalised_ratio", "contrary", "nationality_agreement_ratio", "factor_noise"} | {
    f"{side}_{factor}" for side in ("voice", "face") for factor in ("male", "nationality", *SHARED_FACTORS)
}
ASKED = ("matching", "verification", "retrieval")  # joint matching averages embeddings; an oracle has none


class Oracle(Scorer):
    """Scores identity numbers, (N, 1), by a matrix of voices' identities (I,) by faces' identities (I,)."""

    def __init__(self, ratios_II: Floats) -> None:
        self.ratios_II = ratios_II
        self.limits = (float(ratios_II.min()), float(ratios_II.max()))

    def matrix(self, voices_ND: NDArray[Any], faces_MD: NDArray[Any]) -> Floats:
        """Log-likelihood ratios (N, M)."""
        return self.ratios_II[np.ix_(_numbers(voices_ND), _numbers(faces_MD))]

    def pairs(self, voices_PD: NDArray[Any], faces_PD: NDArray[Any]) -> Floats:
        """Log-likelihood ratios (P,)."""
        return self.ratios_II[_numbers(voices_PD), _numbers(faces_PD)]


def _numbers(vectors_ND: NDArray[Any]) -> NDArray[np.int64]:
    return vectors_ND[:, 0].astype(np.int64)


def ceiling(params: Params, truth: pd.DataFrame, *, without_personalised: bool = False) -> Evaluation | None:
    """The oracle under the protocols on the test identities; None where the factors are not known.

    With `without_personalised`, people whose voice is not their own neither ask nor are asked for, the
    oracle knows that there are none, and only 1:2 matching is asked (larger galleries lose most trials).
    """
    if truth.empty or not set(truth.columns) >= NEEDED:
        return None
    people = read_table(PREPARED / "identities.parquet", ["identity", "gender", "nationality", "split"])
    tested = people.loc[people["split"] == "test", "identity"]
    known = truth[truth["identity"].isin(tested)]
    settings = params.evaluate
    if without_personalised:
        known = known[~known["personalised"].astype(bool)]
        settings = settings.model_copy(update={"protocols": ("matching",), "matching_sizes": (2,)})
    if len(known) < 2:
        return None
    known = known.reset_index(drop=True)
    number = pd.Series(known.index.to_numpy(dtype=np.float64), index=known["identity"].to_numpy())
    names = known["identity"].tolist()
    kind: Literal["ignored", "hidden"] = "ignored" if without_personalised else "hidden"
    ratios_II = same_person_llr(known, names, names, personalised=kind)
    tables = {}
    for modality in ("voice", "face"):
        index = read_table(MEDIA / f"{modality}s.parquet", ["identity"])
        tables[modality] = index[index["identity"].isin(number.index)].reset_index(drop=True)
    codes = {
        modality: table["identity"].map(number).to_numpy()[:, None] for modality, table in tables.items()
    }
    embeddings = Embeddings.of(codes["voice"], codes["face"], clips=tables["voice"], faces=tables["face"])
    return evaluate(
        get_protocols(name for name in settings.protocols if name in ASKED),
        embeddings,
        people[people["identity"].isin(number.index)],
        {name: read_table(PREPARED / "trials" / f"test_{name}.parquet", ["split"]) for name in TRIALS},
        settings,
        split="test",
        seed=params.prepare.seed,
        scorer=Oracle(ratios_II),
    )
