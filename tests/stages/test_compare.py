import html
from pathlib import Path

from vfal.core.config.params import Params
from vfal.core.files import read_json
from vfal.reporting.entries import line_up

from ..stage_map import covers, maps, read_map


def test_the_page_holds_everything_it_shows(params: Params) -> None:
    page = Path("reports/index.html").read_text()
    assert "<svg" in page and "data:image/" in page
    assert "<script src" not in page and "<link rel" not in page and 'src="http' not in page
    for entry in line_up(params).entries:
        assert html.escape(entry.label) in page or entry.label in page, entry.name


def test_the_table_has_every_model(params: Params) -> None:
    numbers = read_json(Path("reports/results.json"))["matching_and_retrieval"]
    assert set(params.evaluate.models) <= set(numbers)


def test_joint_tasks_with_as_many_voices_as_asked_for_have_their_columns(params: Params) -> None:
    table, page = (Path("reports", name).read_text() for name in ("results.md", "index.html"))
    for heading in ("joint 1:2, m = 2", "joint 1:2, 2 voices, 1 face"):
        assert f"{heading}, v2f" in table and heading in page


def test_people_whose_truth_is_unknown_are_reported_all_the_same(params: Params) -> None:
    assert read_json(Path("reports/results.json"))["dropped_identities"] == {}


def test_the_map_leaves_what_its_stages_declare_and_nothing_else(params: Params, repository: Path) -> None:
    values = params.model_dump(by_alias=True)
    stages = [stage for text in maps(repository, params) for stage in read_map(text, values)]
    declared = [out for stage in stages for out in stage.outs]
    left = [
        path.as_posix()
        for part in ("data", "models", "reports")
        for path in Path(part).rglob("*")
        if path.is_file()
    ]
    assert [path for path in left if not covers(declared, path)] == []
    assert [out for out in declared if not Path(out).exists()] == []
    assert not list(Path().rglob("*.partial-*"))
