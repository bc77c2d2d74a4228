"""The data rules, in the order in which they are checked and printed.

A rule is a sentence, the frame it looks at, and what must be true of one column in every row of it. A
missing value breaks any rule, and so does a frame without rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vfal.core.config.validate import Range, Validate
from vfal.core.types import DIRECTIONS

Options = Mapping[str, Any]
KNOWN_DEFECT = "known_defect"  # the rule that never stops the map: nobody can mend a published list
NONE = Range(least=0, most=0)


@dataclass(frozen=True)
class Rule:
    """One sentence about the data that must hold.

    `expectation` is Great Expectations' name for what must be true of `column`. `shows` is the column
    whose value explains an offender, and `expected` what should have been there; each is empty where the
    sentence says it all.
    """

    name: str
    frame: str
    column: str
    expectation: str
    options: Options
    shows: str
    expected: str
    key: str = ""  # of rules that `validate.report_only` may name


def rules(settings: Validate, *, files: bool = True) -> tuple[Rule, ...]:
    """Every rule, in order: emptiness, people, leaks between splits, files if any, trials, lists."""
    about_files = (
        *_files("clip", "clips"),
        *_measures_of_clips(settings),
        *_files("face", "faces"),
        *_measures_of_faces(settings),
    )
    return (
        _least("No frame is empty", "frames", "rows", 1),
        *_people(settings),
        *_leaks(),
        *_contamination(settings),
        *(about_files if files else ()),
        *(rule for table in settings.trial_tables for rule in _trials(table, settings)),
        *(_lists() if settings.lists else ()),
    )


def _people(settings: Validate) -> list[Rule]:
    return [
        _present("Every row of the identity table has an identity", "identities", "identity"),
        _unique("Every identity has one row in the identity table", "identities", "identity", shows="split"),
        _present("Every identity has a name", "identities", "name"),
        _one_of("Every identity has a gender that is allowed", "identities", "gender", settings.genders),
        _nationality(settings),
        _one_of("Every identity is in a split that is asked for", "identities", "split", settings.splits),
        _least("Every split has people", "splits", "people", 1),
        _least(
            f"Every split has people of at least {settings.least_genders} gender(s), "
            "or same-gender trials would be all trials",
            "splits", "genders", settings.least_genders, shows="genders_found",
        ),
        _least(
            f"Every identity has at least {settings.least_clips} readable voice clip(s)",
            "people", "clips", settings.least_clips,
        ),
        _least(
            f"Every identity has at least {settings.least_faces} readable face image(s)",
            "people", "faces", settings.least_faces,
        ),
    ]  # fmt: skip


def _nationality(settings: Validate) -> Rule:
    name = "Every identity has a nationality"
    if settings.nationalities:
        rule = _one_of(f"{name} that is allowed", "identities", "nationality", settings.nationalities)
    else:
        rule = _present(name, "identities", "nationality")
    return replace(rule, key="nationality")


def _leaks() -> list[Rule]:
    return [
        _one("Every identity occurs in exactly one split", "people", "splits", shows="splits_found"),
        _one(
            "No two identities are one when case, blanks and leading zeros are ignored",
            "ids", "people", shows="splits_found",
        ),
        _one("No two identities have the same name", "names", "people", shows="splits_found"),
        _true(
            "No pre-training identity is in another split under any spelling",
            "ids", "pretrain_apart", shows="splits_found",
        ),
        _true(
            "No pre-training identity has a namesake in another split",
            "names", "pretrain_apart", shows="splits_found",
        ),
        _one("No file's content is in two splits", "contents", "splits", shows="splits_found"),
        _one(
            "No file's content belongs to two identities", "contents", "people", shows="people_found"
        ),
    ]  # fmt: skip


def _contamination(settings: Validate) -> list[Rule]:
    """What published splits do not keep apart, and what weights from elsewhere have seen."""
    shared = _one("No video is in two splits", "videos", "splits", shows="found")
    seen = [
        _true(f"No val or test identity was seen by {name}", f"seen by {name}", "unseen", shows="name")
        for name in settings.seen_by
    ]
    return [replace(shared, key="shared_videos"), *(replace(rule, key="seen_before") for rule in seen)]


def _files(item: str, items: str) -> list[Rule]:
    return [
        _true(f"Every {item} belongs to a known identity", items, "known", shows="identity"),
        _unique(f"Every {item} has a number of its own", items, item, shows="path"),
        _unique(f"Every {item} has a path of its own", items, "path", shows="identity"),
        _true(f"Every {item}'s file exists", items, "exists", shows="identity"),
        _true(
            f"Every {item}'s file has the size that was listed", items, "size_as_listed", shows="bytes_found"
        ),
        _present(f"Every {item}'s content is known by its sha256", items, "sha256"),
    ]


def _measures_of_clips(settings: Validate) -> list[Rule]:
    frame = "readable clips"
    return [
        _within("Every clip's duration is in range", frame, "duration_s", settings.clip_duration_s),
        _within("Every clip's sample rate is in range", frame, "sample_rate_hz", settings.sample_rate_hz),
    ]


def _measures_of_faces(settings: Validate) -> list[Rule]:
    frame = "readable faces"
    return [
        _within("Every face's width is in range", frame, "width_px", settings.face_side_px),
        _within("Every face's height is in range", frame, "height_px", settings.face_side_px),
    ]


def _trials(table: str, settings: Validate) -> list[Rule]:
    """What must be true of any trial, then of this table's."""
    kind = table.replace("_", " ")
    grouped = [
        _true(
            f"Every {kind} trial of group {group} is among people of the {group.replace('_', ' ')}",
            f"{table} {group}", group,
        )
        for group in settings.trial_groups
        if group != "all"
    ]  # fmt: skip
    special = {
        "matching": _matching, "verification": _verification, "joint_matching": _joint_matching,
    }  # fmt: skip
    return [
        _least(f"Every {kind} list has trials", f"{table} lists", "trials", 1),
        _one_of(f"Every {kind} trial has a direction", table, "direction", DIRECTIONS),
        _true(f"Every item of a {kind} trial is known and readable", table, "known"),
        _true(f"Every {kind} trial stays within its split", table, "within_split"),
        *grouped,
        *special[table](table, settings),
    ]


