"""What a client may send to the real server: at each limit it is served, beyond it is told, and memory stays."""

# covers: app.api.limits, app.stream.abuse, app.stream.past

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.api.connections import CONNECTIONS_PAGE_MAX
from app.api.limits import BODY_BYTES_MAX
from app.api.params import PAGE_MAX
from app.queries.bars import POINTS_MAX
from app.queries.episodes import EPISODES_MAX
from app.stream.json_depth import JSON_DEPTH_MAX
from app.stream.rate import MESSAGES_PER_MINUTE_MAX
from app.stream.session import REQUESTS_MAX
from tests.integration.programs import Running
from tests.integration.served import TOKEN, Json, Served, message, subscribe

GROWTH_MIB_MAX: Final = 48
"""How much the server may grow under all floods together: some bodies at once, and what Python keeps of them."""

FLOODERS: Final = 6


# --- pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name", "most"),
    [
        ("/api/events", "limit", PAGE_MAX),
        ("/api/connections", "limit", CONNECTIONS_PAGE_MAX),
        ("/api/episodes?symbol=NONE", "limit", EPISODES_MAX),
        ("/api/bars?symbol=NONE", "points", POINTS_MAX),
    ],
)
def test_a_page_is_as_large_as_it_may_be_and_no_larger(
    served: Served, path: str, name: str, most: int
) -> None:
    joined = "&" if "?" in path else "?"
    assert served.http.get(f"{path}{joined}{name}={most}").status_code in {200, 404}
    refused = served.http.get(f"{path}{joined}{name}={most + 1}")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


# --- bodies --------------------------------------------------------------------------------------

TICK: Final = '{"symbol":"HOSTILE","price":%s,"timestamp":"2026-01-16T12:00:00Z"%s}'


def prices(price: str, more: str = "") -> str:
    return '{"prices":[%s]}' % (TICK % (price, more))


EMPTY: Final = ",".join(["[]"] * 200_000)
HOSTILE: Final[dict[str, str | bytes]] = {
    "huge float": prices("1e999999"),
    "huge integer": prices("9" * 10_000),
    "huge number in a string": prices('"%s"' % ("9" * 10_000)),
    "huge bar": prices('"1"', ',"bar_s":1e400'),
    "not a number": prices('"1"', ',"bar_s":NaN'),
    "infinity": prices("-Infinity"),
    "a key twice": prices('"1"', ',"price":[]'),
    "lone surrogate": prices('"1"', r',"open":"\ud800"'),
    "lone surrogate in a key": prices('"1"', r',"\udfff":1'),
    "NUL": prices('"1"', r',"high":"\u0000"'),
    "NUL in a key": prices('"1"', r',"\u0000":1'),
    "a list of nothing": f"[{EMPTY}]",
    "no UTF-8": b'{"prices":"\xff"}',
    "UTF-16": '{"prices":[]}'.encode("utf-16"),
    "deep": f'{{"prices":{"[" * JSON_DEPTH_MAX}{"]" * JSON_DEPTH_MAX}}}',
}
PATHS: Final = ("/api/prices", "/api/trades", "/api/alert-rules", "/api/session")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused_with_a_code(served: Served, name: str, path: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = served.http.post(path, content=HOSTILE[name], headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["code"]
    if name == "deep":
        assert (answer.status_code, answer.json()["code"]) == (413, "too_deep")


def raw_answer(served: Served, head: str, body: bytes) -> bytes:
    """What the server answers to a request as it stands."""
    host, port = served.url.removeprefix("http://").split(":")
    start = f"POST /api/prices HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(f"{start}Content-Type: application/json\r\n{head}\r\n\r\n".encode() + body)
        return client.recv(4_096)


def test_a_length_that_lies_is_not_believed(served: Served) -> None:
    assert b" 413 " in raw_answer(served, f"Content-Length: {BODY_BYTES_MAX + 1}", b"{")
    assert b" 400 " in raw_answer(served, "Content-Length: -1", b"{}")
    assert b" 400 " in raw_answer(served, "Content-Length: 5", b'{"pri and more')


def test_a_chunked_body_is_counted_as_it_comes(served: Served) -> None:
    chunk = b"%x\r\n" % 65_536 + b" " * 65_536 + b"\r\n"
    many = chunk * (BODY_BYTES_MAX // 65_536 + 1)
    assert b" 413 " in raw_answer(served, "Transfer-Encoding: chunked", many)


# --- memory --------------------------------------------------------------------------------------


def resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


async def flood(url: str, said: list[str]) -> int | None:
    """Say it all without listening; returns the close code."""
    async with connect(url, max_queue=None) as client:
        await _say(client, said)
        await client.wait_closed()
        return client.close_code


async def _say(client: ClientConnection, said: list[str]) -> None:
    try:
        for text in said:
            await client.send(text)
    except ConnectionClosed:
        return


async def flood_all(url: str) -> None:
    """Messages, nonsense, subscribes and bodies, each beyond its limit, several at once."""
    socket_url = url.replace("http", "ws").rstrip("/")
    pings = [message("ping")] * (MESSAGES_PER_MINUTE_MAX + 1)
    nonsense = ["[" * 30 + "x" * 1_000] * len(pings)
    names = [subscribe("prices", symbols=[f"S{n}"], history="none") for n in range(REQUESTS_MAX)]
    subscribes = (names * (len(pings) // REQUESTS_MAX + 1))[: len(pings)]
    floods = [
        flood(f"{socket_url}/ws/{where}", said)
        for where, said in (("synapse", subscribes), ("synapse", nonsense), ("replay", pings))
    ]
    assert set(await asyncio.gather(*floods)) == {4429}
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    bodies: list[Any] = [b" " * (BODY_BYTES_MAX + 1), b"[" * BODY_BYTES_MAX, b"[]," * 100_000]
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as asking:
        posts = [asking.post("/api/prices", content=bodies[n % 3]) for n in range(FLOODERS)]
        answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} <= {400, 413, 422}


@contextmanager
def program(folder: Path) -> Iterator[tuple[Running, str]]:
    with Running(
        "serve", "--port", "0", "--no-browser", folder=folder, env={"SYNAPSE_TOKEN": TOKEN}
    ) as running:
        yield running, running.url()


async def test_memory_stays_under_floods(tmp_path: Path) -> None:
    with program(tmp_path) as (running, url):
        await flood_all(url)
        before = resident_mib(running.process.pid)
        await flood_all(url)
        grown = resident_mib(running.process.pid) - before
        assert grown < GROWTH_MIB_MAX, f"{grown:.1f} MiB more"
        answer: Json = httpx.get(f"{url}/healthz").json()
        assert answer
