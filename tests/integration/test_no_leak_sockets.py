"""No socket, however its client came in, says anything of a channel that the client's token does not cover."""

# covers: app.stream.manager, app.api.doorway

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.access.grant import Scope
from events.catalog import CATALOG, Channel
from tests.integration.leaking import (
    ALL,
    EVERY_CHANNELS,
    SOME_CHANNELS,
    WORDS,
    Channels,
    Leaking,
    heard,
    named,
    new_event,
    token_of,
)
from tests.integration.served import PATIENCE_S, Json, message, receive, receive_text, subscribe

READ: Final = frozenset({Scope.READ})
WAYS: Final = ("header", "subprotocol", "message", "cookie")
PATHS: Final = ("/ws/synapse", "/ws/replay")


@asynccontextmanager
async def opened(room: Leaking, path: str, token: str, way: str) -> AsyncIterator[ClientConnection]:
    """A socket whose client shows a token in one of the ways."""
    more: dict[str, Any] = {}
    if way == "header":
        more["additional_headers"] = {"Authorization": f"Bearer {token}"}
    elif way == "subprotocol":
        more["subprotocols"] = ["synapse", f"synapse.bearer.{token}"]
    elif way == "cookie":
        more["additional_headers"] = await asyncio.to_thread(room.cookie, token)
    url = room.served.url.replace("http", "ws") + path
    async with connect(url, **more) as socket:
        assert socket.subprotocol == ("synapse" if way == "subprotocol" else None)
        if way == "message":
            await socket.send(message("authenticate", token=token))
        yield socket


async def until(socket: ClientConnection, *kinds: str, **having: Any) -> list[Json]:
    """All messages up to one of some types, with these in its payload."""
    got = [await receive(socket)]
    while got[-1]["type"] not in kinds or not having.items() <= got[-1]["payload"].items():
        got.append(await receive(socket))
    return got


def others(channels: Channels) -> list[Channel]:
    return [channel for channel in Channel if channel not in channels]


def assert_only(messages: list[Json], channels: Channels) -> None:
    found = heard(str(messages))
    assert found == channels, f"it tells of {sorted(found)}"


async def refusals(socket: ClientConnection, kind: str, channels: Channels) -> list[Json]:
    """What is answered to who names channels that are not covered."""
    got = []
    for number, channel in enumerate(others(channels)):
        for wanted in ([channel], [*channels, channel]):
            await socket.send(message(kind, f"bad-{number}", channels=wanted))
            got.append(await receive(socket))
    return got


@pytest.mark.parametrize("channels", EVERY_CHANNELS, ids=named)
async def test_a_socket_tells_of_what_is_covered(room: Leaking, channels: Channels) -> None:
    for way in WAYS if channels in SOME_CHANNELS else WAYS[:1]:
        async with opened(room, PATHS[0], token_of(READ, channels), way) as socket:
            for refused in await refusals(socket, "subscribe", channels):
                assert refused["type"] == "error"
                assert refused["payload"]["code"] == "forbidden_channel"
                assert not heard(str(refused))
            await socket.send(subscribe(*channels, history="all"))
            assert_only(await until(socket, "caught_up"), channels)


@pytest.mark.parametrize("channels", EVERY_CHANNELS, ids=named)
async def test_a_replay_tells_of_what_is_covered_and_so_does_its_snapshot(
    room: Leaking, channels: Channels
) -> None:
    for way in WAYS if channels in SOME_CHANNELS else WAYS[:1]:
        async with opened(room, PATHS[1], token_of(READ, channels), way) as socket:
            for refused in await refusals(socket, "replay_start", channels):
                assert refused["payload"]["code"] == "forbidden_channel"
            start = {"channels": list(channels), "speed": "max"}
            await socket.send(message("replay_start", "start", **start))
            got = await until(socket, "replay_state", status="finished")
            head = got[-1]["payload"]["end"]
            await socket.send(message("replay_seek", "seek", position=head))
            got += await until(socket, "replay_snapshot", position=head)
            for kind in ("replay_previous_shift", "replay_next_shift"):
                await socket.send(message(kind, kind))
                got += await until(socket, "error", "replay_snapshot", request_msg_id=kind)
            assert_only(got, channels)


