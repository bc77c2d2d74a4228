"""Official list files that a corpus is checked against."""

import json
from pathlib import Path
from typing import Any

import pytest

from vfal.core.config.validate import Validate
from vfal.core.files import sha256_of
from vfal.lists.known import BY_BLOB, Known
from vfal.lists.text import Text
from vfal.validation import Verdict

Lists = Any


@pytest.fixture
def lists(corpus: Any, settings: Validate, tmp_path: Path) -> Lists:
    """Writes a list file and judges the corpus with it."""

    def judged(*rows: str, name: str = "list.txt", regenerated: bool = False) -> Verdict:
        path = tmp_path / name
        path.write_text("".join(f"{row}\n" for row in rows))
        if regenerated:
            note = {"rule": "a rule", "seed": 1, "sha256": sha256_of(path)}
            path.with_name(f"{name}.made.json").write_text(json.dumps(note))
        return corpus.verdict(settings.model_copy(update={"lists": (str(path),)}))  # type: ignore[no-any-return]

    return judged


def voice(person: int, item: int = 0) -> str:
    return f"wav/id1{person:04d}/{item}.wav"


def face(person: int, item: int = 0) -> str:
    return f"jpg/id1{person:04d}/{item}.jpg"


MATCH = [f"{voice(24 + who)} {face(24 + who)} {face(24 + (who + 2) % 8)}" for who in range(8)]


def only(verdict: Verdict, start: str) -> Any:
    (breach,) = verdict.breaches
    assert breach.name.startswith(start)
    return breach


def test_a_list_about_test_people_breaks_no_rule_though_its_paths_do_not_tell_persons(lists: Lists) -> None:
    verdict = lists(*MATCH)
    assert verdict.success and verdict.findings == ()
    checked = {rule.name: rule.checked for rule in verdict.rules[-6:]}
    assert checked["Every item of a list is in the corpus"] == 16


def test_without_lists_there_is_no_rule_about_them(corpus: Any, settings: Validate) -> None:
    assert not [rule for rule in corpus.verdict(settings).rules if "list" in rule.frame.split()[0]]


def test_a_path_that_is_not_in_the_corpus_is_named_with_its_row(lists: Lists) -> None:
    strange = f"{voice(24, 7)} {face(24)} {face(26)}"
    breach = only(lists(*MATCH, strange), "Every item of a list is in the corpus")
    assert breach.offenders[0].endswith(f"list.txt, row 9: {voice(24, 7)}")


def test_people_of_a_split_without_trials_are_named(lists: Lists) -> None:
    row = f"{voice(8)} {face(8)} {face(10)}"
    verdict = lists(row)
    breach = only(verdict, "Every person of a list is in a split with trials")
    assert breach.offending == 3 and breach.found[0] == "train"


def test_a_list_that_mixes_splits_is_named(lists: Lists) -> None:
    breach = only(lists(*MATCH, f"{voice(16)} {face(16)} {face(18)}"), "Every list is about one split")
    assert breach.found == ("test, val",)


@pytest.mark.parametrize("row", [f"{voice(24)} {face(26)} {face(24)}", f"{voice(24)} {face(26)} {face(28)}"])
def test_a_candidate_marked_right_that_is_not_contradicts_its_path(lists: Lists, row: str) -> None:
    breach = only(lists(*MATCH, row), "Every list can be read and contradicts nothing")
    assert "row 9: the candidate marked right is of another person" in breach.found[0]


def test_a_label_that_contradicts_its_paths_is_a_breach(lists: Lists) -> None:
    header = "id,voice-speaker-id,face-speaker-id,label,voice-path,face-path"
    rows = [f"1,1,1,1,{voice(24)},{face(24)}", f"2,1,1,0,{voice(26)},{face(26)}"]
    breach = only(lists(header, *rows), "Every list can be read and contradicts nothing")
    assert "row 3: the label contradicts the persons of the paths" in breach.found[0]


def test_a_list_that_cannot_be_read_is_a_breach_not_an_error(lists: Lists) -> None:
    breaches = {breach.frame: breach for breach in lists("what is this").breaches[::-1]}
    assert "no known list format" in breaches["lists"].found[0]


def test_a_trial_twice_is_a_breach_unless_the_rule_of_the_list_draws_so(lists: Lists) -> None:
    breach = only(lists(*MATCH, MATCH[0]), "No list asks the same twice")
    assert breach.found == ("1",)
    verdict = lists(*MATCH, MATCH[0], regenerated=True)
    (finding,) = verdict.findings
    assert verdict.success and finding.found == ("1 duplicate rows",)


def test_defects_of_published_lists_are_findings_by_name(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = "id,voice-speaker-id,face-speaker-id,label,voice-path,face-path"
    rows = [f"{who},1,1,1,{voice(23 + who)},{face(23 + who)}" for who in (1, 2)]  # labels do not alternate
    unpublished = lists(header, *rows)
    assert "labels do not alternate" in only(unpublished, "Every list can be read").found[0]
    blob = Text(Path(), "".join(f"{row}\n" for row in (header, *rows)).encode(), False, False, []).git_blob
    monkeypatch.setitem(BY_BLOB, blob, Known("list.txt", "somebody@1", blob, 2, ""))
    verdict = lists(header, *rows)
    (finding,) = verdict.findings
    assert verdict.success and "labels do not alternate" in finding.found[0]
    assert finding.offenders[0].endswith("list.txt")
