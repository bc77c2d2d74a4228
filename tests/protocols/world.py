"""A small world of people, items and embeddings, in which every protocol can be asked."""

import numpy as np
import pandas as pd

from vfal.core.config.protocols import EvaluateSettings, TrialSettings
from vfal.core.types import GROUPS
from vfal.data.trials import make_trials
from vfal.evaluation.embeddings import Embeddings
from vfal.evaluation.scoring import Cosine, Scorer
from vfal.protocol import Evaluation, evaluate
from vfal.protocols import SHELF, get_protocols

SETTINGS = EvaluateSettings(
    models=("any",),
    protocols=tuple(SHELF),
    groups=GROUPS,
    breakdown=(),
    heard_languages=("Urdu",),
    matching_sizes=(2, 3, 5),
    recall_at=(1, 3),
    joint_pairs=(),
    dcf_target_ratio=0.05,
    bootstrap_replicates=200,
    level=0.95,
    interval_thresholds=500,
    roc_points=40,
    histogram_bins=20,
    block_scores=300,
)


class World:
    def __init__(self, seed: int = 0, grid: float = 0.0, count: int = 20) -> None:
        """With a `grid`, embeddings are coarse, so that many scores tie."""
        rng = np.random.default_rng(seed)
        names = [f"id{row:02d}" for row in range(count)]
        self.people = pd.DataFrame(
            {
                "identity": names,
                "gender": ["m", "f"] * (count // 2),
                "nationality": [f"land {row % 3}" for row in range(count)],
                "split": ["test"] * (count - 4) + ["train"] * 4,
            }
        )
        shared = rng.normal(size=(count, 8))
        self.clips, voices = self.items(rng, shared, "clip", 3, 7)
        self.faces, faces = self.items(rng, shared, "face", 3, 6)
        if grid:
            voices, faces = (np.sign(v).astype(np.float32) for v in (voices[:, :4], faces[:, :4]))
        self.voices_ND, self.faces_MD = voices, faces
        settings = TrialSettings(
            groups=GROUPS, queries_per_probe=2, candidates=5, joint_queries_per_identity=5, joint_means=(1, 3)
        )
        self.trials = make_trials(
            self.people, self.clips, self.faces, split="test", seed=1, settings=settings
        )

    def items(
        self, rng: np.random.Generator, shared: np.ndarray, kind: str, least: int, most: int
    ) -> tuple[pd.DataFrame, np.ndarray]:
        owner = np.repeat(np.arange(len(shared)), rng.integers(least, most, len(shared)))
        table = pd.DataFrame(
            {kind: 100 + rng.permutation(len(owner)), "identity": [f"id{i:02d}" for i in owner]}
        )
        return table, (shared[owner] + 1.5 * rng.normal(size=(len(owner), 8))).astype(np.float32)

    def embeddings(self) -> Embeddings:
        return Embeddings.of(self.voices_ND, self.faces_MD, clips=self.clips, faces=self.faces)

    def evaluate(self, *names: str, scorer: Scorer | None = None, **changes) -> Evaluation:
        return evaluate(
            get_protocols(names or SHELF),
            self.embeddings(),
            self.people,
            self.trials,
            SETTINGS.model_copy(update=changes),
            split="test",
            seed=4,
            scorer=scorer or Cosine(),
        )

    def side(self, modality: str) -> tuple[dict, dict]:
        table, vectors = (self.clips, self.voices_ND) if modality == "voice" else (self.faces, self.faces_MD)
        units = vectors.astype(float) / np.linalg.norm(vectors.astype(float), axis=1, keepdims=True)
        numbers = table.iloc[:, 0].tolist()
        return dict(zip(numbers, units, strict=True)), dict(zip(numbers, table["identity"], strict=True))

    def sides(self, direction: str) -> tuple[tuple[dict, dict], tuple[dict, dict]]:
        pair = (self.side("voice"), self.side("face"))
        return pair if direction == "v2f" else pair[::-1]

    def part(self, name: str, direction: str, group: str) -> pd.DataFrame:
        table = self.trials[name]
        return table[(table["direction"] == direction) & (table["group"] == group)]