def _candidates(kind: str, table: str) -> list[Rule]:
    return [
        _true(f"The first candidate of every {kind} trial is the probe's identity", table, "right"),
        _true(f"No other candidate of a {kind} trial is the probe's identity", table, "others_wrong"),
    ]


def _matching(table: str, settings: Validate) -> list[Rule]:
    return [
        *_candidates("matching", table),
        _true("Every matching trial has two candidates or more, without gaps", table, "without_gaps"),
        _true("No candidate comes twice in a matching trial", table, "items_differ"),
        _true("No identity comes twice among a matching trial's candidates", table, "people_differ"),
    ]


def _verification(table: str, settings: Validate) -> list[Rule]:
    lists, share = f"{table} lists", settings.positive_ratio
    return [
        _true("Every verification label equals identity equality", table, "label_true", shows="same"),
        _least("Every verification list has positive trials", lists, "positives", 1),
        _least("Every verification list has negative trials", lists, "negatives", 1),
        _within("Every verification list's share of positives is in range", lists, "positive_ratio", share),
    ]


def _joint_matching(table: str, settings: Validate) -> list[Rule]:
    trials = f"{table} trials"
    return [
        *_candidates("joint matching", table),
        _true(
            "Every joint matching trial has as many rows as it is a mean of", trials, "whole", shows="rows"
        ),
        _true("Every joint matching trial has one probe identity", trials, "one_person", shows="people"),
        _true("Every joint matching trial has one wrong identity", trials, "one_other", shows="others"),
        _true("No item comes twice on one side of a joint matching trial", trials, "items_differ"),
    ]


def _lists() -> list[Rule]:
    """What must be true of the official list files of `validate.lists`."""
    known = _true("No list has a defect that it was published with", "lists", "flawless", shows="known")
    return [
        _true("Every list can be read and contradicts nothing", "lists", "sound", shows="defects"),
        replace(known, key=KNOWN_DEFECT),
        _within("No list asks the same twice, unless its rule does", "lists", "duplicates", NONE),
        _one("Every list is about one split", "lists", "splits", shows="splits_found"),
        _true("Every item of a list is in the corpus", "list items", "present"),
        _true("Every person of a list is in a split with trials", "list items", "in_split", shows="split"),
    ]


def _rule(
    name: str, frame: str, column: str, expectation: str, expected: str, shows: str, **options: Any
) -> Rule:
    return Rule(name, frame, column, expectation, options, shows, expected)


def _present(name: str, frame: str, column: str) -> Rule:
    return _rule(name, frame, column, "ExpectColumnValuesToNotBeNull", f"{column} filled in", "")


def _unique(name: str, frame: str, column: str, *, shows: str) -> Rule:
    return _rule(name, frame, column, "ExpectColumnValuesToBeUnique", f"each {column} once", shows)


def _one_of(name: str, frame: str, column: str, allowed: tuple[str, ...]) -> Rule:
    expected = f"{column} one of {', '.join(allowed)}"
    return _rule(
        name, frame, column, "ExpectColumnValuesToBeInSet", expected, column, value_set=list(allowed)
    )


def _true(name: str, frame: str, column: str, *, shows: str = "") -> Rule:
    return _rule(name, frame, column, "ExpectColumnValuesToBeInSet", "", shows, value_set=[True])


def _one(name: str, frame: str, column: str, *, shows: str) -> Rule:
    return _rule(name, frame, column, "ExpectColumnValuesToBeInSet", f"{column} = 1", shows, value_set=[1])


def _least(name: str, frame: str, column: str, least: int, *, shows: str = "") -> Rule:
    shows, expected = shows or column, f"{column} >= {least}"
    return _rule(name, frame, column, "ExpectColumnValuesToBeBetween", expected, shows, min_value=least)


def _within(name: str, frame: str, column: str, limits: Range) -> Rule:
    expected = f"{column} from {limits.least:g} to {limits.most:g}"
    options = {"min_value": limits.least, "max_value": limits.most}
    return _rule(name, frame, column, "ExpectColumnValuesToBeBetween", expected, column, **options)
