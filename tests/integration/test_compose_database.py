"""The role that compose.yaml's database makes for Synapse: it owns its database, which is enough, and may nothing else."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.dumps import dump, program
from tests.integration.programs import ROOT, Running, run_cli
from tests.postgres import PostgresServer, apart, postgres_server

SCRIPT: Final = ROOT / "deploy" / "compose" / "database.sql"
PASSWORD: Final = "it's\\0ours"
"""With what a script that only pastes it would stumble over."""


def at_first_start(
    server: PostgresServer, password: str | None
) -> subprocess.CompletedProcess[str]:
    """Run the script as the official image does."""
    env = {name: value for name, value in os.environ.items() if name != "POSTGRES_PASSWORD"}
    flags = ("--set=ON_ERROR_STOP=1", "--no-password", "--no-psqlrc", f"--file={SCRIPT}")
    return subprocess.run(
        [program("psql"), *flags, server.url()],
        env=env if password is None else {**env, "POSTGRES_PASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server("fsync=off") as server:
        server.run("ALTER ROLE postgres PASSWORD 'of the superuser'")
        assert at_first_start(server, None).returncode != 0, "without a password nothing is made"
        done = at_first_start(server, PASSWORD)
        assert done.returncode == 0, done.stderr
        rules = Path(server._server.pgdata) / "pg_hba.conf"
        rules.write_text(f"local all synapse scram-sha-256\n{rules.read_text()}")
        server.run("SELECT pg_reload_conf()")
        yield server


@pytest.fixture
def url(server: PostgresServer) -> str:
    return server.url("synapse", "synapse", PASSWORD)


def within(url: str, *statements: str) -> None:
    """Run statements as the role."""

    async def run() -> None:
        import asyncpg  # type: ignore[import-untyped]  # it has no types of its own

        connection = await asyncio.wait_for(asyncpg.connect(url), 20)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    apart(run())


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE DATABASE other",
        "CREATE ROLE other",
        "ALTER ROLE synapse SUPERUSER",
        "ALTER SYSTEM SET fsync = off",
        "SELECT pg_read_file('postgresql.conf')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SET session_replication_role = replica",
        "SELECT rolpassword FROM pg_authid",
    ],
)
def test_it_may_nothing_that_a_superuser_may(url: str, statement: str) -> None:
    with pytest.raises(Exception, match=r"permission denied|must be|Only roles"):
        within(url, statement)


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_it_comes_into_no_other_database(url: str, database: str) -> None:
    other = urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
    with pytest.raises(Exception, match=f'permission denied for database "{database}"'):
        within(other, "SELECT 1")


def test_it_comes_in_with_its_password_only_and_the_superuser_has_none(
    server: PostgresServer,
) -> None:
    with pytest.raises(Exception, match="password authentication failed"):
        within(server.url("synapse", "synapse", "another"), "SELECT 1")
    rows = server.run("SELECT rolname FROM pg_authid WHERE rolpassword IS NOT NULL")
    assert [row[0] for row in rows] == ["synapse"]


def test_all_that_synapse_does_needs_no_more(url: str, tmp_path: Path) -> None:
    prices = tmp_path / "prices.csv"
    prices.write_text("date,close\n2026-01-13,100\n2026-01-14,101.5\n")
    for command in (
        ("db", "upgrade", "--db", url),
        ("import", str(prices), "--symbol", "OWN", "--db", url),
        ("verify", "--db", url),
        ("db", "new-epoch", "--db", url),
    ):
        done = run_cli(*command, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    with Running("serve", "--db", url, "--port", "0", "--no-browser", folder=tmp_path) as node:
        assert node.url()


def test_a_backup_is_restored_as_the_page_says(
    server: PostgresServer, url: str, tmp_path: Path
) -> None:
    done = run_cli("db", "upgrade", "--db", url, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    dump(url, tmp_path / "synapse.dump")
    server.run("CREATE DATABASE restored OWNER synapse")
    into = urlunsplit(urlsplit(url)._replace(path="/restored"))
    restoring = [program("pg_restore"), "--exit-on-error", f"--dbname={into}"]
    subprocess.run([*restoring, str(tmp_path / "synapse.dump")], check=True)
    server.run(
        "ALTER DATABASE synapse RENAME TO put_aside", "ALTER DATABASE restored RENAME TO synapse"
    )
    done = run_cli("db", "upgrade", "--db", url, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "moved" in done.stdout + done.stderr
    assert run_cli("verify", "--db", url, folder=tmp_path).returncode == 0
