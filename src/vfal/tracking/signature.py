"""What a registered model takes and gives, in MLflow's words."""

import base64
from typing import Any

import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import AnyType, Array, Object, Property

# Every column is optional to MLflow, and `gallery` is of any type: what is missing or wrong is then told by
# our own check, which names the row. (A typed list would also refuse requests that mix tasks: MLflow reads
# a column that one row lacks as NaN there, which is no list.)
_judged = (
    ("score", DataType.double, True),
    ("probability", DataType.double, False),
    ("same", DataType.boolean, False),
)
_ranked = Object(
    [
        Property("candidate", DataType.long),
        *(Property(name, kind, required=required) for name, kind, required in _judged),
    ]
)
SIGNATURE = ModelSignature(
    inputs=Schema(
        [
            ColSpec(DataType.string, "task", required=False),
            ColSpec(DataType.string, "voice", required=False),
            ColSpec(DataType.string, "face", required=False),
            ColSpec(
                AnyType(),  # type: ignore[no-untyped-call]
                "gallery",
                required=False,
            ),
        ]
    ),
    outputs=Schema(
        [
            ColSpec(DataType.string, "task"),
            ColSpec(Array(_ranked), "ranking", required=False),
            *(ColSpec(kind, name, required=False) for name, kind, _ in _judged),
            ColSpec(DataType.double, "threshold", required=False),
            ColSpec(Array(DataType.double), "embedding", required=False),
        ]
    ),
)


def example_questions(pair: dict[str, bytes]) -> pd.DataFrame:
    """A question of each kind about one recording (`voice`) and one picture (`face`)."""
    voice, face = (base64.b64encode(pair[name]).decode() for name in ("voice", "face"))
    rows: list[dict[str, Any]] = [
        {"task": "match", "voice": voice, "face": None, "gallery": [face]},
        {"task": "verify", "voice": voice, "face": face, "gallery": None},
        {"task": "embed", "voice": None, "face": face, "gallery": None},
    ]
    return pd.DataFrame(rows)
