import json
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from rich.console import Console

from vfal.validation import verdict_json, verdict_record, verdict_table, write_data_docs, write_html


@pytest.fixture
def breach(corpus, settings):
    return corpus.having("identities", 3, gender="<b>x[/b]").verdict(settings)


def _printed(verdict) -> str:
    console = Console(width=200, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(verdict_table(verdict))
    return capture.get()


def test_the_table_of_a_breach_names_rule_offender_and_count(breach):
    text = _printed(breach)
    assert "1 of 68 data rules broken" in text
    assert "Every identity has a gender that is allowed" in text
    assert "id10003 (<b>x[/b])" in text
    assert "Every identity has a name" not in text


def test_the_table_of_a_sound_corpus_lists_every_rule(corpus, settings):
    text = _printed(corpus.verdict(settings))
    assert "All data rules hold" in text
    assert "Every identity occurs in exactly one split" in text


def test_metrics_are_numbers_and_equal_for_equal_corpora(corpus, settings, breach):
    first, second = (json.dumps(verdict_json(corpus.verdict(settings)), sort_keys=True) for _ in range(2))
    assert first == second
    metrics = json.loads(first)
    assert (metrics["success"], metrics["rules"], metrics["breaches"]) == (1, 68, 0)
    assert metrics["splits"]["test"]["identities"] == 8
    assert (verdict_json(breach)["success"], verdict_json(breach)["breaches"]) == (0, 1)


def test_the_record_holds_every_rule_with_its_offenders(breach):
    record = json.loads(json.dumps(verdict_record(breach), allow_nan=False))
    broken = [rule for rule in record["by_rule"] if not rule["passed"]]
    assert [rule["offenders"] for rule in broken] == [["id10003"]]


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("src", "href")]
        assert tag not in ("script", "link", "b")


def test_the_page_stands_alone_escapes_what_it_shows_and_is_the_same_every_time(breach, tmp_path):
    for name in ("one", "two"):
        write_html(breach, tmp_path / f"{name}.html")
    text = (tmp_path / "one.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(text)
    assert links.found == []
    assert "1 of 68 data rules are broken" in text
    assert "id10003 (&lt;b&gt;x[/b])" in text
    assert text == (tmp_path / "two.html").read_text(encoding="utf-8")


def test_data_docs_show_our_sentences_with_an_index(breach, tmp_path):
    pages = write_data_docs(breach, tmp_path / "docs")
    assert pages[0].name == "index.html"
    assert (
        "Every identity has a gender that is allowed" in (tmp_path / "docs" / "identities.html").read_text()
    )
    assert "identities.html" in pages[0].read_text()


def test_great_expectations_is_not_imported_before_there_is_something_to_check():
    code = "import sys, vfal.validation; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
