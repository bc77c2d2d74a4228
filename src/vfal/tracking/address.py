"""Where MLflow is, and whether it answers. MLflow itself is not imported: it would wait for minutes."""

import os
import socket
import sqlite3
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

ANSWER_S = 3.0  # a server that is up answers its health check in milliseconds
DATABASE, ARTIFACTS = "mlflow.db", "mlruns"
SQLITE = "sqlite:///"
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
    try:
        urllib.request.urlopen(f"{uri}/health", timeout=ANSWER_S).close()  # noqa: S310 (http by the caller)
    except urllib.error.HTTPError as answer:
        answer.close()  # a refusal is an answer: some servers have no health page
    except urllib.error.URLError as error:
        return f"the server does not answer ({error.reason})"
    except (OSError, HTTPException) as error:
        return f"the server does not answer ({error or type(error).__name__})"
    return ""


def _why_closed(database: Path) -> str:
    if not database.exists():
        nearest = next(folder for folder in database.parents if folder.exists())
        if not nearest.is_dir():
            return f"{nearest} is not a folder"
        return "" if os.access(nearest, os.W_OK) else f"folder {nearest} cannot be written"
    try:
        connection = sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True, timeout=ANSWER_S)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return str(error)
    return ""
