from dataclasses import replace

import pandas as pd
import pytest

from vfal.core.errors import DataError
from vfal.validation import validate
from vfal.validation.frames import Frame
from vfal.validation.gate import frames_of, judge
from vfal.validation.normalise import normalised_id, normalised_name
from vfal.validation.rules import rules


def test_no_rule_passes_on_a_frame_without_rows(corpus, settings):
    frames = frames_of(*corpus.parts, settings)
    empty = {name: Frame(frame.table.iloc[:0], frame.subject) for name, frame in frames.items()}
    results, _ = judge(empty, rules(settings), shown=1)
    assert [rule.name for rule in results if rule.passed] == []
    assert all("nothing to check" in rule.detail for rule in results)


def test_empty_tables_are_a_breach_that_names_the_empty_frames_and_splits(corpus, settings):
    parts = ("identities", "clips", "faces", "matching", "verification", "joint_matching")
    nothing = replace(corpus, **{name: getattr(corpus, name).iloc[:0] for name in parts})
    verdict = nothing.verdict(settings)
    first = verdict.rules[0]
    assert first.name == "No frame is empty"
    assert {"identities", "clips", "faces", "matching", "verification", "joint_matching"} <= set(
        first.offenders
    )
    people = next(rule for rule in verdict.rules if rule.name == "Every split has people")
    assert people.offenders == ("pretrain", "train", "val", "test")
    assert not any(rule.passed for rule in verdict.rules if rule.checked == 0)


@pytest.mark.parametrize("table", ["clips", "faces"])
def test_a_single_empty_table_is_named(corpus, settings, table):
    empty = replace(corpus, **{table: getattr(corpus, table).iloc[:0]})
    assert table in empty.finding(settings, "No frame is empty").offenders


def test_a_missing_measure_of_a_readable_file_is_out_of_range(corpus, settings):
    finding = corpus.having("clips", 2, duration_s=None).finding(settings, "Every clip's duration")
    assert finding.offenders == ("wav/id10001/0.wav",)


def test_a_missing_measure_of_an_unreadable_file_is_not(corpus, settings):
    unreadable = corpus.having("clips", 2, duration_s=None, problem="header unreadable")
    assert unreadable.finding(settings, "Every clip's duration").passed


def test_a_missing_gender_breaks_the_rule_of_allowed_genders(corpus, settings):
    finding = corpus.having("identities", 3, gender=None).finding(settings, "Every identity has a gender")
    assert finding.offenders == ("id10003",)


def test_an_unknown_gender_does_not_count_as_a_second_one(corpus, settings):
    allowed = settings.model_copy(update={"genders": ("m", "f", "u")})
    women = corpus.identities["split"].eq("val") & corpus.identities["gender"].eq("f")
    finding = corpus.having("identities", women, gender="u").finding(allowed, "Every split has people of")
    assert (finding.offenders, finding.found) == (("val",), ("m",))


def test_a_nationality_outside_the_list_is_named_where_a_list_is_given(corpus, settings):
    listed = settings.model_copy(update={"nationalities": ("Norway", "India")})
    finding = corpus.having("identities", 3, nationality="Mars").finding(listed, "Every identity has a nat")
    assert (finding.offenders, finding.found) == (("id10003",), ("Mars",))
    assert corpus.finding(listed, "Every identity has a nat").passed


def test_a_trial_with_an_unreadable_item_is_named(corpus, settings):
    face = int(corpus.matching.loc[0, "candidate_1"])
    spoilt = corpus.having("faces", corpus.faces["face"].eq(face), problem="not an image")
    finding = spoilt.finding(settings, "Every item of a matching trial")
    columns = ["candidate_0", "candidate_1", "candidate_2"]
    direct = corpus.matching["direction"].eq("v2f")
    hit = corpus.matching[columns].eq(face).any(axis=1).where(direct, corpus.matching["probe"].eq(face))
    assert finding.offending == int(hit.sum())
    assert "val v2f all, trial 0" in finding.offenders


def test_trailing_candidates_may_be_missing(corpus, settings):
    assert corpus.having("matching", 0, candidate_2=pd.NA).verdict(settings).success


def test_two_equal_unreadable_files_of_two_people_are_no_leak(corpus, settings):
    spoilt = corpus.having("faces", [16, 40], sha256="e3b0", problem="empty")
    assert spoilt.finding(settings, "No file's content is in two splits").passed


def test_offenders_are_counted_in_full_and_named_up_to_the_limit(corpus, settings):
    few = settings.model_copy(update={"offenders_shown": 3})
    finding = corpus.having("clips", slice(None), duration_s=99.0).finding(few, "Every clip's duration")
    assert finding.offending == len(corpus.clips)
    assert len(finding.offenders) == len(finding.found) == 3
    assert set(finding.found) == {"99.0"}


def test_only_the_trial_tables_asked_for_are_looked_at(corpus, settings):
    one = settings.model_copy(update={"trial_tables": ("matching",)})
    tables, trials, root = corpus.parts
    assert validate(tables, {"matching": trials["matching"]}, root, one).success


def test_a_missing_table_or_column_is_refused_by_name(corpus, settings):
    tables, trials, root = corpus.parts
    with pytest.raises(DataError, match=r"table joint_matching: missing"):
        validate(tables, {name: trials[name] for name in ("matching", "verification")}, root, settings)
    with pytest.raises(DataError, match=r"table clips: column\(s\) sha256 missing"):
        validate(tables | {"clips": corpus.clips.drop(columns="sha256")}, trials, root, settings)


def test_counts_per_split_are_those_of_the_tables(corpus, settings):
    counts = corpus.verdict(settings).counts
    assert {split: row["identities"] for split, row in counts.items()} == dict.fromkeys(settings.splits, 8)
    assert sum(row["clips"] for row in counts.values()) == len(corpus.clips)
    assert counts["test"]["matching_rows"] == int(corpus.matching["split"].eq("test").sum())


def test_spellings_of_one_id_or_name_are_one():
    ids = pd.Series(["id00017", " ID 17", "Id017", "id170", "id1700", None, " "])
    assert normalised_id(ids).fillna("-").tolist() == ["id17", "id17", "id17", "id170", "id1700", "-", "-"]
    names = pd.Series(["Ann_Lee", "ann  lee", "Ann-Lee.", "José", "JOSE\N{COMBINING ACUTE ACCENT}"])
    assert normalised_name(names).nunique() == 2
