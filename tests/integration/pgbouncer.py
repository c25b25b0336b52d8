"""A real PgBouncer in transaction mode before a test's server, where the machine has one."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.ports import free_port
from tests.postgres import PATIENCE_S, name_of
from tests.wires import socket_of

PROGRAM: Final = os.environ.get("SYNAPSE_PGBOUNCER") or shutil.which("pgbouncer")
"""`SYNAPSE_PGBOUNCER` names one that is not on the PATH."""

SETTINGS: Final = """
[databases]
{database} = host={host} dbname={database} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {servers}
server_reset_query =
logfile = {folder}/said
pidfile = {folder}/pid
"""


@contextmanager
def pooled(url: str, servers: int = 2) -> Iterator[str]:
    """The URL of the same database behind a PgBouncer with so many connections to the server."""
    if PROGRAM is None:
        pytest.skip("there is no pgbouncer on the PATH, and SYNAPSE_PGBOUNCER names none")
    with tempfile.TemporaryDirectory(prefix="synapse-pool-") as name:
        folder, port, database = Path(name), free_port(), name_of(url)
        settings = folder / "pgbouncer.ini"
        host = socket_of(url).parent
        settings.write_text(
            SETTINGS.format(database=database, host=host, port=port, servers=servers, folder=folder)
        )
        # It will not run as root; whoever runs the server may open its socket.
        user = host.owner() if os.geteuid() == 0 else None
        if user:
            shutil.chown(folder, user)
        pooler = subprocess.Popen([PROGRAM, "-q", str(settings)], user=user)
        try:
            _wait_for(port, pooler)
            yield f"postgresql://postgres@127.0.0.1:{port}/{database}"
        finally:
            pooler.terminate()
            pooler.wait()


def _wait_for(port: int, pooler: "subprocess.Popen[bytes]") -> None:
    patience = time.monotonic() + PATIENCE_S
    while True:
        assert pooler.poll() is None, "it did not start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < patience
            time.sleep(0.02)
        else:
            return
