"""`connect`: a log by the address of its server, or by its file."""

from importlib import import_module
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.client.errors import LogUnavailable
from app.client.log import Log
from app.client.source import HttpSource, Source

DEFAULT_LOG: Final = "synapse.db"
_OVER_HTTP: Final = ("http", "https")


def connect(target: str | Path = DEFAULT_LOG, *, token: str | None = None) -> Log:
    """A log to put questions to.

    Args:
        target: the address of a server (`http://127.0.0.1:8000`), or the log itself: a file, or the URL of a
            database. A file is read beside the server that writes it, and never written.
        token: of a server that wants one for reading.

    Raises:
        LogUnavailable: there is no such log, or it cannot be read by this program.
    """
    name = str(target)
    parts = urlsplit(name)
    if parts.scheme in _OVER_HTTP and "://" in name:
        if "@" in parts.netloc or parts.query or not parts.hostname:
            raise LogUnavailable(
                "the address must look like http://127.0.0.1:8000, with neither a user nor a query"
            )
        return Log(HttpSource(name, token))
    return Log(_of_file(name))


def _of_file(name: str) -> Source:
    # By name: the client itself knows nothing of what serves, and over HTTP none of it is loaded.
    source: Source = import_module("app.log_file").FileSource(name)
    return source
