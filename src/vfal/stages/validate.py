"""validate: the data rules; a breach stops the map."""

from pathlib import Path

import pandas as pd
from rich.console import Console

from vfal.core.config.params import Params
from vfal.core.config.validate import Validate
from vfal.core.errors import ConfigError, ValidationBreach
from vfal.core.files import read_json, write_json
from vfal.core.paths import PREPARED, RAW, REPORTS, VERDICT, state_folder
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS, IDENTITY_COLUMNS, read_table
from vfal.validation.gate import validate
from vfal.validation.report import verdict_json, verdict_record, verdict_table, write_html
from vfal.validation.verdict import Verdict

TRIALS = ("matching", "verification", "joint_matching")


def run(params: Params) -> None:
    """Write `reports/validate.json` and `.html`; raise `ValidationBreach` after a table of what is wrong."""
    verdict = judge_corpus(params)
    write_html(verdict, REPORTS / "validate.html")
    write_json(REPORTS / "validate.json", verdict_json(verdict))
    write_json(state_folder() / VERDICT, verdict_record(verdict))  # for a retraining to quote
    if verdict.breaches or verdict.findings:
        Console(stderr=True, width=140).print(verdict_table(verdict))
    if not verdict.success:
        raise ValidationBreach(
            "the corpus or its trial lists break a rule; the map stops here. The table above names the "
            f"offenders, {REPORTS / 'validate.html'} shows all of it."
        )


def judge_corpus(params: Params) -> Verdict:
    """The verdict on the prepared corpus and its trial lists."""
    tables = {
        "identities": read_table(PREPARED / "identities.parquet", [*IDENTITY_COLUMNS, "split"]),
        "clips": read_table(PREPARED / "clips.parquet", CLIP_COLUMNS),
        "faces": read_table(PREPARED / "faces.parquet", FACE_COLUMNS),
    }
    trials = {
        name: pd.concat(
            [
                read_table(PREPARED / "trials" / f"{split}_{name}.parquet", ["split"])
                for split in ("val", "test")
            ],
            ignore_index=True,
        )
        for name in TRIALS
    }
    corpus = read_json(RAW / "corpus.json")
    root = None if corpus.get("holds") == "features" else Path(corpus["root"])
    return validate(tables, trials, root, _with_paths(params.validation, Path(params.prepare.lists)))


def _with_paths(settings: Validate, folder: Path) -> Validate:
    """The settings with the files that they name as paths; `folder` is the one that DVC watches."""

    def path(name: str) -> str:
        if (folder / name).parent.resolve() != (folder.resolve() / name).parent:
            raise ConfigError(
                f"validate: {folder / name} lies behind a link to a folder, where DVC does not look for "
                "changes. Link the file itself, or name that folder in prepare.lists."
            )
        return str(folder / name)

    return settings.model_copy(
        update={
            "lists": tuple(path(name) for name in settings.lists),
            "seen_by": {who: path(name) for who, name in settings.seen_by.items()},
        }
    )