async def test_what_is_new_goes_to_those_who_may_see_it(room: Leaking) -> None:
    async def follow(channels: Channels, ready: asyncio.Barrier) -> str:
        async with opened(room, PATHS[0], token_of(READ, channels), "header") as socket:
            await socket.send(subscribe(*channels, history="none"))
            await until(socket, "caught_up")
            await ready.wait()
            # A heartbeat tells how far a client was served.
            texts = [await receive_text(socket)]
            while '"type":"heartbeat"' not in texts[-1] or f'"head":{head}' not in texts[-1]:
                texts.append(await receive_text(socket))
            return "".join(texts)

    head = await asyncio.to_thread(room.served.head) + len(CATALOG)
    ready = asyncio.Barrier(len(SOME_CHANNELS) + 1)
    async with asyncio.TaskGroup() as clients:
        follows = [clients.create_task(follow(channels, ready)) for channels in SOME_CHANNELS]
        await ready.wait()
        new = [new_event(kind) for kind in CATALOG.values()]
        await asyncio.to_thread(room.served.call, lambda: room.served.log.append(new))
    for channels, told in zip(SOME_CHANNELS, follows, strict=True):
        assert heard(told.result()) == channels


# --- who may not come in ------------------------------------------------------------------------


async def closed_with(socket: ClientConnection) -> tuple[int, str]:
    """The code of the goodbye, and all that was said before."""
    async with asyncio.timeout(PATIENCE_S):
        said = "".join([str(text) async for text in texts(socket)])
    assert socket.close_code is not None
    return socket.close_code, said


async def texts(socket: ClientConnection) -> AsyncIterator[str | bytes]:
    """All that is said up to the end."""
    with suppress(ConnectionClosed):
        while True:
            yield await socket.recv()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "first",
    [
        subscribe("prices"),
        message("ping"),
        message("replay_start", channels=["prices"]),
        message("authenticate", token="wrong"),
        "nonsense",
        b"\x00",
    ],
    ids=range(6),
)
async def test_nobody_is_told_anything(room: Leaking, path: str, first: str | bytes) -> None:
    async with connect(room.served.url.replace("http", "ws") + path) as socket:
        await socket.send(first)
        code, said = await closed_with(socket)
    assert (code, said) == (4401, "")


@pytest.mark.parametrize("path", PATHS)
async def test_a_wrong_token_among_the_subprotocols_is_closed_with_a_code(
    room: Leaking, path: str
) -> None:
    offers: Any = ["synapse", "synapse.bearer.wrong"]
    async with connect(room.served.url.replace("http", "ws") + path, subprotocols=offers) as socket:
        assert await closed_with(socket) == (4401, "")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scopes", [{Scope.WRITE}, {Scope.ADMIN}, {Scope.WRITE, Scope.ADMIN}])
async def test_a_token_that_is_not_for_reading_opens_no_socket(
    room: Leaking, path: str, scopes: set[Scope]
) -> None:
    token = token_of(frozenset(scopes), ALL)
    for way in ("header", "subprotocol", "cookie"):
        with pytest.raises(InvalidStatus) as refused:
            async with opened(room, path, token, way):
                pass
        assert refused.value.response.status_code == 403
    async with opened(room, path, token, "message") as socket:
        assert (await closed_with(socket))[0] == 4403


@pytest.mark.parametrize("path", PATHS)
async def test_a_cookie_counts_on_the_servers_own_page_only(room: Leaking, path: str) -> None:
    cookie = await asyncio.to_thread(room.cookie, token_of(READ, ALL))
    own = cookie.pop("Origin")
    for origin in (None, "null", "", "https://evil.example", own + "1", own.replace("http", "ws")):
        headers = cookie if origin is None else {**cookie, "Origin": origin}
        with pytest.raises(InvalidStatus) as refused:
            async with connect(own.replace("http", "ws") + path, additional_headers=headers):
                pass
        assert refused.value.response.status_code == 403


async def test_a_token_cannot_be_changed_for_one_that_covers_less_than_is_held(
    room: Leaking,
) -> None:
    prices, trades = (token_of(READ, frozenset({one})) for one in (Channel.PRICES, Channel.TRADES))
    for path, kind in zip(PATHS, ("subscribe", "replay_start"), strict=True):
        async with opened(room, path, prices, "header") as socket:
            await socket.send(message(kind, channels=["prices"]))
            await socket.send(message(kind, channels=["trades"], epoch="other", after=1))
            await socket.send(message("authenticate", token=trades))
            code, said = await closed_with(socket)
        assert code == 4403
        assert heard(said) <= {Channel.PRICES}


async def test_a_token_that_covers_more_opens_more(room: Leaking) -> None:
    prices = token_of(READ, frozenset({Channel.PRICES}))
    async with opened(room, PATHS[0], prices, "header") as socket:
        await socket.send(message("authenticate", token=token_of(READ, ALL)))
        await socket.send(subscribe(*Channel, history="all"))
        assert heard(str(await until(socket, "caught_up"))) == set(WORDS)
