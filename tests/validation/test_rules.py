"""Every rule, the breach that it is there for, and the offenders that it must name: those, and no others."""

from typing import Any

import pandas as pd

from vfal.validation.rules import rules

Breach = tuple[Any, tuple[str, ...]]


def _people(c: Any) -> dict[str, Breach]:
    tested = c.identities.index[c.identities["split"].eq("test")]
    men = c.identities["gender"].eq("m") & c.identities["split"].eq("val")
    one = ("id10003",)
    return {
        "Every row of the identity table has an identity": (
            c.having("identities", 3, identity=" "),
            ("row 4",),
        ),
        "Every identity has one row": (c.adding("identities", 3), one),
        "Every identity has a name": (c.having("identities", 3, name="  "), one),
        "Every identity has a gender that is allowed": (c.having("identities", 3, gender="x"), one),
        "Every identity has a nationality": (c.having("identities", 3, nationality=""), one),
        "Every identity is in a split that is asked for": (c.having("identities", 3, split="dev"), one),
        "Every split has people of": (c.having("identities", men, gender="f"), ("val",)),
        "Every split has people": (c.dropping("identities", tested), ("test",)),
        "Every identity has at least 2 readable voice": (c.having("clips", 6, problem="cut short"), one),
        "Every identity has at least 2 readable face": (c.having("faces", 7, problem="not an image"), one),
    }


def _leaks(c: Any) -> dict[str, Breach]:
    sha_of_clip, sha_of_face = c.clips["sha256"], c.faces["sha256"]
    two_splits, two_people = "wav/id10008/0.wav, wav/id10016/0.wav", "jpg/id10008/0.jpg, jpg/id10009/0.jpg"
    return {
        "Every identity occurs in exactly one split": (c.adding("identities", 8, split="test"), ("id10008",)),
        "No two identities are one when": (
            c.adding("identities", 8, identity=" ID 010008", name="Another"), ("ID 010008, id10008",),
        ),
        "No two identities have the same name": (
            c.adding("identities", 8, identity="id99999", name="person-ba "), ("id10008, id99999",),
        ),
        "No pre-training identity is in another": (
            c.adding("identities", 0, identity="ID10000", name="Another", split="val"), ("ID10000, id10000",),
        ),
        "No pre-training identity has a namesake": (
            c.adding("identities", 0, identity="id99999", split="val"), ("id10000, id99999",),
        ),
        "No file's content is in two splits": (c.having("clips", 32, sha256=sha_of_clip[16]), (two_splits,)),
        "No video is in two splits": (c.having("clips", [16, 32], video="x"), ("x",)),
        "No file's content belongs to two": (c.having("faces", 18, sha256=sha_of_face[16]), (two_people,)),
    }  # fmt: skip


def _files(c: Any, item: str, ending: str) -> dict[str, Breach]:
    table, first, second = f"{item}s", f"{ending}/id10000/0.{ending}", f"{ending}/id10000/1.{ending}"
    return {
        f"Every {item} belongs to a known identity": (c.having(table, 0, identity="nobody"), (first,)),
        f"Every {item} has a number of its own": (c.having(table, 1, **{item: 0}), (first, second)),
        f"Every {item} has a path of its own": (c.having(table, 1, path=first), (first,)),
        f"Every {item}'s file exists": (c.having(table, 1, path="gone"), ("gone",)),
        f"Every {item}'s file has the size": (c.having(table, 1, bytes=7), (second,)),
        f"Every {item}'s content is known": (c.having(table, 1, sha256=None), (second,)),
    }


def _measures(c: Any) -> dict[str, Breach]:
    clip, face = ("wav/id10001/0.wav",), ("jpg/id10001/0.jpg",)
    return {
        "Every clip's duration is in range": (c.having("clips", 2, duration_s=0.2), clip),
        "Every clip's sample rate is in range": (c.having("clips", 2, sample_rate_hz=8000), clip),
        "Every face's width is in range": (c.having("faces", 2, width_px=8), face),
        "Every face's height is in range": (c.having("faces", 2, height_px=9999), face),
    }


