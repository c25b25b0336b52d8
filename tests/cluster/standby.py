"""A PostgreSQL and its streaming standby, as an operator makes one: `pg_basebackup`, started, promoted when the first one dies."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.postgres import PostgresServer, apart, postgres_server
from tests.waiting import eventually
from tests.wires import socket_of

SYSTEM_USER: Final = "pgserver"
"""Under whom the wheel runs servers where the tests run as root, who may not run one."""


class Pair:
    """A primary and its standby.

    Attributes:
        primary: writes are for it.
        folder: of the standby.
    """

    def __init__(self, primary: PostgresServer, folder: Path) -> None:
        self.primary = primary
        self.folder = folder
        self._programs = Path(primary._server.bin_path)

    @property
    def socket(self) -> str:
        """The path at which the standby listens."""
        return f"{self.folder}/.s.PGSQL.5432"

    def url(self, database: str) -> str:
        """A database of the standby."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def begin(self) -> None:
        """Copy the primary, and follow it."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, SYSTEM_USER, SYSTEM_USER)
        place = socket_of(self.primary.url()).parent
        connection = ("-h", str(place), "-U", "postgres")
        self._run("pg_basebackup", *connection, "-D", *self._data, "-R", "-c", "fast")
        self._ctl("-o", f"-h '' -k {self.folder}", "-l", f"{self.folder}/said", "start")
        eventually(lambda: self._replicas() == 1)

    def synchronous(self) -> None:
        """From now on a commit is acknowledged when both have it on disk."""
        self.primary.run(
            "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"
        )
        state = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        eventually(lambda: self.primary.run(state)[0][0] == 1)

    def fall_behind(self) -> None:
        """The standby receives nothing any more; the primary goes on without it."""
        for statement in ("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"):
            apart(_execute(self.url("postgres"), statement))
        eventually(lambda: self._replicas() == 0)

    def lose_primary(self) -> None:
        """All of the primary ends at once, as if its machine was gone."""
        kill_all(self.primary.pid)

    def promote(self) -> None:
        """From now on the standby is the primary."""
        self._ctl("promote")

    def stop(self) -> None:
        """End the standby."""
        pid_file = self.folder / "data" / "postmaster.pid"
        if pid_file.exists():
            kill_all(int(pid_file.read_text().split()[0]))

    @property
    def _data(self) -> tuple[str]:
        return (str(self.folder / "data"),)

    def _ctl(self, *arguments: str) -> None:
        self._run("pg_ctl", "-w", "-D", *self._data, *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        user = SYSTEM_USER if os.geteuid() == 0 else None
        with (self.folder.parent / f"{self.folder.name}.log").open("a+") as said:
            done = subprocess.run(
                [str(self._programs / program), *arguments],
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                check=False,
            )
            said.seek(0)
            assert done.returncode == 0, said.read()

    def _replicas(self) -> int:
        return int(self.primary.run("SELECT count(*) FROM pg_stat_replication")[0][0])


def kill_all(pid: int) -> None:
    """End a server's first process and all that it started, at once."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in (pid, *map(int, children)):
        os.kill(each, signal.SIGKILL)
    eventually(lambda: state_of(pid) in {"Z", ""})


def state_of(pid: int) -> str:
    """Of a process: Z until its end was noticed, then nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


async def _execute(url: str, statement: str) -> Any:
    import asyncpg  # type: ignore[import-untyped]  # it has no types of its own

    connection = await asyncpg.connect(url)
    try:
        return await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def replicated() -> Iterator[Pair]:
    """A primary with a standby that follows it, not synchronously yet."""
    with postgres_server() as primary, tempfile.TemporaryDirectory(prefix="synapse-by-") as folder:
        pair = Pair(primary, Path(folder))
        pid = primary.pid
        try:
            pair.begin()
            yield pair
        finally:
            pair.stop()
            # One that was killed is only stopped without a word once its end was noticed.
            eventually(lambda: state_of(pid) != "Z")
