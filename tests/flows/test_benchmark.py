import os
import subprocess
import sys
from pathlib import Path

import pytest

from vfal.dvc_stages import needs_of_stages

DVC_YAML = """
stages:
  base: {cmd: echo 1 > base.txt, outs: [base.txt]}
  ablate:
    foreach: [a, b]
    do: {cmd: "cat base.txt > model_${item}.txt", deps: [base.txt], outs: ["model_${item}.txt"]}
  evaluate:
    foreach: [a, b]
    do: {cmd: "test ! -e broken_${item} && cat model_${item}.txt > score_${item}.txt", deps: ["model_${item}.txt"], outs: ["score_${item}.txt"]}
  compare: {cmd: cat score_a.txt score_b.txt > reports.txt, deps: [score_a.txt, score_b.txt], outs: [reports.txt]}
"""  # noqa: E501
RUN = """
import json, logging, sys
from prefect.testing.utilities import prefect_test_harness
from flows.benchmark import benchmark
with prefect_test_harness(server_startup_timeout=120):
    try:
        print(json.dumps(benchmark(sys.argv[1], processes=2, sync=False)))
        print(json.dumps(benchmark(sys.argv[1], processes=2, sync=False)))
    except Exception as error:
        print(error)
"""


@pytest.fixture
def small_map(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run([Path(sys.executable).with_name("dvc"), "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "dvc.yaml").write_text(DVC_YAML)
    return tmp_path
