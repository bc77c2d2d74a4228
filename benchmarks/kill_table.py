"""Kill each part of a running system at random moments: every run ends in the bytes of an undisturbed one.

`kill_table.py [--kills 5] [--victim trainer ...]` works in a clone of its own with the tiny corpus, about a
minute for each kill, and prints a table. Between kills everything from `warm_up` on is forgotten, DVC's
caches too, so that each run has those stages to do; kills of trainer and dvc start from nothing at all.
Nobody may be left behind: after a kill, no stage may outlive the dvc that started it.
"""

import argparse
import os
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from comparing import REPOSITORY
from kill_victims import VICTIMS, free_port
from kill_yard import EARLY_CACHE, Yard


def _check_out(folder: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(folder)], check=True)
    (folder / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(folder / "reports")  # the committed results of another preset


def main() -> None:
    """Make the yard, run once undisturbed, then kill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=5, help="of each victim")
    parser.add_argument("--victim", action="append", choices=VICTIMS, help="these only")
    parser.add_argument("--seed", type=int, default=2026)
    asked = parser.parse_args()
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    with tempfile.TemporaryDirectory(prefix="vfal-kills-") as name:
        folder = Path(name).resolve() / "checkout"
        _check_out(folder)
        yard = Yard(folder, free_port(), random.Random(asked.seed))
        for command in (("vfal", "preset", "tiny"), ("dvc", "repro", "embed"), ("dvc", "repro")):
            if yard.run(*command):
                raise SystemExit((folder.parent / "last.log").read_text(encoding="utf-8"))
            if command[-1] == "embed":
                shutil.copytree(folder / ".dvc/cache", folder / EARLY_CACHE, copy_function=os.link)
        yard.wanted = yard.outputs()
        params = (folder / "params.yaml").read_text(encoding="utf-8")
        params = params.replace("  port: 4200", f"  port: {yard.port}").replace("[10, 60]", "[1]")
        (folder / "params.yaml").write_text(params, encoding="utf-8")
        table = Table("killed", "times", "hit", "signals", "left behind", "runs to the end", "same bytes")
        for victim in asked.victim or VICTIMS:
            kill, what, blows = VICTIMS[victim]
            row = kill(yard, victim, what, asked.kills, blows)
            signals = ", ".join(sorted(set(row.blows)))
            runs = ", ".join(map(str, row.more_runs))
            table.add_row(
                victim,
                str(asked.kills),
                str(row.hits),
                signals,
                str(row.left_behind),
                runs,
                f"{row.same} of {asked.kills}",
            )
            Console().print(table)


if __name__ == "__main__":
    main()
