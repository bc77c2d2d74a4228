import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from vfal.core.config.params import check, with_overrides
from vfal.stages import LEADERBOARD, REPEATED, STAGES

from .stage_map import Imports, Stage, covers, load, look_up, maps, read_map

BOARD = ("leaderboard", "board_page", "claims")  # modules of the report about the shelf
PRESETS = ("tiny", "demo", "full")


@pytest.fixture(scope="module")
def params(repository: Path) -> dict[str, Any]:
    return load(repository / "params.yaml")


@pytest.fixture(scope="module")
def stages(repository: Path, params: dict[str, Any]) -> list[Stage]:
    """All maps: what dvc.yaml holds, then the shelf's."""
    return [
        stage for text in maps(repository, check(params, "params.yaml")) for stage in read_map(text, params)
    ]


@pytest.fixture(scope="module")
def imports(repository: Path) -> Imports:
    return Imports(repository / "src")


def test_the_map_and_the_package_name_the_same_stages_in_the_same_order(
    repository: Path, stages: list[Stage]
) -> None:
    assert tuple(dict.fromkeys(stage.block for stage in stages)) == (*STAGES, *LEADERBOARD)
    modules = {path.stem for path in (repository / "src/vfal/stages").glob("*.py")} - {"__init__"}
    assert modules == {*STAGES, *LEADERBOARD}
    assert {stage.block for stage in stages if stage.item} == set(REPEATED)


def test_every_stage_has_a_block_of_params_and_a_test_file(repository: Path, params: dict[str, Any]) -> None:
    assert {*STAGES, *LEADERBOARD} <= set(params)
    tests = {path.name for path in (repository / "tests/stages").glob("test_*.py")}
    assert tests == {f"test_{name}.py" for name in (*STAGES, *LEADERBOARD)}


def test_every_stage_calls_itself_and_reads_its_own_block(stages: list[Stage]) -> None:
    for stage in stages:
        assert stage.cmd == f"exec vfal stage {stage.block} {stage.item}".strip()
        assert any(key == stage.block or key.startswith(f"{stage.block}.") for key in stage.params), (
            stage.name
        )


def test_every_stage_says_in_one_short_sentence_what_it_does(stages: list[Stage]) -> None:
    for stage in stages:
        assert 0 < len(stage.desc) <= 80, stage.name


def test_stage_modules_stay_short(repository: Path) -> None:
    for path in (repository / "src/vfal/stages").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 80, path.name


def test_no_two_stages_write_the_same_place(stages: list[Stage]) -> None:
    outs = [out for stage in stages for out in stage.outs]
    assert [out for out, times in Counter(outs).items() if times > 1] == []
    inside = [(out, other) for out in outs for other in outs if out != other and covers([other], out)]
    assert inside == []


def test_stages_write_to_data_models_and_reports_alone(stages: list[Stage]) -> None:
    for stage in stages:
        for out in stage.outs:
            assert Path(out).parts[0] in {"data", "models", "reports"} and ".." not in out, stage.name


def test_every_dependency_is_in_the_repository_or_made_by_an_earlier_stage(
    repository: Path, stages: list[Stage]
) -> None:
    made: list[str] = []
    for stage in stages:
        for dep in stage.deps:
            earlier = covers(made, dep) or any(covers([dep], out) for out in made)
            assert earlier or (repository / dep).exists(), f"{stage.name}: {dep}"
        made += stage.outs


def test_every_output_but_the_last_ones_is_read_by_somebody(stages: list[Stage]) -> None:
    deps = {dep for stage in stages for dep in stage.deps}
    for stage in stages:
        if stage.block in ("compare", "leaderboard"):
            continue
        read = any(covers([dep], out) or covers([out], dep) for out in stage.outs for dep in deps)
        assert read, stage.name


def test_every_parameter_a_stage_reads_exists(stages: list[Stage], params: dict[str, Any]) -> None:
    for stage in stages:
        for key in stage.params:
            look_up(params, key)


def test_the_dependencies_of_a_stage_cover_every_module_it_imports(
    stages: list[Stage], imports: Imports
) -> None:
    missing = {
        stage.name: sorted(file for file in imports.files_of(stage) if not covers(stage.deps, file))
        for stage in stages
    }
    assert {name: files for name, files in missing.items() if files} == {}


def test_no_stage_depends_on_code_that_nothing_repeated_with_it_imports(
    stages: list[Stage], imports: Imports
) -> None:
    used: dict[str, set[str]] = {}
    for stage in stages:
        used.setdefault(stage.block, set()).update(imports.files_of(stage))
    for stage in stages:
        code = [dep for dep in stage.deps if dep.startswith("src/")]
        idle = [dep for dep in code if not any(covers([dep], file) for file in used[stage.block])]
        assert idle == [], stage.name


def test_every_block_a_stage_reads_is_a_parameter_of_it(
    repository: Path, stages: list[Stage], params: dict[str, Any]
) -> None:
    package = repository / "src/vfal"
    blocks = set(params) - {"machine", "tracking"}  # they change where and how, not what
    for stage in stages:
        files = [package / f"stages/{stage.block}.py"]
        if stage.block == "compare":  # reports on what all other stages were asked to do
            files += [path for path in (package / "reporting").rglob("*.py") if path.stem not in BOARD]
        if stage.block == "leaderboard":
            files += [package / f"reporting/{name}.py" for name in BOARD]
        text = "".join(path.read_text(encoding="utf-8") for path in files)
        named = {"validate" if name == "validation" else name for name in re.findall(r"params\.(\w+)", text)}
        listed = {key.split(".")[0] for key in stage.params}
        assert (named & blocks) - listed == set(), stage.name


@pytest.mark.parametrize("folder", ["lists", "/elsewhere/official"])
def test_the_folder_of_files_that_params_name_is_a_dependency_of_who_reads_them(
    repository: Path, params: dict[str, Any], folder: str
) -> None:
    main = (repository / "dvc.yaml").read_text(encoding="utf-8")
    stages = read_map(main, with_overrides(params, {"prepare.lists": folder}))
    depending = {stage.name for stage in stages if folder in stage.deps}
    readers = {
        path.stem
        for path in (repository / "src/vfal/stages").glob("*.py")
        if re.search(r"params\.prepare\.lists|official_split\(", path.read_text(encoding="utf-8"))
    }
    assert depending == readers == {"prepare", "validate"}


def test_the_demo_preset_is_what_params_hold(repository: Path, params: dict[str, Any]) -> None:
    assert with_overrides(params, load(repository / "presets/demo.yaml")) == params


@pytest.mark.parametrize("preset", PRESETS)
def test_every_key_of_a_preset_exists_and_all_presets_set_the_same_keys(
    repository: Path, params: dict[str, Any], preset: str
) -> None:
    wanted = load(repository / f"presets/{preset}.yaml")
    with_overrides(params, wanted)
    assert list(wanted) == list(load(repository / "presets/demo.yaml"))


def test_there_are_no_other_presets(repository: Path) -> None:
    assert {path.stem for path in (repository / "presets").glob("*.yaml")} == set(PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_map_of_a_preset_trains_every_model_it_evaluates(
    repository: Path, params: dict[str, Any], preset: str
) -> None:
    main = (repository / "dvc.yaml").read_text(encoding="utf-8")
    stages = read_map(main, with_overrides(params, load(repository / f"presets/{preset}.yaml")))
    made = {out for stage in stages for out in stage.outs}
    for stage in stages:
        if stage.block == "evaluate":
            assert f"models/trained/{stage.item}" in made, stage.name
