"""A thousand hostile connections at one server process: its memory stays flat, and healthy clients are served."""

# covers: app.stream.open_files, app.stream.guarded_http

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from app.api.limits import (
    BODIES_BYTES_MAX,
    BODY_BYTES_MAX,
    BODY_BYTES_NO_WRITE_MAX,
)
from app.stream.open_files import DESCRIPTORS_KEPT, raise_open_files
from tests.integration.guarded import UPGRADE, Client
from tests.integration.guarded_process import resident_kb
from tests.integration.served import AUTHORISED, PATIENCE_S, TOKEN, daily, subscribe

GROWTH_KB_MAX = 32 * 1_024
"""What a thousand hostile connections may cost the process at most, at any moment: 32 KiB each."""

EACH = 170
POST = b"POST /api/prices HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + TOKEN.encode()
HOSTILE = {
    "nothing": b"",
    "headers": b"GET /api/state HTTP/1.1\r\nHost: localhost\r\n",
    "handshake": UPGRADE,
    "body": POST + b"\r\nContent-Type: application/json\r\nContent-Length: 8000000\r\n\r\n[",
    "silence": UPGRADE.replace(b"/ws", b"/ws/synapse") + b"\r\n",
    "endless header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Endless: " + b"a" * 60_000,
}


@contextmanager
def process(folder: Path, **more: str) -> Iterator[tuple[int, int]]:
    """A server; its port and its process id."""
    told = {"SYNAPSE_DATABASE_URL": str(folder / "synapse.db"), "SYNAPSE_TOKEN": TOKEN}
    command = [sys.executable, "-m", "tests.integration.guarded_process"]
    environment = {**os.environ, **told, **more}
    root = Path(__file__).resolve().parents[2]
    running = subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert running.stdout is not None
    try:
        yield int(running.stdout.readline()), running.pid
    finally:
        running.terminate()
        running.wait(PATIENCE_S)
        running.stdout.close()


def write(port: int, number: int) -> int:
    """Post a price; the status of the answer, which says that it was taken, or that it may be sent again."""
    prices = {"prices": [daily("SPX", "5", number)]}
    url = f"http://127.0.0.1:{port}/api/prices"
    status = httpx.post(url, json=prices, headers=AUTHORISED, timeout=PATIENCE_S).status_code
    assert status in {200, 503}
    return status


def write_until(port: int, status: int) -> None:
    """Post the same price again and again, until that is the answer."""
    patience = time.monotonic() + PATIENCE_S
    while write(port, 1) != status:
        assert time.monotonic() < patience


def is_served(port: int, client: ClientConnection, number: int) -> bool:
    """Whether a price that is posted now arrives at a client that was there before."""
    assert write(port, number) == 200
    while (message := json.loads(client.recv(PATIENCE_S)))["type"] != "price_update":
        pass
    return bool(message["version"] == number + 1)


@contextmanager
def subscriber(port: int) -> Iterator[ClientConnection]:
    with connect(f"ws://127.0.0.1:{port}/ws/synapse") as client:
        client.send(subscribe("prices", history="none"))
        while json.loads(client.recv(PATIENCE_S))["type"] != "caught_up":
            pass
        yield client


@pytest.fixture(autouse=True)
def _many_files() -> None:
    raise_open_files()


def test_a_thousand_hostile_connections_cost_little_and_hold_up_nobody(tmp_path: Path) -> None:
    with process(tmp_path) as (port, pid), subscriber(port) as healthy:
        assert is_served(port, healthy, 0)
        before = resident_kb(pid)
        hostile = [Client(port).send(came) for came in HOSTILE.values() for _ in range(EACH)]
        assert is_served(port, healthy, 1)
        ends = [client.rest() for client in hostile]
        assert is_served(port, healthy, 2)
        assert resident_kb(pid, "VmHWM") - before <= GROWTH_KB_MAX
        assert all(not end for end in ends[:EACH])
        assert Counter(end.split()[1] for end in ends[EACH:]) == {b"408": 4 * EACH, b"101": EACH}
        for client in hostile:
            client.wire.close()


def swollen(method: str, path: str, *, announced: bool, size: int) -> bytes:
    """A request with a body that lacks its last byte."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    if announced:
        return f"{head}Content-Length: {size}\r\n\r\n".encode() + b" " * (size - 1)
    return f"{head}Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n".encode() + b" " * (size - 1)


def pour(port: int, request: bytes) -> Client:
    """One more client, that has sent all that the server took."""
    client = Client(port)
    with suppress(OSError):
        client.send(request)
    return client


def test_bodies_of_strangers_do_not_fill_the_memory(tmp_path: Path) -> None:
    kinds = [
        partial(swollen, method, path, announced=announced)
        for method, path in (("GET", "/healthz"), ("POST", "/api/session"))
        for announced in (True, False)
    ]
    sizes = {BODY_BYTES_MAX: 10, BODY_BYTES_NO_WRITE_MAX: 40}
    with process(tmp_path, SYNAPSE_READ="token") as (port, pid):
        assert write(port, 0) == 200
        before = resident_kb(pid)
        clients = [
            pour(port, request)
            for size, count in sizes.items()
            for kind in kinds
            for request in [kind(size=size)] * count
        ]
        assert write(port, 1) == 200
        assert resident_kb(pid, "VmHWM") - before <= GROWTH_KB_MAX
        for client in clients:
            client.wire.close()


def test_bodies_of_writers_have_so_much_room_and_it_is_given_back(tmp_path: Path) -> None:
    with process(tmp_path) as (port, pid):
        assert write(port, 0) == 200
        before = resident_kb(pid)
        long = swollen("POST", "/api/prices", announced=True, size=BODY_BYTES_MAX)
        long = long.replace(b"Host", f"Authorization: Bearer {TOKEN}\r\nHost".encode(), 1)
        clients = [pour(port, long) for _ in range(BODIES_BYTES_MAX // BODY_BYTES_MAX)]
        write_until(port, 503)  # a few bytes of the room are left
        clients += [pour(port, long) for _ in clients]
        assert resident_kb(pid, "VmHWM") - before <= BODIES_BYTES_MAX // 1_024 + GROWTH_KB_MAX
        for client in clients:
            client.wire.close()
        write_until(port, 200)


def test_connections_never_take_the_descriptors_that_the_log_needs(tmp_path: Path) -> None:
    most = 60
    limit = str(DESCRIPTORS_KEPT + most)
    with process(tmp_path, DESCRIPTORS=limit) as (port, pid), subscriber(port) as healthy:
        others = [Client(port) for _ in range(3 * most)]
        ended = [other for other in others[most:] if other.rest() == b""]
        assert len(ended) == len(others) - most
        held = list(Path(f"/proc/{pid}/fd").iterdir())
        assert len(held) < DESCRIPTORS_KEPT + most
        for other in others:
            other.rest()  # by its deadline, and there is room again
        assert is_served(port, healthy, 0)
        for other in others:
            other.wire.close()
