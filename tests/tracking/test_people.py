from pathlib import Path

import pandas as pd
import pytest

from vfal.core.errors import DataError
from vfal.core.files import write_json
from vfal.core.tables import write_table
from vfal.tracking.people import people_of_checkout

from .conftest import PEOPLE


def test_everybody_of_the_corpus_is_listed_those_in_no_split_too(checkout: Path) -> None:
    write_table(Path("data/raw/identities.parquet"), pd.DataFrame({"identity": [*PEOPLE, "id99"]}))
    splits = people_of_checkout().set_index("identity")["split"]
    assert splits["id00"] == "train" and splits["id09"] == "test" and splits["id99"] == "left_out"
    assert len(splits) == len(PEOPLE) + 1


def test_splits_drawn_since_the_training_are_no_record_of_whom_the_model_saw(checkout: Path) -> None:
    stages = {
        "prepare": {"outs": [{"path": "data/prepared", "md5": "new.dir"}]},
        "retrain": {"deps": [{"path": "data/prepared", "md5": "old.dir"}]},
    }
    write_json(Path("dvc.lock"), {"schema": "2.0", "stages": stages})  # json is yaml
    with pytest.raises(DataError, match="newer than the trained model"):
        people_of_checkout()
