import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.errors import DataError
from vfal.core.paths import RAW
from vfal.core.tables import read_table, write_table
from vfal.reporting.page import gauges
from vfal.stages import compare

from .conftest import FinishedRun

INDEX = Path("reports/index.html")
VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Collects addresses, ids and headings; insists that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


def test_the_page_needs_nothing_from_elsewhere(finished_run: FinishedRun) -> None:
    reader = read(INDEX)
    allowed = ("#", "data:image/png;base64,", "validate.html", "results.", "plots/")
    assert [address for address in reader.addresses if not address.startswith(allowed)] == []
    text = INDEX.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "url(http" not in text
    assert "@import" not in text


def test_every_anchor_leads_somewhere_and_no_id_is_used_twice(finished_run: FinishedRun) -> None:
    reader = read(INDEX)
    assert len(reader.ids) == len(set(reader.ids))
    assert {address[1:] for address in reader.addresses if address.startswith("#")} <= set(reader.ids)


def test_the_page_has_every_part(finished_run: FinishedRun) -> None:
    text = INDEX.read_text(encoding="utf-8")
    for part in (
        "Results",
        "Personalised identities",
        "Faces found for a voice",
        "Published numbers",
        "What was run",
    ):
        assert f">{part}</h2>" in text
    for row in ("Chance", "Warm-up only", "Without weights (-W)", "Oracle drop", "Oracle ceiling"):
        assert row in text
    assert "All 30 data rules hold" in text
    assert text.count("data:image/png;base64,") > 40
    assert text.count('class="face right') >= 1


def test_comparing_again_leaves_the_same_bytes(finished_run: FinishedRun) -> None:
    files = [path for path in sorted(Path("reports").rglob("*")) if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    compare.run(finished_run.params)
    assert [path for path in files if path.read_bytes() != before[path]] == []


def test_no_output_holds_a_date(finished_run: FinishedRun) -> None:
    for path in [INDEX, *Path("reports/plots").glob("*.svg")]:
        assert not re.search(r"20\d\d-\d\d-\d\d", path.read_text(encoding="utf-8"))


def test_every_plot_stands_beside_the_table_it_draws(finished_run: FinishedRun) -> None:
    drawn = {path.stem for path in Path("reports/plots").glob("*.svg")}
    assert drawn == {path.stem for path in Path("reports/plots").glob("*.csv")}
    assert drawn >= {"loss", "identity_weights", "roc", "matching_1_n", "score_histogram"}


def test_a_corpus_without_truth_gets_a_page_without_ceiling_and_verdict(
    finished_run: FinishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished_run.folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    write_table(
        RAW / "truth.parquet", read_table(RAW / "truth.parquet", ["identity", "personalised"]).head(0)
    )
    compare.run(finished_run.params)
    text = INDEX.read_text(encoding="utf-8")
    assert "The truth is not known for this corpus" in text
    assert "Oracle ceiling" not in text
    assert ">Dropped: " in text


def test_a_missing_evaluation_is_named(
    finished_run: FinishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished_run.folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    shutil.rmtree("reports/evaluate/oracle_drop")
    with pytest.raises(DataError, match="dvc repro evaluate@oracle_drop"):
        compare.run(finished_run.params)


def test_a_gauge_runs_from_chance_to_the_ceiling() -> None:
    metric = "matching_1_2/v2f/all/accuracy"
    rows = [
        {
            "entry": "seeking_the_shape",
            "metric": metric,
            "value": 0.7,
            "low": 0.65,
            "high": 0.75,
            "chance": 0.5,
        },
        {"entry": "ceiling", "metric": metric, "value": 0.9, "low": 0.9, "high": 0.9, "chance": 0.5},
    ]
    (gauge,) = gauges(pd.DataFrame(rows))
    assert (gauge.value, gauge.reached, gauge.low, gauge.high) == ("70.0", 50.0, 37.5, 62.5)
    assert [(end.name, end.text) for end in gauge.ends] == [("chance", "50.0"), ("ceiling", "90.0")]
