"""The link that a started server prints and opens: it signs in one browser, once, and is in no log."""

# covers: app.commands.serve, app.access.sessions

import json
import re
import signal
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from app.access.sessions import COOKIE
from tests.integration.programs import Running

LINK = re.compile(r"open (http://\S+/)#launch=(\S+) ")
BODY = {"symbol": "LINK", "regime": "BULL"}


def serve(folder: Path, *options: str, env: Mapping[str, str] | None = None) -> Running:
    return Running("serve", "--port", "0", *options, folder=folder, env=env)


def sign_in(url: str, code: str) -> httpx.Response:
    return httpx.post(f"{url}/api/session", json={"launch_code": code})


def write(url: str, cookie: str) -> int:
    headers = {"Cookie": cookie, "Origin": url}
    return httpx.post(f"{url}/api/broadcast/regime", json=BODY, headers=headers).status_code


def stopped(program: Running) -> str:
    """Stop it; returns all that it said."""
    assert program.stop(signal.SIGINT) in {0, 130}
    return program.stderr


def test_the_printed_link_signs_in_once_and_for_the_next_start_too(tmp_path: Path) -> None:
    with serve(tmp_path, "--no-browser") as first:
        url = first.url()
        first.wait_for(lambda: LINK.search(first.stderr) is not None)
        found = LINK.search(first.stderr)
        assert found is not None
        assert found[1] == f"{url}/"
        answer = sign_in(url, found[2])
        ((name, value),) = answer.cookies.items()
        assert name.startswith(COOKIE)
        cookie = f"{name}={value}"
        assert write(url, cookie) == 200
        assert sign_in(url, found[2]).status_code == 401
        assert "To sign a browser in, open " in first.stderr
        assert "signs in one browser, once, within 10 minutes" in first.stderr
        assert "The server's own token is in synapse.db.token" in first.stderr
        assert stopped(first).count(found[2]) == 1
    with serve(tmp_path, "--no-browser") as second:
        url = second.url()
        assert sign_in(url, found[2]).status_code == 401
        assert write(url, cookie) == 200
        stopped(second)


def test_a_log_for_machines_holds_no_link_and_the_browser_gets_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, program = tmp_path / "opened", tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n')
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    with serve(tmp_path, env={"SYNAPSE_LOG_FORMAT": "json"}) as running:
        url = running.url()
        running.wait_for(opened.exists)
        address, code = opened.read_text().strip().split("#launch=")
        assert address == f"{url}/"
        assert sign_in(url, code).status_code == 200
        said = stopped(running)
    assert "launch=" not in said
    assert code not in said
    assert "session_opened" in said
    (serving,) = [line for line in said.splitlines() if "serving" in line]
    told = json.loads(serving)
    assert told["event"] == "serving"
    assert (told["url"], told["token_file"]) == (f"{url}/", "synapse.db.token")
    assert all(json.loads(line) for line in said.splitlines())
