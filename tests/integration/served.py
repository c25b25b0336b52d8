"""The real server for tests: uvicorn on a free port in a thread of its own, over a log in a file."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import httpx
import uvloop
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection

from app.config import Settings
from app.feeds.base import Feed
from app.main import create_app, take_leave
from app.serving import Server, address_of, bind
from app.stream.deadlines import Guard
from events.log import EventLog

TOKEN: Final = "the-write-token-of-the-tests"
AUTHORISED: Final = {"Authorization": f"Bearer {TOKEN}"}
PATIENCE_S: Final = 20.0
"""How long a test waits for what must happen; on a machine of any speed it happens much sooner."""

LETS_GO: Final = httpx.Limits(keepalive_expiry=2.0)
"""A client lets go of an idle connection before the server does (5 s): else a request may meet its end."""

Json = dict[str, Any]


class Served:
    """A running server. `http` sends the server's token unless a request says otherwise."""

    def __init__(
        self, settings: Settings, feeds: Sequence[Feed] = (), guard: Guard | None = None
    ) -> None:
        self.app: FastAPI = create_app(settings, feeds)
        self._listener = bind("127.0.0.1", 0)
        self.url = address_of(self._listener).rstrip("/")
        self.socket_url = f"{self.url.replace('http', 'ws')}/ws/synapse"
        self._started = threading.Event()
        self._server = Server(self.app, self._started.set, lambda: take_leave(self.app), guard)
        self._thread = threading.Thread(target=self._run)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.http = httpx.Client(
            base_url=self.url, headers=AUTHORISED, timeout=PATIENCE_S, limits=LETS_GO
        )

    def __enter__(self) -> Self:
        self._thread.start()
        patience = time.monotonic() + PATIENCE_S
        while not self._started.wait(0.01):
            if not self._thread.is_alive() or time.monotonic() > patience:
                self._listener.close()
                raise RuntimeError("the server did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()
        self.stop()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self._loop = runner.get_loop()
            runner.run(self._server.serve([self._listener]))

    def stop(self) -> None:
        """Stop as a signal would make it stop; returns when it has."""
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the server did not stop"

    def call(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Run something on the server's own loop."""

        async def run() -> Any:
            return await work()

        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(PATIENCE_S)

    @property
    def log(self) -> EventLog:
        """The log that it serves; to be used on its own loop."""
        log: EventLog = self.app.state.services.log
        return log

    @property
    def connections(self) -> int:
        """How many connections it holds; another thread's number."""
        return len(self._server.server_state.connections)

    def head(self) -> int:
        """The log's last position."""
        return int(self.get("/api/events?limit=1")["head"])

    def get(self, path: str) -> Json:
        """The JSON answer to a GET that must succeed."""
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def post(self, path: str, body: Any, **headers: str) -> Json:
        """The JSON answer to a POST that must succeed."""
        answer = self.http.post(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def post_prices(self, *prices: Json) -> Json:
        """Record prices."""
        return self.post("/api/prices", {"prices": list(prices)})

    def events(self, query: str = "") -> list[Json]:
        """Every event that a query asks for, page after page."""
        return list(self._pages(query))

    def _pages(self, query: str) -> Iterator[Json]:
        after = 0
        while True:
            page = self.get(f"/api/events?limit=1000&after={after}&{query}")
            yield from page["events"]
            if len(page["events"]) < 1000:
                return
            after = page["next_after"]


@contextmanager
def serving(
    folder: Path, feeds: Sequence[Feed] = (), guard: Guard | None = None, **settings: Any
) -> Iterator[Served]:
    """Serve a log in `folder`, new or left there by an earlier server."""
    chosen = {"database_url": str(folder / "synapse.db"), "token": TOKEN, **settings}
    with Served(Settings(**chosen), feeds, guard) as served:
        yield served


def new_symbol(prefix: str = "T") -> str:
    """A symbol that no other test uses."""
    return f"{prefix}{uuid4().hex[:10].upper()}"


def day(number: int, hour: str = "21:00:00") -> str:
    """The close of day `number`, from 0, as RFC 3339."""
    months, days = divmod(number, 28)
    years, months = divmod(months, 12)
    return f"{2020 + years}-{months + 1:02}-{days + 1:02}T{hour}Z"


def daily(symbol: str, price: str, number: int, **more: Any) -> Json:
    """A ready daily bar without a range."""
    return {"symbol": symbol, "price": price, "timestamp": day(number), "bar_s": 86_400, **more}


def subscribe(*channels: str, msg_id: str = "sub-1", **payload: Any) -> str:
    """The text of a subscribe."""
    return message("subscribe", msg_id, channels=list(channels), **payload)


def message(kind: str, msg_id: str = "m-1", **payload: Any) -> str:
    """The text of a client's message."""
    envelope = {"msg_id": msg_id, "type": kind, "payload": payload, "direction": "c2s"}
    return json.dumps({**envelope, "timestamp": "2026-01-16T12:00:00Z"})


async def receive(socket: ClientConnection) -> Json:
    """The next message, as JSON."""
    return dict(json.loads(await receive_text(socket)))


async def receive_text(socket: ClientConnection) -> str:
    """The next message, as it came."""
    text = await asyncio.wait_for(socket.recv(), PATIENCE_S)
    assert isinstance(text, str)
    return text


async def receive_until(socket: ClientConnection, kind: str) -> list[Json]:
    """All messages up to the first of a type, that one included."""
    got = [await receive(socket)]
    while got[-1]["type"] != kind:
        got.append(await receive(socket))
    return got
