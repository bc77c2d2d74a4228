import socket
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from vfal.core.config.params import Params, check, with_overrides
from vfal.core.errors import ConfigError
from vfal.tracking.mirror import sync
from vfal.tracking.patience import BOUNDED

from .stored_runs import all_runs


@pytest.mark.usefixtures("without_figures")
class TestSilence:
    def at(self, small_raw: dict, uri: str) -> Params:
        return check(with_overrides(small_raw, {"tracking.uri": uri}))

    @pytest.fixture
    def closed_port(self) -> int:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return taken.getsockname()[1]

    @pytest.fixture
    def refusing(self):
        """A server that knows no foreign host, as MLflow's does not."""

        class Refusing(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(403)
                self.end_headers()
                self.wfile.write(b"Invalid Host header")

            def log_message(self, *_: object) -> None:
                pass

        with HTTPServer(("127.0.0.1", 0), Refusing) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()
            thread.join()

    def test_a_dead_server_is_a_note_that_names_it(self, small_raw, checkout, closed_port):
        uri = f"http://127.0.0.1:{closed_port}"
        said = sync(self.at(small_raw, uri))
        assert uri in said
        assert "`vfal sync` fills in later" in said

    def test_a_server_that_never_answers_is_a_note(self, small_raw, checkout, monkeypatch):
        monkeypatch.setattr("vfal.tracking.address.ANSWER_S", 0.2)
        with socket.create_server(("127.0.0.1", 0)) as mute:
            said = sync(self.at(small_raw, f"http://127.0.0.1:{mute.getsockname()[1]}"))
        assert "does not answer (timed out)" in said

    def test_a_server_that_dies_after_its_health_check_is_a_note(
        self, small_raw, checkout, closed_port, monkeypatch
    ):
        monkeypatch.setattr("vfal.tracking.mirror.why_silent", lambda address: "")
        monkeypatch.setitem(BOUNDED, "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        said = sync(self.at(small_raw, f"http://127.0.0.1:{closed_port}"))
        assert "was not updated" in said

    def test_what_a_dead_server_missed_is_filled_in_later(
        self, params, small_raw, client, closed_port, without_model
    ):
        sync(self.at(small_raw, f"http://127.0.0.1:{closed_port}"))
        sync(params)
        assert len(all_runs(client)) == 8

    def test_a_locked_database_is_a_note(self, params, checkout, monkeypatch):
        monkeypatch.setattr("vfal.tracking.address.ANSWER_S", 0.1)
        holder = sqlite3.connect(checkout / "mlflow.db", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        said = sync(params)
        holder.close()
        assert "database is locked" in said

    def test_a_database_file_that_is_no_database_is_a_note(self, params, checkout):
        (checkout / "mlflow.db").write_text("not a database, and long enough to be read as a page " * 40)
        assert "file is not a database" in sync(params)

    def test_a_damaged_page_of_the_database_is_a_note_that_says_what_to_do(
        self, params, checkout, without_model
    ):
        database = checkout / "mlflow.db"
        size = database.stat().st_size
        with database.open("r+b") as handle:
            handle.seek(4096)
            handle.write(b"\xff" * (size - 4096))
        said = sync(params)
        assert "disk image is malformed" in said
        assert "move mlflow.db away" in said

    def test_a_full_disk_is_a_note_and_the_next_sync_completes(
        self, params, client, monkeypatch, without_model
    ):
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device", "mlruns/roc.svg")

        with monkeypatch.context() as patched:
            patched.setattr("mlflow.MlflowClient.log_artifact", full)
            assert "No space left on device" in sync(params)
        assert "`vfal sync` fills in" not in sync(params)
        assert {run.info.status for run in all_runs(client)} == {"FINISHED"}
        assert len(all_runs(client)) == 8

    def test_a_server_that_refuses_says_so_in_its_own_words(self, small_raw, checkout, refusing):
        said = sync(self.at(small_raw, refusing))
        assert "the server refuses this address or password (403: Invalid Host header)" in said

    def test_a_password_reaches_the_server_and_is_not_printed(self, small_raw, checkout, refusing):
        said = sync(self.at(small_raw, refusing.replace("://", "://me:secret@")))
        assert "secret" not in said
        assert "403" in said

    def test_a_damaged_record_is_a_note_not_a_failure(self, params, client, checkout, without_model):
        (checkout / "data/prepared/identities.parquet").write_bytes(b"not a table")
        assert "identities.parquet: not a readable table" in sync(params)

    def test_a_folder_in_place_of_the_database_is_a_note(self, params, checkout):
        (checkout / "mlflow.db").unlink()
        (checkout / "mlflow.db").mkdir()
        assert "unable to open database file" in sync(params)

    def test_a_password_is_never_printed(self, small_raw, checkout, closed_port):
        said = sync(self.at(small_raw, f"http://me:secret@127.0.0.1:{closed_port}"))
        assert "secret" not in said

    @pytest.mark.parametrize(
        "uri", ["file:///srv/mlruns", "htp://127.0.0.1", "mlruns", "sqlite://", "databricks"]
    )
    def test_an_address_of_unknown_kind_is_refused_by_its_key(self, small_raw, uri):
        with pytest.raises(ConfigError, match=r"tracking\.uri: found"):
            self.at(small_raw, uri)

    def test_an_environment_variable_does_not_decide(
        self, params, client, monkeypatch, closed_port, without_model
    ):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{closed_port}")
        assert "MLFLOW_TRACKING_URI is set and not used" in sync(params)
        assert len(all_runs(client)) == 8

    def test_an_empty_checkout_has_nothing_to_mirror(self, params, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert "Nothing to mirror" in sync(params)
