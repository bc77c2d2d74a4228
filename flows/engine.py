"""What the worker starts for a run (prefect.yaml, `command`): Prefect's engine, tied to the worker."""

import os
import runpy

from flows.alive import hold
from flows.command import without_traces
from flows.home import STARTED_BY_WORKER
from vfal.core.death import die_with_parent


def main() -> None:
    """Die with the worker, leave a proof of life, then be Prefect's engine."""
    die_with_parent()
    hold(os.environ[STARTED_BY_WORKER])
    without_traces()
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
