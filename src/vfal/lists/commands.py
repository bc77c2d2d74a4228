"""What the commands `score`, `lists check`, `lists make` and `submit-fame` do."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import typer

from vfal.core.errors import ConfigError
from vfal.core.files import write_json
from vfal.core.shelf import nearest
from vfal.core.types import Attribute
from vfal.evaluation.scoring import Scorer
from vfal.lists.asked import ScoreSettings
from vfal.lists.check import check_file, read_splits
from vfal.lists.crowd import crowd_of_corpus, crowd_of_paths, items_of
from vfal.lists.make import make_lists
from vfal.lists.outcome import Outcome, differences, score_files
from vfal.lists.people import NOBODY, People, people_beside, read_people
from vfal.lists.printing import print_differences, print_outcomes, print_verdicts
from vfal.lists.recipes import get_recipe
from vfal.lists.replicas import REPLICAS
from vfal.lists.submission import pack, write_submission
from vfal.lists.vectors import Vectors, read_vectors

LEVEL, REPLICATES = 0.95, 1000
DEVICE_BLOCK_SCORES = 1 << 27  # 1 GiB of a GPU
MISSING = ("error", "drop")
SPLITS_BESIDE = ("identity_splits.txt", "identity_splits.txt.gz")


def run_score(
    embeddings: Sequence[Path],
    lists: Sequence[Path],
    *,
    list_format: str,
    replicate: str,
    meta: Sequence[Path],
    intervals: bool,
    missing: str,
    breakdown: Sequence[str],
    recall_at: Sequence[int],
    approximate: bool,
    scorer: Scorer | None,
    against: Sequence[Path],
    json_file: Path | None,
) -> None:
    """Print a table of every number, and write them as json when asked to."""
    if replicate:
        _choice("--replicate", replicate, REPLICAS)
    _choice("--missing", missing, MISSING)
    for attribute in breakdown:
        _choice("--breakdown", attribute, get_args(Attribute))
    settings = ScoreSettings(
        replica=REPLICAS[replicate] if replicate else None,
        drop_missing=missing == "drop",
        approximate=approximate,
        breakdown=tuple(breakdown),  # type: ignore[arg-type]
    )
    if scorer and not replicate:
        settings = replace(settings, scorer=scorer, block_scores=DEVICE_BLOCK_SCORES)
    if recall_at:
        settings = replace(settings, recall_at=tuple(recall_at))
    if against and not intervals:
        raise ConfigError("--against compares with paired intervals; leave --no-intervals out.")
    people = _people(meta, lists)
    vectors = read_vectors(embeddings, people)
    replicates = REPLICATES if intervals else 0

    def scored(those: Vectors) -> list[Outcome]:
        return score_files(
            lists, those, people, settings, list_format=list_format, replicates=replicates, level=LEVEL
        )

    outcomes = scored(vectors)
    print_outcomes(outcomes, level=LEVEL)
    compared = {}
    if against:
        other = read_vectors(against, people)
        compared = differences(scored(other), outcomes, level=LEVEL)
        print_differences(compared, other.source, level=LEVEL)
    if json_file:
        told: dict[str, Any] = {
            "embeddings": vectors.source,
            "people": people.source,
            "rules": replicate or "report",
            "level": LEVEL,
            "lists": {outcome.name: outcome.as_json() for outcome in outcomes},
        }
        if compared:
            told["against"] = {
                "embeddings": ", ".join(map(str, against)),
                "differences": {
                    name: {metric: asdict(one) for metric, one in metrics.items()}
                    for name, metrics in compared.items()
                },
            }
        write_json(json_file, told)


def run_check(files: Sequence[Path], *, list_format: str, meta: Sequence[Path], splits: Path | None) -> int:
    """Print a verdict per list; 1 when one has a defect that is not known of."""
    people = _people(meta, files)
    found = splits or next(
        (
            folder / "Splits" / name
            for file in files
            for folder in (file.resolve().parent, file.resolve().parent.parent)
            for name in SPLITS_BESIDE
            if (folder / "Splits" / name).is_file()
        ),
        None,
    )
    number_of = read_splits(found, people) if found else {}
    verdicts = [check_file(file, people, number_of, list_format) for file in files]
    print_verdicts(verdicts)
    return int(any(verdict.defects for verdict in verdicts))


def run_make(
    items: Sequence[Path],
    out: Path,
    *,
    prepared: Path | None,
    split: str,
    rule: str,
    meta: Sequence[Path],
    tag: str,
    groups: Sequence[str],
    candidates: int,
    seed: int,
) -> None:
    """Write lists for the items of files, or of a prepared corpus, and print their names."""
    if bool(items) == bool(prepared):
        raise ConfigError("lists make: expected either --items or --prepared, and not both.")
    recipe = get_recipe(rule)
    for group in groups:
        _choice("--group", group, recipe.marks)
    if prepared:
        crowd = crowd_of_corpus(prepared, split, seed)
    else:
        people = _people(meta, items)
        crowd = crowd_of_paths(items_of(items, people), people, seed)
    chosen = tuple(group for group in recipe.marks if group in (groups or recipe.usual))
    for path in make_lists(crowd, recipe, out, tag=tag, groups=chosen, candidates=candidates):
        typer.echo(path)


def run_submission(embeddings: Sequence[Path], lists: Sequence[Path], *, trained_on: str, out: Path) -> None:
    """Write a score file per list, named by its language, and a zip of all."""
    vectors = read_vectors(embeddings, NOBODY)
    written = []
    for file in lists:
        language = file.name.split("_")[0]
        heard = language.lower() == trained_on.lower()
        written.append(write_submission(file, vectors, out, language=language, heard=heard))
        typer.echo(written[-1])
    typer.echo(pack(written, out / "submission.zip"))


def _people(meta: Sequence[Path], lists: Sequence[Path]) -> People:
    paths = list(meta) or people_beside(lists)
    return read_people(paths) if paths else NOBODY


def _choice(option: str, value: str, known: object) -> None:
    names = list(known)  # type: ignore[call-overload]
    if value not in names:
        raise ConfigError(f"{option} {value!r}: no such choice. {nearest(value, names)}")