def _any_trials(c: Any, table: str) -> dict[str, Breach]:
    kind, rows = table.replace("_", " "), getattr(c, table)
    mean = {"mean_of": 1} if table == "joint_matching" else {}
    suffix = ", mean of 1, trial 0" if mean else ", trial 0"
    wrong = "candidate" if table == "verification" else "candidate_1"
    own = "candidate" if table == "verification" else "candidate_0"
    listed = rows["split"].eq("val") & rows["direction"].eq("f2v") & rows["group"].eq("all")

    def elsewhere(group: str, **values: Any) -> Any:
        row = c.first(table, split="val", direction="v2f", group=group, **mean)
        return c.having(table, row, **{wrong: c.somebody("face", [rows.loc[row, own]], **values)})

    probe = c.clips.set_index("clip").loc[rows.loc[c.first(table, group="same_gender", **mean), "probe"]]
    person = c.identities.set_index("identity").loc[probe["identity"]]
    gender = {"m": "f", "f": "m"}[person["gender"]]
    row = c.first(table, split="val", direction="v2f", group="same_nationality", **mean)
    country = {"Norway": "India", "India": "Norway"}[c.person("clip", rows.loc[row, "probe"])["nationality"]]
    return {
        f"Every {kind} list has trials": (c.dropping(table, rows.index[listed]), ("val f2v all",)),
        f"Every {kind} trial has a direction": (
            c.having(table, 0, direction="sideways"), (f"val sideways all{suffix}",),
        ),
        f"Every item of a {kind} trial is known": (
            c.having(table, 0, probe=10**6), (f"val v2f all{suffix}",),
        ),
        f"Every {kind} trial stays within its split": (
            elsewhere("all", split="train"), (f"val v2f all{suffix}",),
        ),
        f"Every {kind} trial of group same_gender": (
            elsewhere("same_gender", split="val", gender=gender), (f"val v2f same_gender{suffix}",),
        ),
        f"Every {kind} trial of group same_nationality": (
            elsewhere("same_nationality", split="val", nationality=country),
            (f"val v2f same_nationality{suffix}",),
        ),
    }  # fmt: skip


def _matching(c: Any) -> dict[str, Breach]:
    row, trial = c.matching.iloc[0], ("val v2f all, trial 0",)
    right, wrong = row["candidate_0"], [row["candidate_1"], row["candidate_2"]]
    stranger = c.somebody("face", [right, *wrong], split="val")
    return {
        "The first candidate of every matching": (c.having("matching", 0, candidate_0=stranger), trial),
        "No other candidate of a matching": (
            c.having("matching", 0, candidate_2=c.other_item("face", right)), trial,
        ),
        "Every matching trial has two candidates": (c.having("matching", 0, candidate_1=pd.NA), trial),
        "No candidate comes twice": (c.having("matching", 0, candidate_2=wrong[0]), trial),
        "No identity comes twice among": (
            c.having("matching", 0, candidate_2=c.other_item("face", wrong[0])), trial,
        ),
    }  # fmt: skip


def _verification(c: Any) -> dict[str, Breach]:
    rows = c.verification
    listed = rows["split"].eq("val") & rows["direction"].eq("v2f") & rows["group"].eq("all")
    flipped = not rows.loc[0, "same"]
    return {
        "Every verification label equals": (
            c.having("verification", 0, same=flipped),
            ("val v2f all, trial 0",),
        ),
        "Every verification list has positive": (
            c.having("verification", listed, same=False),
            ("val v2f all",),
        ),
        "Every verification list has negative": (
            c.having("verification", listed, same=True),
            ("val v2f all",),
        ),
        "Every verification list's share": (c.having("verification", listed, same=True), ("val v2f all",)),
    }


def _joint(c: Any) -> dict[str, Breach]:
    table, name = "joint_matching", ("val v2f all, mean of 2, trial 0",)
    first = c.first(table, split="val", direction="v2f", group="all", mean_of=2)
    row, second = c.joint_matching.loc[first], first + 1
    right, wrong = row["candidate_0"], row["candidate_1"]
    third = c.somebody("face", [right, wrong], split="val")
    return {
        "The first candidate of every joint": (c.having(table, first, candidate_0=third), name),
        "No other candidate of a joint": (
            c.having(table, first, candidate_1=c.other_item("face", right)), name,
        ),
        "Every joint matching trial has as many": (c.dropping(table, second), name),
        "Every joint matching trial has one probe": (
            c.having(table, second, probe=c.somebody("clip", [row["probe"]], split="val")), name,
        ),
        "Every joint matching trial has one wrong": (c.having(table, second, candidate_1=third), name),
        "No item comes twice on one side": (c.having(table, second, probe=row["probe"]), name),
    }  # fmt: skip


def _breaches(c: Any) -> dict[str, Breach]:
    tables = ("matching", "verification", "joint_matching")
    breaches = _people(c) | _leaks(c) | _files(c, "clip", "wav") | _files(c, "face", "jpg") | _measures(c)
    for table in tables:
        breaches |= _any_trials(c, table)
    return breaches | _matching(c) | _verification(c) | _joint(c)


def test_every_breach_is_found_and_names_exactly_its_offenders(corpus, settings, subtests):
    for start, (spoilt, offenders) in _breaches(corpus).items():
        with subtests.test(start):
            rule = spoilt.finding(settings, start)
            assert not rule.passed
            assert sorted(rule.offenders) == sorted(offenders)
            assert rule.offending >= len(offenders)


def test_every_rule_but_that_of_empty_frames_has_a_breach_that_tests_it(corpus, settings):
    names = [rule.name for rule in rules(settings)][1:]
    tested = {min((n for n in names if n.startswith(start)), key=len) for start in _breaches(corpus)}
    assert tested == set(names)
    assert len(names) == len(set(names))


def test_an_unbroken_corpus_keeps_every_rule(corpus, settings):
    verdict = corpus.verdict(settings)
    assert verdict.success
    assert all(rule.checked > 0 and rule.offending == 0 for rule in verdict.rules)
