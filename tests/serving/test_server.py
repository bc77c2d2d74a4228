"""MLflow's own scoring server, started once, over a registered model."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from vfal.core.config.params import check, read_raw, with_overrides
from vfal.core.switches import switch_off
from vfal.serving.items import ROOT
from vfal.tracking.mirror import sync

from ..tracking.conftest import SMALL, write_lock, write_results
from .conftest import LIMITS, packed, picture, recording

READY_S = 120
Ask = Callable[..., tuple[int, Any]]
VOICE, FACE = packed(recording()), packed(picture())


@pytest.fixture(scope="module")
def registered(repository: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout whose MLflow has the model as champion."""
    folder = tmp_path_factory.mktemp("registered") / "checkout"
    shutil.copytree(trained, folder)
    raw = with_overrides(read_raw(repository / "params.yaml"), SMALL | LIMITS)
    write_results(folder)
    write_lock(folder, raw)
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.delenv("VFAL_STATE", raising=False)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        switch_off()
        assert "Model vfal version 1" in sync(check(raw))
        from mlflow import MlflowClient

        MlflowClient(f"sqlite:///{folder}/mlflow.db").set_registered_model_alias("vfal", "champion", "1")
        yield folder


@pytest.fixture(scope="module")
def ask(registered: Path) -> Iterator[Ask]:
    """Ask the server; HTTP status and answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = "models serve -m models:/vfal@champion --env-manager local --host 127.0.0.1 --port"
    environment = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{registered}/mlflow.db",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        ROOT: str(registered / "data/raw/tree"),
    }
    log = registered / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *command.split(), str(port)],
            cwd=registered, env=os.environ | environment, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/ping", server, log)
        yield lambda *rows, body=None: post(url, body or json.dumps({"dataframe_records": rows}).encode())
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def post(url: str, body: bytes) -> tuple[int, Any]:
    request = urllib.request.Request(f"{url}/invocations", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)["predictions"]
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)["message"]


def test_it_matches_verifies_and_embeds_paths_and_bytes_in_one_request(ask: Ask) -> None:
    status, (match, verify, embed) = ask(
        {"task": "match", "voice": "file:id01.wav", "gallery": ["file:id00.png", "file:id01.png", FACE]},
        {"task": "verify", "voice": "file:id01.wav", "face": "file:id01.png"},
        {"task": "embed", "voice": VOICE},
    )
    assert status == 200
    assert {one["candidate"] for one in match["ranking"]} == {0, 1, 2}
    same_pair = next(one for one in match["ranking"] if one["candidate"] == 1)
    assert verify["score"] == pytest.approx(same_pair["score"], abs=1e-6)
    assert 0 < verify["probability"] < 1 and verify["same"] == (verify["score"] >= verify["threshold"])
    assert len(embed["embedding"]) == 8


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"task": "guess", "voice": VOICE}, "row 0, task: found 'guess'. Known: match, verify, embed."),
        ({"voice": VOICE}, "row 0, task: missing; expected match, verify or embed."),
        ({"task": "verify", "voice": VOICE}, "row 0, face: missing; verify takes a voice and a face."),
        ({"task": "match", "voice": VOICE, "gallery": []},
         "row 0, gallery: found an empty list; expected at least one face."),
        ({"task": "match", "voice": VOICE, "gallery": 5},
         "row 0, gallery: found 5; expected a list of faces."),
        ({"task": "embed", "voice": 5},
         "row 0, voice: found 5; expected base64 or 'file:' and a path, as text."),
        ({"task": "embed", "voice": "no base64!"},
         "row 0, voice: neither base64 (Only base64 data is allowed) nor a path that begins with 'file:'."),
        ({"task": "embed", "voice": ""}, "row 0, voice: empty, 0 bytes."),
        ({"task": "embed", "voice": FACE},
         "row 0, voice: not a recording (Format not recognised); expected wav, flac, ogg or mp3."),
        ({"task": "embed", "face": packed(b"text")},
         "row 0, face: not an image; expected JPEG, PNG, WEBP, BMP, GIF or TIFF."),
        ({"task": "embed", "voice": packed(bytes(100_001))},
         "row 0, voice: found 100,001 bytes, expected at most 100,000."),
        ({"task": "embed", "voice": packed(recording(rate_hz=4000))},
         "row 0, voice: sample rate: found 4000 Hz, expected 8000 to 192000 Hz."),
        ({"task": "embed", "voice": "file:../../../mlflow.db"},
         "row 0, voice: 'file:../../../mlflow.db' leads out of the folder that the server may read."),
    ],
)  # fmt: skip
def test_what_it_cannot_answer_is_status_400_and_one_sentence(
    ask: Ask, row: dict[str, Any], sentence: str
) -> None:
    assert ask(row) == (400, sentence)


def test_one_bad_row_refuses_the_whole_request(ask: Ask) -> None:
    good = {"task": "embed", "voice": VOICE}
    assert ask(good, good, {"task": "embed", "face": VOICE})[1].startswith("row 2, face: not an image")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"dataframe_records": 5}', b'{"dataframe_records": []}']
)
def test_what_is_no_request_is_status_400_too(ask: Ask, body: bytes) -> None:
    assert ask(body=body)[0] == 400


def test_requests_at_the_same_time_do_not_disturb_each_other(ask: Ask) -> None:
    rows = [
        {"task": "verify", "voice": f"file:id0{a}.wav", "face": f"file:id0{b}.png"}
        for a, b in ((0, 1), (2, 3), (4, 5), (6, 7))
    ]
    alone = [ask(row)[1][0]["score"] for row in rows]
    with ThreadPoolExecutor(4) as pool:
        together = [found[1][0]["score"] for found in pool.map(ask, rows * 3)]
    assert together == pytest.approx(alone * 3, abs=1e-6)
