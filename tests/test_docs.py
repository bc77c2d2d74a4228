import re
from pathlib import Path
from typing import Any

import pytest

from vfal.core.config.method_block import MethodBlock
from vfal.core.config.params import Params, check, read_raw, with_overrides
from vfal.core.config.shelf import Recipe
from vfal.core.growth import updates_needed
from vfal.datasets import SHELF as DATASETS
from vfal.methods import SHELF as METHODS
from vfal.protocols import SHELF as PROTOCOLS

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted([*(REPOSITORY / "docs").rglob("*.md"), *REPOSITORY.glob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"(?:src|docs|tests|presets|benchmarks|flows)/[^\s,:]+")
KEY_AND_VALUE = re.compile(r"`([a-z_]+(?:\.[a-z_]+)+)` (\d+(?:\.\d+)?)(?![\w.]*\w)")
# A machine's own folders, and words that blame or sell.
FORBIDDEN = re.compile(
    r"/work/|/tmp/|/home/|/root/|localhost:\d|\bTODO\b|\bFIXME\b|state[- ]of[- ]the[- ]art", re.I
)


def name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def anchors(page: Path) -> set[str]:
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dotted(raw: dict[str, Any], prefix: str = "") -> set[str]:
    keys = set()
    for key, value in raw.items():
        keys.add(f"{prefix}{key}")
        if isinstance(value, dict):
            keys |= dotted(value, f"{prefix}{key}.")
    return keys


@pytest.fixture(scope="module")
def keys() -> set[str]:
    return dotted(read_raw(REPOSITORY / "params.yaml"))


@pytest.fixture(scope="module")
def demo() -> Params:
    """What pages speak of, whatever preset the checkout holds."""
    preset = read_raw(REPOSITORY / "presets/demo.yaml")
    return check(with_overrides(read_raw(REPOSITORY / "params.yaml"), preset))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        target, _, anchor = link.partition("#")
        place = (page.parent / target).resolve() if target else page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    codes = CODE.findall(page.read_text(encoding="utf-8"))
    named = {path for code in codes for path in PATH.findall(code) if not re.search(r"[<*]", path)}
    assert [path for path in sorted(named) if not (REPOSITORY / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_key_that_a_page_names_is_in_params(page: Path, keys: set[str]) -> None:
    blocks = {key for key in keys if "." not in key}
    words = {
        word
        for code in CODE.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
        for word in re.findall(r"^[\w.]+", code)
    }
    dotted_words = {word for word in words if word.partition(".")[0] in blocks and "." in word}
    keys_named = {
        word for word in dotted_words if not word.endswith((".py", ".json", ".html", ".md", ".npz"))
    }
    assert sorted(keys_named - keys) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_dotted_key_of_an_example_is_in_params(page: Path, keys: set[str]) -> None:
    examples = "\n".join(FENCE.findall(page.read_text(encoding="utf-8")))
    found = set(re.findall(r"\{((?:warm_up|weigh_identities|retrain|methods)\.[\w.]+):", examples))
    assert sorted(found - keys) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_names_a_folder_of_one_machine(page: Path) -> None:
    assert FORBIDDEN.findall(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_page_that_covers_every_key_of_its_block(method: str, keys: set[str]) -> None:
    page = (REPOSITORY / "docs/methods" / f"{method}.md").read_text(encoding="utf-8")
    switches = {key.rpartition(".")[2] for key in keys if key.startswith(f"methods.{method}.")}
    switches -= {*MethodBlock.model_fields, *Recipe.model_fields}  # the same for every method
    unimportant = {"trunk_width", "flip_probability", "rotate_probability", "rotate_max_degrees"}
    assert sorted(switch for switch in switches - unimportant if switch not in page) == []


@pytest.mark.parametrize(("page", "shelf"), [("protocols.md", PROTOCOLS), ("data.md", DATASETS)])
def test_every_entry_of_a_shelf_is_on_its_page(page: str, shelf: dict[str, str]) -> None:
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    assert [entry for entry in shelf if f"`{entry}`" not in text] == []


def test_the_data_page_names_every_knob_of_the_corpus_and_every_limit_of_validation(keys: set[str]) -> None:
    text = (REPOSITORY / "docs/data.md").read_text(encoding="utf-8")
    knobs = {key.split(".")[-1] for key in keys if key.startswith("collect.generated.")}
    limits = {key.split(".")[1] for key in keys if key.startswith("validate.")}
    assert sorted(word for word in knobs | limits if f"`{word}`" not in text) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_value_beside_a_key_is_the_demos(page: Path, demo: Params) -> None:
    wrong = []
    for key, value in KEY_AND_VALUE.findall(page.read_text(encoding="utf-8")):
        found: Any = demo.model_dump(by_alias=True)
        for part in key.split("."):
            found = found[part]
        if found != float(value):
            wrong.append(f"{key}: the page says {value}, the demo has {found}")
    assert wrong == []


def test_the_methods_page_counts_updates_and_people_as_the_demo_does(demo: Params) -> None:
    text = (REPOSITORY / "docs/methods/seeking_the_shape.md").read_text(encoding="utf-8")
    block, people = demo.weigh_identities, demo.prepare.identities.train
    updates = updates_needed(
        people,
        initial_ratio=block.initial_ratio,
        growth_ratio=block.growth_ratio,
        keep_ratio=block.keep_ratio,
    )
    kept = int(block.initial_ratio * people) + (updates - 1) * int(block.growth_ratio * people)
    counted = f"{people} identities: {updates} updates, {kept} kept, {people - kept} dropped"
    assert counted in text
    assert f"after {(updates - 1) * block.interval_steps} steps" in text
