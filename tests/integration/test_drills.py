"""What docs/deploy.md tells an operator to do in need, done with the commands that it names; and the units."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol

import pytest
from alembic import command
from sqlalchemy import create_engine

from app.cli import main
from app.config import Settings
from app.migrate import NEWEST, READABLE, migration_config
from tests.integration.fronts import DEPLOY
from tests.integration.programs import Running, run_cli
from tests.integration.test_proxy_config import environment
from tests.unit.events.damage import EVENTS, make_log

PRICES: Final = "date,close\n2026-01-13,100\n2026-01-14,101.5\n"
UNITS: Final = ("synapse.service", "synapse-backup.service", "synapse-backup.timer")
EXPOSURE_MAX: Final = 25
"""Of the units, in tenths of `systemd-analyze security`; 100 is a service without any limits."""


def revision(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


class Done(Protocol):
    """Runs a command that must end with a code; returns all that it said."""

    def __call__(self, *arguments: str, code: int = 0) -> str: ...


@pytest.fixture
def done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Done:
    """In the test's folder, and in this process where it can: to start one takes a second."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SYNAPSE_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str, code: int = 0) -> str:
        if arguments[0] == "serve":  # it sets up the log of its whole process
            ran = run_cli(*arguments, folder=tmp_path)
            assert ran.returncode == code, ran
            return ran.stdout + ran.stderr
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        told = capsys.readouterr()
        assert stopped.value.code == code, told
        return told.out + told.err

    return run


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A log as the program before left it, in `synapse.db`."""
    path = tmp_path / "synapse.db"
    make_log(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.downgrade(migration_config(connection), READABLE)
    engine.dispose()
    return path


def test_an_upgrade_and_the_way_back(older: Path, done: Done) -> None:
    folder = older.parent
    (folder / "prices.csv").write_text(PRICES)
    done("backup", "before.db")
    assert f"revision {READABLE}" in done("doctor")
    with Running("serve", "--no-browser", "--port", "0", folder=folder) as running:
        running.url()
        assert revision(older) == NEWEST
        assert running.stop(signal.SIGTERM) == -signal.SIGTERM
    done("import", "prices.csv", "--symbol", "AFTER")
    assert f"proven: {EVENTS + 4} events" in done("verify")
    done("export", "after.ndjson", "--after", str(EVENTS))
    assert len((folder / "after.ndjson").read_text().splitlines()) == 4

    done("restore", "before.db", "--force")
    assert revision(older) == READABLE
    assert f"proven: {EVENTS} events" in done("verify")
    aside = next(folder.glob("synapse.db.bak-*Z"))
    assert f"proven: {EVENTS + 4} events" in done("verify", "--db", aside.name)
    assert "events recorded 4" in done("import", "prices.csv", "--symbol", "AFTER")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("serve", "--no-browser", "--port", "0"), 2),
        (("import", "p.csv", "--symbol", "X"), 2),
        (("verify",), 1),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_an_older_program_leaves_a_newer_log_alone(
    tmp_path: Path, done: Done, arguments: tuple[str, ...], code: int
) -> None:
    path = tmp_path / "synapse.db"
    make_log(path)
    (tmp_path / "p.csv").write_text(PRICES)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    said = done(*arguments, code=code)
    assert "newer" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert path.read_bytes() == before


def test_every_setting_of_the_environment_file_is_one() -> None:
    commented = re.findall(
        r"^#?(SYNAPSE_\w+)=", (DEPLOY / "synapse.env").read_text("utf-8"), re.MULTILINE
    )
    assert {
        name.removeprefix("SYNAPSE_").lower() for name in commented
    } <= Settings.model_fields.keys()
    assert environment()["SYNAPSE_READ"] == "token"
    assert len(commented) > len(environment()) > 5


def test_the_backup_unit_keeps_a_proven_copy(older: Path, done: Done) -> None:
    """Its own lines, by a shell, with this program for the installed one."""
    folder = older.parent
    (folder / "backups").mkdir()
    old = folder / "backups" / "old.db"
    old.touch()
    os.utime(old, (0, 0))
    unit = (DEPLOY / "synapse-backup.service").read_text("utf-8").replace("%%", "%")
    (copy,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    (tidy,) = re.findall(r"^ExecStartPost=(.*)$", unit, re.MULTILINE)
    copy = copy.replace("/opt/synapse/bin/synapse", f"{sys.executable} -m app.cli")
    env = os.environ | {"PYTHONPATH": str(DEPLOY.parent)}
    subprocess.run(
        ["sh", "-e", "-c", f"{copy}\n{tidy}"], cwd=folder, env=env, check=True, timeout=60
    )
    (kept,) = (folder / "backups").iterdir()
    assert re.fullmatch(r"\d{8}T\d{6}Z\.db", kept.name)
    done("verify", "--db", str(kept))


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a program in them that is there."""
    for name in UNITS:
        text = (
            (DEPLOY / name).read_text("utf-8").replace("/opt/synapse/bin/synapse", sys.executable)
        )
        (tmp_path / name).write_text(text)
    return tmp_path


def analysed(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(
        [tool, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def test_systemd_takes_the_units_as_they_are(units: Path) -> None:
    ran = analysed("verify", *(f"./{name}" for name in UNITS), folder=units)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


@pytest.mark.parametrize("unit", [name for name in UNITS if name.endswith(".service")])
def test_the_units_give_up_what_they_do_not_need(units: Path, unit: str) -> None:
    threshold = f"--threshold={EXPOSURE_MAX}"
    ran = analysed("security", "--offline=yes", "--no-pager", threshold, f"./{unit}", folder=units)
    assert ran.returncode == 0, ran.stdout.splitlines()[-1:]
