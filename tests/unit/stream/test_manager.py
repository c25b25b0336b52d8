"""`TypedWebSocketManager` over plain ASGI: accept, count, fail alone, take leave."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket

from app.access.grant import ANYONE, GRANT
from app.stream.asgi import AsgiTransport
from app.stream.manager import RECONNECT_SPREAD_S, TypedWebSocketManager
from app.stream.transport import ClientGone
from events.errors import PositionGap
from events.log import EventLog
from tests.unit.events.builders import prices
from tests.unit.events.faulty_store import FaultyStore
from tests.unit.stream.room import context_of
from tests.unit.stream.talk import ping, subscribe


class Asgi:
    """A server's side of one socket, as plain ASGI."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.broken = False
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._changed = asyncio.Event()
        self.put({"type": "websocket.connect"})

    def put(self, received: Message) -> None:
        self._inbox.put_nowait(received)

    def say(self, text: str) -> None:
        self.put({"type": "websocket.receive", "text": text})

    async def until(self, kind: str) -> Message:
        while not (found := [one for one in self.sent if one["type"] == kind]):
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 5)
        return found[-1]

    async def send(self, sent: Message) -> None:
        if self.broken:
            raise OSError("planted: broken pipe")
        self.sent.append(sent)
        self._changed.set()

    def socket(self) -> WebSocket:
        scope: dict[str, Any] = {"type": "websocket", "path": "/", "headers": [], GRANT: ANYONE}
        return WebSocket(scope, self._inbox.get, self.send)

    def types(self) -> list[str]:
        return [json.loads(one["text"])["type"] for one in self.sent if "text" in one]


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore()


@pytest.fixture
async def manager(store: FaultyStore) -> AsyncIterator[TypedWebSocketManager]:
    log = await EventLog.open(store)
    await log.append(prices(2))
    manager = TypedWebSocketManager(context_of(log, 3_600))
    manager.start()
    yield manager
    await manager.stop()
    await log.close()


async def test_a_client_is_accepted_counted_and_served(manager: TypedWebSocketManager) -> None:
    asgi = Asgi()
    serving = asyncio.create_task(manager.serve(asgi.socket()))
    asgi.say(subscribe(history="all"))
    asgi.put({"type": "websocket.receive", "bytes": ping().encode()})
    while "pong" not in asgi.types():
        await asyncio.sleep(0)
    assert manager.connections == 1
    assert asgi.sent[0]["type"] == "websocket.accept"
    asgi.put({"type": "websocket.disconnect", "code": 1001})
    await asyncio.wait_for(serving, 5)
    assert manager.connections == 0


async def test_all_are_told_to_come_back_at_different_times(manager: TypedWebSocketManager) -> None:
    clients = [Asgi() for _ in range(5)]
    serving = [asyncio.create_task(manager.serve(asgi.socket())) for asgi in clients]
    while manager.connections < 5:
        await asyncio.sleep(0)
    manager.shut_down()
    await asyncio.wait_for(asyncio.gather(*serving), 5)
    delays = set()
    for asgi in clients:
        assert (await asgi.until("websocket.close"))["code"] == 1012
        told = json.loads(asgi.sent[-2]["text"])
        assert told["type"] == "shutdown"
        delays.add(told["payload"]["reconnect_after_s"])
    assert all(0.5 <= delay <= RECONNECT_SPREAD_S for delay in delays)
    assert len(delays) > 1


async def test_one_that_comes_while_leave_is_taken_is_told_at_once(
    manager: TypedWebSocketManager,
) -> None:
    manager.shut_down()
    asgi = Asgi()
    await asyncio.wait_for(manager.serve(asgi.socket()), 5)
    assert asgi.types() == ["shutdown"]
    assert (await asgi.until("websocket.close"))["code"] == 1012


async def test_one_clients_failure_closes_it_alone(
    manager: TypedWebSocketManager, store: FaultyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = Asgi(), Asgi()
    serving = [asyncio.create_task(manager.serve(asgi.socket())) for asgi in (good, bad)]
    store.unreadable = PositionGap("planted", 1, 3)
    bad.say(subscribe(history="all"))
    assert (await bad.until("websocket.close"))["code"] == 1011
    good.say(ping())
    while "pong" not in good.types():
        await asyncio.sleep(0)
    assert manager.connections == 1
    assert "connection_failed" in "".join(capsys.readouterr())
    good.put({"type": "websocket.disconnect", "code": 1000})
    await asyncio.wait_for(asyncio.gather(*serving), 5)


async def test_a_write_to_a_client_that_has_gone_ends_its_connection(
    manager: TypedWebSocketManager,
) -> None:
    asgi = Asgi()
    serving = asyncio.create_task(manager.serve(asgi.socket()))
    await asgi.until("websocket.accept")
    asgi.broken = True
    asgi.say(ping())
    await asyncio.wait_for(serving, 5)
    assert manager.connections == 0


async def test_saying_goodbye_to_one_that_has_gone_is_no_fault() -> None:
    asgi = Asgi()
    socket = asgi.socket()
    await socket.accept()
    transport = AsgiTransport(socket)
    asgi.broken = True
    with pytest.raises(ClientGone):
        await transport.send("text")
    await transport.close(1000, "bye")
