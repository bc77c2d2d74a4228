"""The registered model as MLflow loads it: this file is copied into the model and run, so nothing is pickled.

Input: a table with a question per row, columns as in `vfal.serving.questions`. Output: a list with an answer
per row. It needs vfal installed.
"""

import json
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

from vfal.core.errors import DataError
from vfal.serving.items import media_root
from vfal.serving.questions import answer
from vfal.serving.scorer import Scorer


class Refused(MlflowException):
    """A request that was refused: HTTP status 400 and one sentence."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, error_code=INVALID_PARAMETER_VALUE)
        self.sentence = sentence

    def serialize_as_json(self) -> str:
        """The body of the response. MLflow's own would print the request before the sentence."""
        return json.dumps({"error_code": self.error_code, "message": self.sentence})


class VoiceFaceModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    """Matches, verifies and embeds voices and faces."""

    def load_context(self, context: Any) -> None:
        """Read the trained method and its encoders."""
        self.scorer = Scorer(Path(context.artifacts["model"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> list[dict[str, Any]]:
        """One answer per row. A request that cannot be answered is `Refused` as a whole."""
        try:
            return answer(self.scorer, model_input.to_dict("records"), media_root())
        except DataError as error:
            raise Refused(str(error)) from None


mlflow.models.set_model(VoiceFaceModel())
