"""The health check of a container finds the server by its settings, with and without TLS, and says when it is not well."""

# covers: app.health_check, app.serving

import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.programs import Running, environment
from tests.integration.test_exposed import make_tls

BEHIND_A_PROXY = {"SYNAPSE_TRUSTED_PROXIES": "10.0.0.5"}


def checked(folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The check, as a container runs it."""
    return subprocess.run(
        [sys.executable, "-m", "app.health_check"],
        cwd=folder,
        env=environment(env),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"SYNAPSE_HOST": ""},
        {"SYNAPSE_HOST": "localhost"},
        {"SYNAPSE_HOST": "127.0.0.3"},
        {"SYNAPSE_HOST": "::1"},
        {"SYNAPSE_HOST": "0.0.0.0", **BEHIND_A_PROXY},
        {"SYNAPSE_HOST": "::", **BEHIND_A_PROXY},
        {"SYNAPSE_HOST": "127.0.0.1", "tls": "own"},
        {"SYNAPSE_HOST": "0.0.0.0", "tls": "own"},
    ],
    ids=lambda env: " ".join(f"{name}={value}" for name, value in env.items()) or "as it is",
)
def test_a_server_is_found_where_its_settings_put_it(tmp_path: Path, env: dict[str, str]) -> None:
    if env.pop("tls", None) is not None:
        env |= make_tls(tmp_path).settings()
    if ":" in env.get("SYNAPSE_HOST", "") and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with Running("serve", "--port", "0", "--no-browser", folder=tmp_path, env=env) as program:
        env["SYNAPSE_PORT"] = program.url().rpartition(":")[2]
        done = checked(tmp_path, env)
        assert (done.returncode, done.stderr) == (0, "")
        program.stop(signal.SIGTERM)
    done = checked(tmp_path, env)
    assert done.returncode == 1
    assert done.stderr.startswith("synapse: ConnectionRefusedError: ")


def test_one_that_accepts_and_is_silent_is_not_well(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.listen()
        env = {"SYNAPSE_PORT": str(silent.getsockname()[1])}
        command = "import app.health_check as h; h.ANSWER_S_MAX = 0.05; raise SystemExit(h.main())"
        done = subprocess.run(
            [sys.executable, "-c", command],
            env=environment(env),
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "synapse: TimeoutError: timed out\n")


def test_a_port_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    done = checked(tmp_path, {"SYNAPSE_PORT": "http"})
    assert done.returncode == 1
    assert done.stderr.startswith("synapse: ValueError: ")
    assert len(done.stderr.splitlines()) == 1
