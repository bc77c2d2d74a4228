import shutil
from pathlib import Path

import pytest

from vfal.core.config.params import load_params, read_raw
from vfal.core.errors import ConfigError
from vfal.presets import apply_preset


@pytest.fixture
def params(repository: Path, tmp_path: Path) -> Path:
    shutil.copytree(repository / "presets", tmp_path / "presets")
    return Path(shutil.copy(repository / "params.yaml", tmp_path))


def comments(path: Path) -> list[str]:
    return [line.partition("#")[2].strip() for line in path.read_text().splitlines() if "#" in line]


def test_a_preset_writes_its_values_and_says_which_changed(params: Path) -> None:
    before = load_params(params)
    changed = apply_preset("tiny", params)
    after = load_params(params)
    assert changed["warm_up.steps"] == after.warm_up.steps == 60 != before.warm_up.steps
    assert after.prepare.identities.total == 84 and after.seeds == (1,)
    assert list(after.ablate.variants) == ["without_weights"]
    assert after.weigh_identities.keep_ratio == before.weigh_identities.keep_ratio
    assert set(changed) <= set(read_raw(params.parent / "presets/tiny.yaml"))


@pytest.mark.parametrize("preset", ["tiny", "demo", "full"])
def test_every_comment_stays(params: Path, preset: str) -> None:
    before = comments(params)
    apply_preset(preset, params)
    assert comments(params) == before


def test_there_and_back_again_is_the_same_file(params: Path) -> None:
    before = params.read_text()
    for preset in ("tiny", "full", "tiny", "demo"):
        apply_preset(preset, params)
    assert params.read_text() == before


def test_a_preset_that_holds_already_changes_nothing(params: Path) -> None:
    before = params.stat().st_mtime_ns
    assert apply_preset("demo", params) == {}
    assert params.stat().st_mtime_ns == before


def test_an_unknown_preset_is_refused_with_the_nearest_one(params: Path) -> None:
    before = params.read_text()
    with pytest.raises(ConfigError, match=r"preset 'tinny': .* Did you mean 'tiny'?"):
        apply_preset("tinny", params)
    assert params.read_text() == before


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("retrain.stepz: 1\n", "unknown key 'retrain.stepz'. Did you mean 'retrain.steps'"),
        ("retrain.steps: many\n", "retrain.steps: found 'many'"),
        ("prepare.identities: {pretrain: 1, train: 9000, val: 1, test: 1}\n", "prepare.identities: "),
    ],
)
def test_a_preset_that_makes_no_sense_is_refused_before_it_is_written(
    params: Path, text: str, found: str
) -> None:
    (params.parent / "presets/odd.yaml").write_text(text)
    before = params.read_text()
    with pytest.raises(ConfigError, match=found):
        apply_preset("odd", params)
    assert params.read_text() == before
