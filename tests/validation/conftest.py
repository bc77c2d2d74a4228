"""A small corpus that keeps every rule, for tests to break one rule at a time."""

from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vfal.core.config.protocols import TrialSettings
from vfal.core.config.validate import Range, Validate
from vfal.data.trials import make_trials
from vfal.validation import RuleResult, Verdict, validate
from vfal.validation.gate import frames_of, judge
from vfal.validation.rules import rules

SPLITS = ("pretrain", "train", "val", "test")
PEOPLE_PER_SPLIT = 8
ITEMS = 2


@dataclass(frozen=True)
class Corpus:
    identities: pd.DataFrame
    clips: pd.DataFrame
    faces: pd.DataFrame
    matching: pd.DataFrame
    verification: pd.DataFrame
    joint_matching: pd.DataFrame
    root: Path

    def verdict(self, settings: Validate) -> Verdict:
        return validate(*self.parts, settings)

    def finding(self, settings: Validate, start: str) -> RuleResult:
        """What one rule finds: the one whose sentence begins so, the shortest where several do."""
        rule = min(
            (rule for rule in rules(settings) if rule.name.startswith(start)), key=lambda r: len(r.name)
        )
        results, _ = judge(frames_of(*self.parts, settings), [rule], shown=settings.offenders_shown)
        return results[0]

    @property
    def parts(self) -> tuple[Any, Any, Path]:
        """Tables, trials and root, as `validate` takes them."""
        tables = {name: getattr(self, name) for name in ("identities", "clips", "faces")}
        trials = {name: getattr(self, name) for name in ("matching", "verification", "joint_matching")}
        return tables, trials, self.root

    def having(self, table: str, where: Any, **values: Any) -> "Corpus":
        """This corpus with other values in some rows of a table."""
        changed = getattr(self, table).copy()
        for column, value in values.items():
            changed[column] = changed[column].astype(object)
            changed.loc[where, column] = value
        return replace(self, **{table: changed.infer_objects()})

    def adding(self, table: str, row: int, **values: Any) -> "Corpus":
        """This corpus with a changed copy of one row at the end of a table."""
        old = getattr(self, table)
        return replace(self, **{table: pd.concat([old, old.iloc[[row]].assign(**values)], ignore_index=True)})

    def dropping(self, table: str, rows: Any) -> "Corpus":
        return replace(self, **{table: getattr(self, table).drop(index=rows).reset_index(drop=True)})

    def first(self, table: str, **values: Any) -> int:
        """The label of the first row that has these values."""
        rows = getattr(self, table)
        return int(rows.index[(rows[list(values)] == pd.Series(values)).all(axis=1)][0])

    def other_item(self, modality: str, number: int) -> int:
        """The same person's other item."""
        table = getattr(self, f"{modality}s").set_index(modality)
        mine = table.index[table["identity"].eq(table.loc[number, "identity"])]
        return next(int(item) for item in mine if item != number)

    def somebody(self, modality: str, but: list[int], **values: Any) -> int:
        """An item of somebody with these values to whom none of the items belongs (all of one modality)."""
        table = getattr(self, f"{modality}s").set_index(modality)
        people = self.identities[~self.identities["identity"].isin(table.loc[but, "identity"])]
        taken = people[(people[list(values)] == pd.Series(values)).all(axis=1)]["identity"].iloc[0]
        return int(table.index[table["identity"].eq(taken)][0])

    def person(self, modality: str, number: int) -> Any:
        """The identity row of an item."""
        table = getattr(self, f"{modality}s").set_index(modality)
        return self.identities.set_index("identity").loc[table.loc[number, "identity"]]


@pytest.fixture
def settings() -> Validate:
    return Validate(
        splits=SPLITS,
        genders=("m", "f"),
        least_genders=2,
        nationalities=(),
        least_clips=2,
        least_faces=2,
        clip_duration_s=Range(least=1.0, most=20.0),
        sample_rate_hz=Range(least=16000.0, most=48000.0),
        face_side_px=Range(least=32.0, most=4096.0),
        trial_tables=("matching", "verification", "joint_matching"),
        trial_splits=("val", "test"),
        trial_groups=("all", "same_gender", "same_nationality"),
        positive_ratio=Range(least=0.1, most=0.9),
        offenders_shown=50,
        report_only=("shared_videos",),
        seen_by={},
        lists=(),
    )


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    identities = pd.DataFrame(
        [
            {
                "identity": f"id1{place:04d}",
                "name": f"Person_{chr(65 + place // 8)}{chr(65 + place % 8)}",
                "gender": "mf"[place % 2],
                "nationality": ("Norway", "India")[place // 2 % 2],
                "split": SPLITS[place // PEOPLE_PER_SPLIT],
            }
            for place in range(len(SPLITS) * PEOPLE_PER_SPLIT)
        ]
    )
    clips = _items(identities, tmp_path, "wav", {"duration_s": 2.5, "sample_rate_hz": 16000}, "clip")
    clips["video"] = "of " + clips["identity"]
    faces = _items(identities, tmp_path, "jpg", {"width_px": 64, "height_px": 64}, "face")
    drawn = TrialSettings(
        groups=("all", "same_gender", "same_nationality"),
        queries_per_probe=2,
        candidates=3,
        joint_queries_per_identity=2,
        joint_means=(1, 2),
    )
    parts = [
        make_trials(identities, clips, faces, split=split, seed=7, settings=drawn)
        for split in ("val", "test")
    ]
    trials = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}
    return Corpus(identities=identities, clips=clips, faces=faces, root=tmp_path, **trials)


def _items(
    identities: pd.DataFrame, root: Path, ending: str, measures: dict[str, float], number: str
) -> pd.DataFrame:
    rows = []
    for identity, item in product(identities["identity"], range(ITEMS)):
        path = f"{ending}/{identity}/{item}.{ending}"
        content = f"{path} holds this".encode()
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
        place = {number: len(rows), "identity": identity, "path": path, "problem": ""}
        rows.append(place | {"bytes": len(content), "sha256": sha256(content).hexdigest()} | measures)
    return pd.DataFrame(rows)
