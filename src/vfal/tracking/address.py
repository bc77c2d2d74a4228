"""Where MLflow is, and whether it answers. MLflow itself is not imported: it would wait for minutes."""

import base64
import os
import socket
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urlsplit

ANSWER_S = 3.0  # a server that is up answers its health check in milliseconds
WORDS = 120  # of a refusal
DATABASE, ARTIFACTS = "mlflow.db", "mlruns"
SQLITE = "sqlite:///"
DAMAGED = ("file is not a database", "disk image is malformed")
PORTS = {"postgresql": 5432, "mysql": 3306}


@dataclass(frozen=True)
class Address:
    """An MLflow to write to.

    `artifacts` is the folder for files when the database is a local file, and None where a server
    decides itself. `shown` is the uri without its password.
    """

    uri: str
    artifacts: Path | None

    @property
    def database(self) -> Path | None:
        """The sqlite file, if it is one."""
        return Path(self.uri.removeprefix(SQLITE)) if self.uri.startswith(SQLITE) else None

    @property
    def shown(self) -> str:
        """The uri as it may be printed."""
        password = urlsplit(self.uri).password
        return self.uri.replace(f":{password}@", ":***@") if password else self.uri


def resolve(uri: str, folder: Path) -> Address:
    """The address of `tracking.uri`; empty is `mlflow.db` in `folder`, and relative files lie there too."""
    if uri and not uri.startswith(SQLITE):
        return Address(uri.rstrip("/"), None)
    database = folder.absolute() / (uri.removeprefix(SQLITE) or DATABASE)
    return Address(f"{SQLITE}{database}", database.parent / ARTIFACTS)


def why_silent(address: Address) -> str:
    """Why nothing can be written there now, found within `ANSWER_S` seconds; empty when it can."""
    if address.database is not None:
        return _why_closed(address.database)
    parts = urlsplit(address.uri)
    if parts.scheme in ("http", "https"):
        return _why_no_server(address.uri)
    port = parts.port or PORTS[parts.scheme.partition("+")[0]]
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", port), timeout=ANSWER_S).close()
    except OSError as error:
        return f"the database does not answer ({error})"
    return ""


def _why_no_server(uri: str) -> str:
    # Not its health page: that one answers to anybody, also where every other request is refused.
    status, told = _ask(uri, "experiments/get?experiment_id=0")
    if status in (401, 403):
        return f"the server refuses this address or password ({status}: {told})"
    if status >= 500:
        return f"the server is in trouble ({status}: {told})"
    return "" if status else f"the server does not answer ({told})"


def _ask(uri: str, path: str) -> tuple[int, str]:
    """Status and first words of a server's answer to a question of its REST interface; 0 without one."""
    parts = urlsplit(uri)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    request = urllib.request.Request(f"{bare}/api/2.0/mlflow/{path}")  # noqa: S310 (http by the caller)
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:  # noqa: S310
            return answer.status, ""
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read(WORDS).decode("utf-8", "replace").partition("\n")[0].strip()
    except urllib.error.URLError as error:
        return 0, str(error.reason)
    except (OSError, HTTPException) as error:
        return 0, str(error) or type(error).__name__


def has_run(address: Address, run_id: str) -> bool:
    """Whether MLflow still holds a run, asked without importing it; true where that cannot be asked."""
    if address.database is not None:
        try:
            with closing(sqlite3.connect(f"{address.database.as_uri()}?mode=ro", uri=True)) as connection:
                found = connection.execute("SELECT 1 FROM runs WHERE run_uuid = ?", (run_id,)).fetchone()
        except sqlite3.Error:
            return False
        return found is not None
    if urlsplit(address.uri).scheme in ("http", "https"):
        return _ask(address.uri, f"runs/get?run_id={run_id}")[0] == 200
    return True


def _why_closed(database: Path) -> str:
    if not database.exists():
        nearest = next(folder for folder in database.parents if folder.exists())
        if not nearest.is_dir():
            return f"{nearest} is not a folder"
        return "" if os.access(nearest, os.W_OK) else f"folder {nearest} cannot be written"
    try:
        uri = f"{database.as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=ANSWER_S)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.DatabaseError as error:
        return f"{error}{damage(error, database)}"
    return ""


def damage(error: Exception, database: Path | None) -> str:
    """What to do about a damaged sqlite file, where that is what an error tells."""
    if database is None or not any(words in str(error) for words in DAMAGED):
        return ""
    return f"; move {database.name} away and run `vfal sync`, which writes a new one from the records on disk"
