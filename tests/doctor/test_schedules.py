import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from vfal.core.files import write_json
from vfal.doctor import schedules
from vfal.doctor.finding import Visit

from .conftest import told

NIGHTLY = {"name": "nightly", "entrypoint": "flows/retrain.py:retrain", "schedules": [{"cron": "0 2 * * *"}]}
MANUAL = {"name": "manual", "entrypoint": "flows/train.py:train", "schedules": []}


def plan(checkout: Path, *deployments: Any) -> None:
    write_json(checkout / "prefect.yaml", {"deployments": list(deployments)})


def changed(**schedule: Any) -> dict[str, Any]:
    return {**NIGHTLY, "schedules": [{"cron": "0 2 * * *", **schedule}]}


@pytest.fixture
def prefect(visit: Visit) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """What a Prefect server would answer, by path; it serves this checkout."""
    answers: dict[str, list[dict[str, Any]]] = {"deployments": [], "flow_runs": []}

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(answers[self.path.split("/")[2]]).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    write_json(visit.state / "flows/server.json", {"url": f"http://127.0.0.1:{server.server_port}/api"})
    yield answers
    server.shutdown()
    server.server_close()
    thread.join()


def test_without_a_plan_nothing_is_expected(visit: Visit) -> None:
    assert told(schedules.schedules(visit)) == [("ok", "no prefect.yaml: nothing starts by itself")]
    assert told(schedules.zombies(visit)) == [("ok", "no server is up")]


def test_a_schedule_without_a_server_is_named_with_its_next_time(checkout: Path, visit: Visit) -> None:
    plan(checkout, MANUAL, NIGHTLY)
    [finding] = schedules.schedules(visit)
    assert finding.level == "warn" and "make serve-flows" in finding.todo
    assert finding.found.startswith("2 deployments; retrain/nightly next ") and "02:00 UTC" in finding.found
    plan(checkout, MANUAL, changed(active=False))
    assert told(schedules.schedules(visit)) == [("ok", "2 deployments; none has a schedule; no server is up")]


@pytest.mark.parametrize(
    ("deployment", "found"),
    [
        (changed(cron="0 25 * * *"), "retrain/nightly: cron '0 25 * * *': "),
        (changed(cron="nightly"), "retrain/nightly: cron 'nightly': "),
        (changed(timezone="Mars/Olympus"), "retrain/nightly: no time zone 'Mars/Olympus'"),
        ({"name": "x"}, "a deployment needs name and entrypoint"),
        ("x", "a deployment needs name and entrypoint"),
    ],
)
def test_a_plan_that_cannot_work_is_refused(
    checkout: Path, visit: Visit, deployment: Any, found: str
) -> None:
    plan(checkout, deployment)
    [finding] = schedules.schedules(visit)
    assert finding.level == "no" and found in finding.found and finding.found.count("\n") == 0


def test_a_server_that_plans_no_run_for_a_cron_is_named(
    checkout: Path, visit: Visit, prefect: dict[str, list[dict[str, Any]]]
) -> None:
    plan(checkout, MANUAL, NIGHTLY)
    [(level, found)] = told(schedules.schedules(visit))
    assert level == "warn" and found.endswith("/api: train/manual, retrain/nightly")
    prefect["deployments"] = [
        {"id": name, "name": name, "entrypoint": one["entrypoint"], "paused": False}
        for name, one in (("manual", MANUAL), ("nightly", NIGHTLY))
    ]
    assert told(schedules.schedules(visit)) == [("no", "retrain/nightly has a cron and no run is planned")]
    prefect["flow_runs"] = [{"deployment_id": "nightly"}]
    assert [finding.level for finding in schedules.schedules(visit)] == ["ok"]
    prefect["deployments"][1]["paused"] = True
    assert told(schedules.schedules(visit)) == [("warn", "retrain/nightly is paused")]


def test_a_server_that_is_gone_is_named(
    checkout: Path, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(checkout, NIGHTLY)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    [finding] = schedules.schedules(visit)
    assert finding.level == "warn" and "http://127.0.0.1:9/api does not answer" in finding.found


def test_runs_without_a_process_are_named_and_closed_when_asked(
    checkout: Path, visit: Visit, repair: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "flows").mkdir()
    (checkout / "flows/__init__.py").touch()
    (checkout / "flows/zombies.py").write_text(
        "import json, pathlib, sys\n"
        "pathlib.Path('asked').write_text(' '.join(sys.argv[1:]))\n"
        "print(json.dumps([{'name': 'wise-owl', 'state': 'Running', 'since': '2026-11-20'}]))\n"
    )
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert told(schedules.zombies(visit)) == [
        ("no", "without a process: wise-owl (Running since 2026-11-20)")
    ]
    assert (checkout / "asked").read_text() == "--json"
    assert told(schedules.zombies(repair)) == [
        ("done", "closed as crashed: wise-owl (Running since 2026-11-20)")
    ]
    assert (checkout / "asked").read_text() == "--json --fix"
    (checkout / "flows/zombies.py").write_text("raise SystemExit('MachineError: no answer')\n")
    assert told(schedules.zombies(visit)) == [("warn", "not looked for (MachineError: no answer)")]
