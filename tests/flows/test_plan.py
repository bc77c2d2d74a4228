from pathlib import Path
from typing import Any

import pytest
from flows.plan import read_plan
from ruamel.yaml import YAML

from vfal.core.errors import ConfigError
from vfal.core.files import write_json

TRAIN = {
    "name": "manual",
    "entrypoint": "flows/train.py:train",
    "parameters": {"targets": ["evaluate"]},
    "schedules": [{"cron": "0 2 * * *", "timezone": "UTC"}],
    "work_pool": {"name": "training"},
}


def plan(folder: Path, **changes: Any) -> Path:
    """A prefect.yaml with one deployment, some keys of it replaced."""
    path = folder / "prefect.yaml"
    write_json(path, {"deployments": [TRAIN | changes]})  # json is yaml
    return path


@pytest.fixture(autouse=True)
def at_the_repository(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)


def test_a_deployment_is_named_after_its_flow_and_itself(tmp_path: Path) -> None:
    [deployment] = read_plan(plan(tmp_path))
    assert (deployment.name, deployment.crons) == ("train/manual", ("0 2 * * *",))


def test_a_schedule_that_is_switched_off_starts_nothing(tmp_path: Path) -> None:
    off = [{"cron": "0 2 * * *", "active": False}]
    assert read_plan(plan(tmp_path, schedules=off))[0].crons == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": {"targts": []}}, r"flow train has no parameter 'targts'. Did you mean 'targets'\?"),
        ({"parameters": {"force": "maybe"}}, r"'train/manual': .*force"),
        ({"schedules": [{"cron": "0 25 * * *"}]}, r"schedule cron '0 25 \* \* \*': .*minute hour day"),
        ({"schedules": [{"cron": "0 2 * * *", "timezone": "Mars"}]}, r"schedule timezone 'Mars': "),
        ({"schedules": [{"every": "night"}]}, r"a schedule needs a `cron`"),
        ({"entrypoint": "flows/trian.py:train"}, r"there is no file flows/trian.py"),
        ({"entrypoint": "flows/train.py:run"}, r"flows/train.py has no flow 'run'"),
        ({"work_pool": {"name": "default"}}, r"work_pool.name is 'default', expected 'training'"),
    ],
)
def test_what_cannot_be_deployed_is_one_sentence(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read_plan(plan(tmp_path, **changes))
    assert str(caught.value).count("\n") == 0


def test_the_plan_of_the_repository_holds_the_four_deployments_and_one_pool(repository: Path) -> None:
    raw = YAML(typ="safe").load(repository / "prefect.yaml")
    assert [(one["entrypoint"], one["name"]) for one in raw["deployments"]] == [
        ("flows/train.py:train", "manual"),
        ("flows/retrain.py:retrain", "nightly"),
        ("flows/tune.py:tune", "manual"),
        ("flows/benchmark.py:benchmark", "weekly"),
    ]
    if all(Path(one["entrypoint"].partition(":")[0]).exists() for one in raw["deployments"]):
        assert [one.name for one in read_plan()] == [
            "train/manual",
            "retrain/nightly",
            "tune/manual",
            "benchmark/weekly",
        ]
