import shutil
import subprocess
from pathlib import Path

import pytest

from vfal.core.config.params import load_params, read_raw
from vfal.core.config.writing import rewritten, value_at
from vfal.core.errors import ConfigError
from vfal.core.files import read_json, write_json
from vfal.tuning import study
from vfal.tuning.proposal import proposal

from .conftest import SMALL, Checkout

VALUES = {"weigh_identities.keep_ratio": 0.8, "methods.seeking_the_shape.margin": 1.25}


@pytest.fixture
def params(repository: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(repository / "params.yaml", tmp_path))


def test_a_proposal_changes_its_values_and_no_other_character(params: Path) -> None:
    before = params.read_text().splitlines()
    text, changed = rewritten(params, VALUES)
    differ = [(old, new) for old, new in zip(before, text.splitlines(), strict=True) if old != new]
    assert [new.split("#")[0].split() for _, new in differ] == [["keep_ratio:", "0.8"], ["margin:", "1.25"]]
    assert all(old.partition("#")[2] == new.partition("#")[2] for old, new in differ)
    assert changed == VALUES


def test_the_diff_is_one_that_git_applies(params: Path) -> None:
    (params.parent / "proposal.diff").write_text(proposal(params, VALUES))
    expected, _ = rewritten(params, VALUES)
    subprocess.run(["git", "apply", "proposal.diff"], cwd=params.parent, check=True)
    assert params.read_text() == expected


def test_a_value_in_the_middle_of_a_line_is_replaced_alone(params: Path) -> None:
    key = "weigh_identities.hardness_initial.cosine"
    text, _ = rewritten(params, {key: 0.5})
    assert "hardness_initial: {classification: 14.0, cosine: 0.5, rank: 0.5} # of a person" in text
    assert proposal(params, {key: 0.5}).count("\n-") == 1


def test_a_file_laid_out_so_that_nothing_can_be_written_is_left_alone(params: Path) -> None:
    write_json(params, read_raw(params))  # json is yaml
    with pytest.raises(ConfigError, match=r"params.yaml: cannot write .* Give every key a line of its own"):
        rewritten(params, VALUES)


def test_nothing_to_change_is_an_empty_diff(params: Path) -> None:
    assert proposal(params, {"seeds": list(load_params(params).seeds)}) == ""


def test_values_that_params_refuse_are_not_proposed(params: Path) -> None:
    with pytest.raises(ConfigError, match="keep_ratio"):
        proposal(params, {"weigh_identities.keep_ratio": 0.1})


def real_params(folder: Path, repository: Path) -> None:
    """The repository's params.yaml with its comments, holding what the small one holds."""
    held = read_raw(folder / "params.yaml")
    shutil.copy(repository / "params.yaml", folder)
    wanted = {**read_raw(repository / "presets/tiny.yaml"), **{key.replace("__", "."): None for key in SMALL}}
    text, _ = rewritten(folder / "params.yaml", {key: value_at(held, key) for key in wanted})
    (folder / "params.yaml").write_text(text)


def test_applying_writes_the_winner_keeps_comments_and_can_be_repeated(
    checkout: Checkout, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = checkout()
    real_params(folder, repository)
    before = (folder / "params.yaml").read_text()
    study.tune()
    summary = read_json(folder / "reports/tune/margin_keep_delta/summary.json")
    assert (folder / "params.yaml").read_text() == before  # Optuna proposes
    study.apply()
    after = (folder / "params.yaml").read_text()
    assert after.count("#") == before.count("#")
    won, held = summary["values"], load_params()
    assert held.weigh_identities.keep_ratio == won["weigh_identities.keep_ratio"]
    assert held.methods.seeking_the_shape.margin == won["methods.seeking_the_shape.margin"]
    study.apply()
    assert (folder / "params.yaml").read_text() == after
    assert "already held trial" in capsys.readouterr().out
    study.tune(1)  # the study goes on: what it draws is nothing that it depends on


def test_applying_is_refused_when_params_changed_in_what_the_study_depended_on(checkout: Checkout) -> None:
    folder = checkout(tune__trials=1)
    study.tune()
    checkout(tune__trials=1, warm_up__steps=11)
    before = (folder / "params.yaml").read_bytes()
    with pytest.raises(ConfigError, match=r"made with warm_up.steps 10, params.yaml has 11"):
        study.apply()
    assert (folder / "params.yaml").read_bytes() == before
