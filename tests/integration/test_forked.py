"""A program that is forked from a loaded process is as one that is started: what it says, and how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration import forked
from tests.integration.loaded_process import LOADED
from tests.integration.programs import Running, environment, run_cli, run_python

if sys.platform == "win32":
    pytest.skip("needs fork", allow_module_level=True)

SERVE = ("serve", "--port", "0", "--no-browser")
NO_STATE = """
import gc, threading
from rich.console import Console
print(threading.active_count(), sum(isinstance(one, Console) for one in gc.get_objects()))
print("app.cli" in sys.modules, "app.check.cli" in sys.modules)
"""


def started(*words: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*words],
        cwd=folder,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", ["--version", "serve --help", "sreve", "verify --db no.db"])
def test_it_says_and_ends_as_a_started_one_does(tmp_path: Path, arguments: str) -> None:
    words = arguments.split()
    real = started(sys.executable, "-m", "app.cli", *words, folder=tmp_path)
    fork = run_cli(*words, folder=tmp_path)
    shell = started(*forked.words("app.cli"), *words, folder=tmp_path)
    for done in (fork, shell):
        said = (done.returncode, done.stdout, done.stderr)
        assert said == (real.returncode, real.stdout, real.stderr)


def test_what_is_read_while_python_loads_is_read(tmp_path: Path) -> None:
    for done in (
        run_cli("verify", "--db", "no.db", folder=tmp_path, env={"SYNAPSE_FAILPOINT": "nowhere"}),
        started(*forked.words("app.log_file"), folder=tmp_path, SYNAPSE_FAILPOINT="nowhere"),
    ):
        assert done.returncode == 1
        assert "ValueError: SYNAPSE_FAILPOINT must be" in done.stderr


def test_nothing_is_loaded_that_depends_on_who_runs_it(tmp_path: Path) -> None:
    done = run_python(f"import sys, {', '.join(LOADED)}\n{NO_STATE}", folder=tmp_path)
    assert (done.stdout, done.stderr) == ("1 0\nFalse False\n", "")


def test_it_ends_by_the_signal_that_it_gets(tmp_path: Path) -> None:
    with Running(*SERVE, folder=tmp_path) as program:
        assert program.url()
        assert program.process.poll() is None
        program.process.send_signal(signal.SIGKILL)
        assert program.process.wait(20) == -signal.SIGKILL
        assert program.process.poll() == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_a_shell_a_signal_is_passed_on(tmp_path: Path, number: signal.Signals) -> None:
    command = [*forked.words("app.cli"), *SERVE]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(None), stderr=subprocess.PIPE, text=True
    ) as client:
        assert client.stderr is not None
        assert "Synapse" in client.stderr.readline()
        client.send_signal(number)
        assert "Traceback" not in client.stderr.read()
        assert client.wait(20) in {0, 130, -number}


def test_who_hangs_up_has_it_killed(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    command = [*forked.words("app.cli"), *SERVE]
    with (
        os.fdopen(reading) as said,
        subprocess.Popen(command, cwd=tmp_path, env=environment(None), stderr=writing) as client,
    ):
        os.close(writing)
        assert "Synapse" in said.readline()
        client.kill()
        said.read()  # to the end: all that wrote have gone
