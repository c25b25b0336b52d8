"""No log line ever shows a token, wherever a client put it and however much is logged."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import jwt
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.programs import ROOT, WELCOME
from tests.integration.served import PATIENCE_S, daily, message, subscribe

CANARY: Final = "canary-1f6b3c70a9d24e58"
BOOKED: Final = "Kq3vYt0xZr9-booked_JwR5nUc2LhB8sEaPdT7fMgXoVi1"
SECRET: Final = "signing-0123456789-0123456789-0123456789"
AROUND: Final = ("{}", "Bearer {}", "Authorization: Bearer {}", "token={}", '{{"t":"{}"}}', "/{}/x")

SERVER: Final = """
import logging, sys
from app import serving

configured, opened = serving.configure_logs, sys.argv.pop()

def loud(style, level):
    configured(style, level)
    for name in ("root", opened):
        logging.getLogger(name).setLevel(logging.DEBUG)

serving.configure_logs = loud
from app.cli import main
main()
"""
"""`synapse serve` with everything logged that is logged anywhere; the last argument names a logger to open."""


@contextmanager
def loud_server(folder: Path, logger: str) -> Iterator[tuple[str, Path]]:
    """A server and the file with all its output."""
    output = folder / "output.txt"
    own = {name: one for name, one in os.environ.items() if not name.startswith("SYNAPSE_")}
    book = folder / "tokens.toml"
    hashed = hashlib.sha256(BOOKED.encode()).hexdigest()
    book.write_text(f'[[token]]\nname = "desk"\nsha256 = "{hashed}"\nscopes = ["read"]\n')
    settings = {
        "SYNAPSE_TOKEN": CANARY,
        "SYNAPSE_TOKENS_FILE": str(book),
        "SYNAPSE_JWT_SECRET": SECRET,
        "SYNAPSE_LOG_LEVEL": "debug",
        "SYNAPSE_LOG_FORMAT": "json",
    }
    arguments = ["serve", "--no-browser", "--port", "0", logger]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, *arguments],
            cwd=folder,
            env={**own, **settings, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _url(process, output), output
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE_S) in {0, 130}
        finally:
            process.kill()
            process.wait(PATIENCE_S)


def _url(process: subprocess.Popen[bytes], output: Path) -> str:
    patience = time.monotonic() + PATIENCE_S
    while (found := WELCOME.search(output.read_text(encoding="utf-8"))) is None:
        assert process.poll() is None, output.read_text(encoding="utf-8")
        assert time.monotonic() < patience
        time.sleep(0.01)
    return found[1]


def send_by_http(url: str) -> None:
    """The token in the header where it belongs, and in every place where it does not."""
    body = {"prices": [daily("CANARY", "5", 0)]}
    bearer = {"Authorization": f"Bearer {CANARY}"}
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as http:
        assert http.post("/api/prices", json=body, headers=bearer).status_code == 200
        assert http.post("/api/session", json={"token": CANARY}).status_code == 200
        http.cookies.set("synapse_session", CANARY)
        wrong = [
            http.post("/api/session", json={"launch_code": CANARY}),
            http.post("/api/session", json={"launch_code": CANARY, "token": CANARY}),
            http.post(f"/api/session?launch={CANARY}", json={"token": CANARY}),
            http.post(f"/api/prices?token={CANARY}", json=body),
            http.post("/api/prices", json={**body, "token": CANARY}, headers=bearer),
            http.post("/api/prices", content=f"{CANARY}{{", headers=bearer),
            http.post("/api/prices", json=body, headers={"Authorization": f"Basic {CANARY}"}),
            http.post("/api/prices", json=body, headers={"Authorization": f"Bearer {CANARY}x"}),
            http.get(f"/api/state?token={CANARY}"),
            http.get(f"/api/{CANARY}"),
            http.get(f"/schemas/{CANARY}.json"),
        ]
    assert all(400 <= answer.status_code < 500 for answer in wrong)


async def send_by_socket(url: str, headers: dict[str, str], *texts: str) -> None:
    """Connect, say some things, and listen until each has been answered or the server hangs up."""
    address = f"{url.replace('http', 'ws')}"
    try:
        async with connect(address, additional_headers=headers) as socket:
            for text in texts:
                await socket.send(text)
            await socket.send(message("ping", "last"))
            while '"pong"' not in str(await asyncio.wait_for(socket.recv(), PATIENCE_S)):
                pass
    except (ConnectionClosed, InvalidStatus):
        return


async def send_by_sockets(url: str) -> None:
    """The same over both sockets, and one that there is not."""
    for path in ("/ws/synapse", "/ws/replay"):
        await send_by_socket(f"{url}{path}", {"Authorization": f"Bearer {CANARY}"})
        await send_by_socket(f"{url}{path}?token={CANARY}", {})
        await send_by_socket(f"{url}{path}", {"Sec-WebSocket-Protocol": f"bearer.{CANARY}"})
        await send_by_socket(
            f"{url}{path}",
            {},
            message("authenticate", token=CANARY),
            message("authenticate", tokken=CANARY),
            message("authenticate", CANARY),
            message(CANARY),
            message("subscribe", CANARY, channels=["regime"], user_id=CANARY),
            subscribe("regime", symbols=[CANARY]),
            subscribe(CANARY, msg_id=f"{CANARY}-more"),
            CANARY,
        )
        await send_by_socket(f"{url}{path}", {}, message("authenticate", token=f"{CANARY}x"))
    await send_by_socket(f"{url}/ws/{CANARY}", {})


def test_a_token_never_appears_in_a_log(tmp_path: Path) -> None:
    with loud_server(tmp_path, "root") as (url, output):
        send_by_http(url)
        asyncio.run(send_by_sockets(url))
    said = output.read_text(encoding="utf-8")
    assert "DEBUG:" in said
    assert [line for line in said.splitlines() if CANARY in line] == []


async def send_inside_other_text(url: str, token: str) -> None:
    """A token where a client's own words belong, with words around it; accepted and refused."""
    for path in ("/ws/synapse", "/ws/replay"):
        for around in AROUND:
            inside = around.format(token)
            own = json.loads(subscribe("regime", msg_id=inside))
            await send_by_socket(
                f"{url}{path}",
                {},
                json.dumps(own),
                json.dumps({**own, "user_id": inside}),
                subscribe("regime", msg_id=inside, user_id=inside),
                subscribe("none", msg_id=inside),
                message(inside, inside),
                message("replay_start", inside, channels=["regime"]),
            )


def test_no_kind_of_token_appears_inside_other_text(tmp_path: Path) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    # Short enough for a message's id, and too long for one.
    short = jwt.encode({"exp": ends, "scope": "read"}, SECRET, "HS256")
    long = jwt.encode({"exp": ends, "scope": "read", "sub": "x" * 90}, SECRET, "HS256")
    with loud_server(tmp_path, "root") as (url, output):
        for token in (CANARY, BOOKED, short, long):
            asyncio.run(send_inside_other_text(url, token))
    said = output.read_text(encoding="utf-8")
    assert said.count('"[token]"') >= 4 * len(AROUND)
    for part in (CANARY, BOOKED, *short.split("."), *long.split(".")):
        assert [line for line in said.splitlines() if part[:20] in line] == []


def test_a_logger_that_is_not_kept_quiet_is_found(tmp_path: Path) -> None:
    with loud_server(tmp_path, "uvicorn.error") as (url, output):
        asyncio.run(send_by_sockets(url))
    assert CANARY in output.read_text(encoding="utf-8")
