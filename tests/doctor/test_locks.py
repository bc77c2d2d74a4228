import json
import os
from pathlib import Path

from vfal.core.state import only_one
from vfal.doctor import locks
from vfal.doctor.finding import Visit

from .conftest import told


def record(checkout: Path, pid: int) -> Path:
    path = checkout / ".dvc/tmp/rwlock"
    writer = {"pid": pid, "cmd": "dvc repro"}
    alive = {"pid": os.getpid(), "cmd": "dvc status"}
    entries = {"write": {"/c/models/encoders": writer}, "read": {"/c/data/media": [writer, alive]}}
    path.write_text(json.dumps(entries))
    return path


def test_who_holds_a_lock_is_named_and_a_lock_file_alone_is_no_lock(visit: Visit) -> None:
    with only_one("retrain", "stage retrain"):
        assert told(locks.held(visit)) == [("warn", f"retrain: process {os.getpid()} is at work")]
    assert told(locks.held(visit)) == [("ok", "none held")]


def test_looking_at_a_lock_does_not_take_it(visit: Visit) -> None:
    locks.held(visit)
    with only_one("retrain", "stage retrain"):
        pass


def test_locks_of_dvc_that_a_dead_process_left_are_named(checkout: Path, visit: Visit, dead: int) -> None:
    record(checkout, dead)
    assert told(locks.dvc(visit)) == [
        ("warn", f"process {os.getpid()} works on media"),
        ("warn", f"locks left by the dead: process {dead} (media)"),
    ]


def test_only_the_locks_of_the_dead_are_dropped(checkout: Path, repair: Visit, dead: int) -> None:
    path = record(checkout, dead)
    assert told(locks.dvc(repair))[-1] == ("done", f"DVC's locks of the dead dropped: process {dead} (media)")
    alive = {"pid": os.getpid(), "cmd": "dvc status"}
    assert json.loads(path.read_text()) == {"write": {}, "read": {"/c/data/media": [alive]}}


def test_a_damaged_record_of_locks_is_removed_when_asked(checkout: Path, visit: Visit, repair: Visit) -> None:
    path = checkout / ".dvc/tmp/rwlock"
    path.write_text('{"write": {')
    assert locks.dvc(visit)[0].level == "no" and path.exists()
    assert locks.dvc(repair)[0].level == "done" and not path.exists()
