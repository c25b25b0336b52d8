"""`/ws/replay` over a real wire: the log again, at a pace, with the state that `GET /api/state` shows."""

# covers: app.stream.replay_connection, app.api.socket

import asyncio
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.integration.served import (
    PATIENCE_S,
    TOKEN,
    Json,
    Served,
    daily,
    day,
    message,
    new_symbol,
    receive,
    receive_until,
    serving,
)


def replaying(served: Served) -> connect:
    return connect(served.url.replace("http", "ws") + "/ws/replay")


def start(*channels: str, **payload: Any) -> str:
    return message("replay_start", "start", channels=list(channels), **payload)


async def until_status(socket: ClientConnection, status: str) -> list[Json]:
    """All messages up to the state that says this."""
    got: list[Json] = []
    while True:
        got += await receive_until(socket, "replay_state")
        if got[-1]["payload"]["status"] == status:
            return got


def events_of(messages: list[Json]) -> list[Json]:
    return [each for each in messages if "position" in each]


def crashing(symbol: str) -> list[Json]:
    """A year that rises, falls and rises again: there are shifts in it."""
    values = [100 * 1.004**n for n in range(250)]
    values += [values[-1] * 0.96**n for n in range(1, 30)]
    values += [values[-1] * 1.01**n for n in range(1, 200)]
    return [daily(symbol, f"{value:.2f}", number) for number, value in enumerate(values)]


async def test_as_fast_as_the_client_reads_it_is_the_log_text_for_text(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*crashing(symbol))
    async with replaying(served) as socket:
        await socket.send(start("prices", "regime", symbols=[symbol], speed="max"))
        first, snapshot = await receive(socket), await receive(socket)
        assert (first["type"], first["payload"]["request_msg_id"]) == ("replay_state", "start")
        assert snapshot["type"] == "replay_snapshot"
        messages = await until_status(socket, "finished")
    log = served.events(f"symbols={symbol}&channels=prices,regime")
    assert len(log) > 900
    assert events_of(messages) == log
    last = messages[-1]["payload"]
    assert last["position"] == last["end"] == served.head()
    assert last["clock"] == log[-1]["occurred_at"]


async def test_a_snapshot_is_the_state_that_http_shows_and_events_follow_it(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.post_prices(*(daily("SPX", "5", number) for number in range(40)))
        head = served.head()
        async with replaying(served) as socket:
            await socket.send(start("prices", speed="max"))
            await until_status(socket, "finished")
            for position in (0, 1, head // 2, head):
                await socket.send(message("replay_seek", "there", position=position))
                got = await receive_until(socket, "replay_snapshot")
                shown = got[-1]["payload"]
                assert shown["state"] == served.get(f"/api/state?position={position}")
                assert shown["state_hash"] == shown["state"]["state_hash"]
                assert (shown["position"], shown["request_msg_id"]) == (position, "there")
            await socket.send(message("replay_seek", "time", time=day(30)))
            got = await receive_until(socket, "replay_snapshot")
            thirtieth = "2020-02-03T21:00:00.000000Z"
            assert got[-2]["payload"]["clock"] == thirtieth
            following = events_of(await until_status(socket, "finished"))[0]
            assert following["occurred_at"] == thirtieth
            # The regime at the same time is not chosen: it lies in between, or follows.
            assert following["position"] - got[-1]["payload"]["position"] in {1, 2}


async def test_paused_it_steps_and_goes_from_shift_to_shift(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*crashing(symbol))
    log = served.events(f"symbols={symbol}&channels=regime")
    shifts = [
        each["position"]
        for each in log
        if each["payload"]["previous_regime"] not in {None, each["payload"]["regime"]}
        and not each["payload"]["provisional"]
    ]
    assert len(shifts) >= 2

    async def command(kind: str, **payload: Any) -> list[Json]:
        await socket.send(message(kind, kind, **payload))
        got = await receive_until(socket, "replay_state")
        assert got[-1]["payload"]["request_msg_id"] == kind
        return got

    async with replaying(served) as socket:
        await socket.send(start("regime", symbols=[symbol], after=log[0]["position"] - 1))
        await receive_until(socket, "replay_snapshot")
        paused = (await command("replay_pause"))[-1]["payload"]
        assert paused["status"] == "paused"
        stepped = await command("replay_step", events=3)
        assert paused["position"] < events_of(stepped)[0]["position"]
        assert len(events_of(stepped)) == 3
        for expected in shifts[:2]:
            state = (await command("replay_next_shift"))[-1]["payload"]
            assert (state["position"], state["status"]) == (expected, "paused")
            snapshot = (await receive_until(socket, "replay_snapshot"))[-1]["payload"]
            assert snapshot["state"] == served.get(f"/api/state?position={expected}")
        state = (await command("replay_previous_shift"))[-1]["payload"]
        assert (state["position"], state["status"]) == (shifts[0], "paused")
        await receive_until(socket, "replay_snapshot")
        await socket.send(message("replay_previous_shift", "none"))
        error = (await receive(socket))["payload"]
        assert (error["code"], error["request_msg_id"]) == ("no_shift", "none")


async def test_market_time_paces_the_events(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, "5", number) for number in range(20)))
    async with replaying(served) as socket:
        # Two days of market time take longer than the test has patience for.
        await socket.send(start("prices", symbols=[symbol], since=day(0), speed=1))
        await receive_until(socket, "price_update")
        await socket.send(message("replay_speed", "faster", speed=1_000_000))
        got = await until_status(socket, "finished")
        assert [each["version"] for each in events_of(got)] == list(range(2, 21))


async def test_what_is_wrong_is_told_and_the_connection_lives_on(served: Served) -> None:
    async with replaying(served) as socket:
        for text, code in (
            ("{", "malformed_json"),
            (message("replay_resume"), "no_replay"),
            (message("subscribe", channels=["prices"]), "unknown_message_type"),
            (start("prices", speed="fast"), "invalid_message"),
            (start("prices", after=10**9), "position_beyond_head"),
            (start("prices", after=0, epoch="another"), "epoch_mismatch"),
        ):
            await socket.send(text)
            assert (await receive(socket))["payload"]["code"] == code
        await socket.send(message("ping", "still-here"))
        assert (await receive(socket))["type"] == "pong"


async def closed(socket: ClientConnection) -> tuple[int, list[str]]:
    said: list[str] = []
    try:
        while True:
            said.append((await receive(socket))["type"])
    except ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else 1006, said


async def test_a_token_is_looked_at_as_on_the_other_socket(served: Served) -> None:
    async with replaying(served) as socket:
        await socket.send(message("authenticate", token=TOKEN))
        await socket.send(message("authenticate", token="wrong"))
        assert (await closed(socket))[0] == 4401


async def test_a_stopping_server_takes_leave_of_a_replay(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.post_prices(*(daily("SPX", "5", number) for number in range(3)))
        async with replaying(served) as socket, replaying(served) as silent:
            await socket.send(start("prices"))
            await receive_until(socket, "price_update")
            stopping = asyncio.create_task(asyncio.to_thread(served.stop))
            for each in (socket, silent):
                code, said = await asyncio.wait_for(closed(each), PATIENCE_S)
                assert (code, said[-1]) == (1012, "shutdown")
            await stopping
