"""The gate: every rule over every frame, and what came of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from vfal.core.config.validate import Validate
from vfal.core.errors import DataError
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS, IDENTITY_COLUMNS
from vfal.validation.frames import Frame, corpus_frames, seen_frame
from vfal.validation.list_frames import list_frames
from vfal.validation.roster import roster
from vfal.validation.rules import KNOWN_DEFECT, Rule, rules
from vfal.validation.trial_frames import trial_frames
from vfal.validation.verdict import RuleResult, Verdict

TABLE_COLUMNS = {
    "identities": (*IDENTITY_COLUMNS, "split"),
    "clips": CLIP_COLUMNS,
    "faces": FACE_COLUMNS,
}
TRIAL_COLUMNS = {
    "matching": ("split", "direction", "group", "trial", "probe", "candidate_0", "candidate_1"),
    "verification": ("split", "direction", "group", "trial", "probe", "candidate", "same"),
    "joint_matching": (
        "split", "direction", "group", "mean_of", "trial", "probe", "candidate_0", "candidate_1",
    ),
}  # fmt: skip


def validate(
    tables: Mapping[str, pd.DataFrame],
    trials: Mapping[str, pd.DataFrame],
    root: Path | None,
    settings: Validate,
) -> Verdict:
    """The verdict on a corpus and its trial lists; a broken rule is in it, never an exception.

    `tables` holds identities (with split), clips and faces; `trials` holds the tables that
    `settings.trial_tables` names, of all splits; `root` is the folder that `path` columns are relative
    to, or None where there are vectors in place of files. Nothing is decoded: files are only looked up, so
    300,000 rows take seconds. A table or column that is missing altogether is a `DataError`.
    """
    frames = frames_of(tables, trials, root, settings)
    results, evidence = judge(
        frames,
        rules(settings, files=root is not None),
        shown=settings.offenders_shown,
        report_only=(*settings.report_only, KNOWN_DEFECT),
    )
    return Verdict(results, _counts(frames, settings.trial_tables), evidence)


def frames_of(
    tables: Mapping[str, pd.DataFrame],
    trials: Mapping[str, pd.DataFrame],
    root: Path | None,
    settings: Validate,
) -> dict[str, Frame]:
    """Every frame that rules may look at, by name."""
    _insist(tables, TABLE_COLUMNS)
    _insist(trials, {name: TRIAL_COLUMNS[name] for name in settings.trial_tables})
    frames = corpus_frames(tables, root, settings.splits)
    frames |= {f"seen by {name}": seen_frame(frames, Path(path)) for name, path in settings.seen_by.items()}
    lists = {str(name): trials[name] for name in settings.trial_tables}
    frames |= trial_frames(lists, roster(frames), splits=settings.trial_splits, groups=settings.trial_groups)
    if settings.lists:
        frames |= list_frames(settings.lists, tables, settings.trial_splits)
    looked_at = [name for name in dict.fromkeys(rule.frame for rule in rules(settings)) if name in frames]
    rows = [len(frames[name].table) for name in looked_at]
    return frames | {"frames": Frame(pd.DataFrame({"frame": looked_at, "rows": rows}), "{frame}")}


def judge(
    frames: Mapping[str, Frame], checks: Sequence[Rule], *, shown: int, report_only: Collection[str] = ()
) -> tuple[tuple[RuleResult, ...], dict[str, Any]]:
    """What each rule finds, with at most `shown` offenders named, and Great Expectations' own results.

    Rules whose key is in `report_only` do not stop the map.
    """
    from vfal.validation import expectations  # imports Great Expectations: seconds

    evidence = expectations.run(frames, checks)
    results = tuple(
        replace(
            _result(rule, frames[rule.frame], _findings(evidence[rule.frame], place), shown),
            stops=rule.key not in report_only,
        )
        for place, rule in enumerate(checks)
    )
    return results, evidence


def _insist(tables: Mapping[str, pd.DataFrame], expected: Mapping[str, Sequence[str]]) -> None:
    for name, columns in expected.items():
        if name not in tables:
            raise DataError(
                f"table {name}: missing; found {', '.join(tables) or 'none'}. Run `prepare` again."
            )
        missing = [column for column in columns if column not in tables[name].columns]
        if missing:
            found = ", ".join(map(str, tables[name].columns))
            raise DataError(
                f"table {name}: column(s) {', '.join(missing)} missing; found {found}. Run `prepare` again."
            )


def _findings(evidence: Any, place: int) -> list[Mapping[str, Any]]:
    """What Great Expectations found for one rule; one that could not be judged is a bug, not a breach."""
    findings = []
    for result in evidence.results:
        if result.exception_info and result.exception_info.get("raised_exception"):
            raise RuntimeError(
                f"{result.expectation_config.type}: {result.exception_info['exception_message']}"
            )
        if result.expectation_config.meta.get("rule") == place:
            findings.append(result.result)
    return findings


def _result(rule: Rule, frame: Frame, findings: Iterable[Mapping[str, Any]], shown: int) -> RuleResult:
    rows = [row for finding in findings for row in finding.get("unexpected_index_list") or ()]
    offenders: dict[str, str] = {}
    for row in rows:
        if len(offenders) == shown:
            break
        offenders.setdefault(frame.subject.format_map(row), str(row[rule.shows]) if rule.shows else "")
    empty = frame.table.empty
    expected = f"expected {rule.expected}" if rule.expected else ""
    return RuleResult(
        name=rule.name,
        frame=rule.frame,
        passed=not rows and not empty,
        checked=len(frame.table),
        offending=len(rows),
        offenders=tuple(offenders),
        found=tuple(offenders.values()),
        detail=f"nothing to check: there are no {rule.frame}" if empty else expected,
    )


def _counts(frames: Mapping[str, Frame], tables: Sequence[str]) -> dict[str, dict[str, int]]:
    """Identities, readable clips and faces, and rows of each trial table, of every split."""
    by_split = frames["people"].table.groupby("splits_found", sort=True)
    columns = {
        "identities": by_split.size(),
        "clips": by_split["clips"].sum(),
        "faces": by_split["faces"].sum(),
    }
    columns |= {f"{name}_rows": frames[name].table.groupby("split").size() for name in tables}
    counts = pd.DataFrame(columns).fillna(0).astype("int64")
    return {
        str(split): {str(kind): int(value) for kind, value in row.items()} for split, row in counts.iterrows()
    }
