"""The registered model as MLflow loads it: this file is copied into the model and run, so nothing is pickled.

Input: a table with columns `voice` (bytes of an audio file) and `face` (bytes of an image file). Output: a
table with column `score`, cosine, larger = better fit. It needs vfal installed.
"""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from vfal.tracking.scorer import Scorer


class VoiceFaceModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    """Scores pairs of a voice and a face."""

    def load_context(self, context: Any) -> None:
        """Read the trained method and its encoders."""
        self.scorer = Scorer(Path(context.artifacts["model"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """One score per row; a file that cannot be decoded is a `DataError` naming the row."""
        score_B = self.scorer.score(model_input["voice"].tolist(), model_input["face"].tolist())
        return pd.DataFrame({"score": score_B}, index=model_input.index)


mlflow.models.set_model(VoiceFaceModel())
