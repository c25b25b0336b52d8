"""The async client against a server that does what it should, and what it should not."""

# covers: app.client.aio, app.client.errors, app.client.signals

import asyncio
import gc
from collections.abc import AsyncIterable

import pytest

from app.client import (
    CatchingUp,
    CaughtUp,
    ClientError,
    Connecting,
    Cursor,
    EpochChanged,
    Event,
    InvalidSubscription,
    Lagging,
    Limits,
    MissedEvents,
    OutOfOrder,
    PositionBeyondHead,
    Reconnecting,
    Refused,
    Restarted,
    Signal,
    SubscriptionRefused,
    SynapseClient,
    Unreachable,
)
from app.client.limits import RECONNECT_ASKED_S_MAX
from tests.unit.client.scripted import EPOCH, QUICK, Script, Talk, scripted


async def take(events: AsyncIterable[Event], count: int) -> list[int]:
    """The positions of the first events."""
    positions: list[int] = []
    async for event in events:
        positions.append(event.position)
        if len(positions) == count:
            break
    return positions


async def end_of(*scripts: Script, limits: Limits = QUICK) -> ClientError:
    """What a subscription to such a server ends with."""
    async with scripted(*scripts) as server:
        subscription = SynapseClient(server.url, limits=limits).subscribe(["prices"], history="all")
        with pytest.raises(ClientError) as caught:
            await take(subscription, 1_000)
        return caught.value


async def three(talk: Talk) -> None:
    await talk.confirm(3)
    await talk.events(1, 2, 3)


def closing(code: int, script: Script = three) -> Script:
    async def run(talk: Talk) -> None:
        await script(talk)
        await talk.socket.close(code, "so it is")

    return run


async def go_on(talk: Talk) -> None:
    """What a server does with a request to resume: all that follows."""
    after = talk.asked["history"]["after"]
    await talk.confirm(after + 2)
    await talk.events(after + 1, after + 2)
    await talk.caught_up(after + 2)
    await talk.stay()


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 4000, 4008, 4399])
async def test_it_resumes_by_itself_from_epoch_and_position(code: int) -> None:
    async with scripted(closing(code), go_on) as server:
        client = SynapseClient(server.url, limits=QUICK)
        async with client.subscribe(["prices"], history="all") as events:
            assert await take(events, 5) == [1, 2, 3, 4, 5]
            assert events.cursor == Cursor(EPOCH, 5)
        assert server.asked[0]["history"] == "all"
        assert server.asked[1]["history"] == {"after": 3}
        assert server.asked[1]["epoch"] == EPOCH


async def test_a_connection_that_breaks_without_a_word_is_resumed() -> None:
    async def cut(talk: Talk) -> None:
        await three(talk)
        talk.socket.transport.abort()

    async with scripted(cut, go_on) as server:
        client = SynapseClient(server.url, limits=QUICK)
        async with client.subscribe(["prices"], history="all") as events:
            assert await take(events, 5) == [1, 2, 3, 4, 5]


async def test_a_silent_server_is_given_up_and_a_heartbeat_moves_the_cursor() -> None:
    async def falls_silent(talk: Talk) -> None:
        await talk.confirm(3, heartbeat_s=0.01)
        await talk.events(1, 2, 3)
        await talk.caught_up(3)
        beat = {"head": 40, "server_time": "2026-01-16T12:00:00Z", "channels": {}}
        await talk.say("heartbeat", beat)
        await talk.stay()

    async def brings_one(talk: Talk) -> None:
        await talk.confirm(50)
        await talk.event(41, version=4)

    told: list[Signal] = []
    async with scripted(falls_silent, brings_one) as server:
        client = SynapseClient(server.url, limits=QUICK)
        async with client.subscribe(["prices"], history="all", observer=told.append) as events:
            assert await take(events, 4) == [1, 2, 3, 41]
        assert server.asked[1]["history"] == {"after": 40}
    lost = [one for one in told if isinstance(one, Reconnecting)]
    assert [one.reason for one in lost] == ["nothing came for 0.05 s"]


async def test_a_server_that_never_answers_is_given_up() -> None:
    async def mute(talk: Talk) -> None:
        await talk.stay()

    limits = Limits(backoff_s_min=0.01, opening_s_max=0.05, closing_s_max=0.1, attempts_max=2)
    error = await end_of(mute, mute, limits=limits)
    assert isinstance(error, Unreachable)
    assert "nothing came for 0.05 s" in str(error)


async def test_a_server_that_is_not_there_is_tried_as_often_as_allowed() -> None:
    async with scripted() as server:
        url = server.url
    told: list[Signal] = []
    limits = Limits(backoff_s_min=0.01, attempts_max=3)
    client = SynapseClient(url, limits=limits)
    with pytest.raises(Unreachable) as caught:
        await take(client.subscribe(["prices"], observer=told.append), 1)
    assert caught.value.attempts == 3
    assert [one for one in told if isinstance(one, Connecting)] == [*map(Connecting, range(3))]


async def test_a_server_that_goes_away_says_when_to_come_back() -> None:
    def leaves(asked_s: float) -> Script:
        async def run(talk: Talk) -> None:
            await three(talk)
            await talk.say("shutdown", {"reconnect_after_s": asked_s})
            await talk.socket.close(1012, "restart")

        return run

    told: list[Signal] = []
    slow = Limits(backoff_s_min=60)
    async with scripted(leaves(0.015), go_on) as server:
        client = SynapseClient(server.url, limits=slow)
        async with client.subscribe(["prices"], history="all", observer=told.append) as events:
            assert await take(events, 5) == [1, 2, 3, 4, 5]
    assert [one.delay_s for one in told if isinstance(one, Reconnecting)] == [0.015]

    told.clear()
    async with scripted(leaves(1e9)) as server:
        client = SynapseClient(server.url, limits=slow)
        reading = asyncio.create_task(
            take(client.subscribe(["prices"], history="all", observer=told.append), 4)
        )
        while not any(isinstance(one, Reconnecting) for one in told):
            await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert [one.delay_s for one in told if isinstance(one, Reconnecting)] == [RECONNECT_ASKED_S_MAX]


@pytest.mark.parametrize("code", [1009, 4400, 4401, 4429, 4799])
async def test_a_final_close_code_is_an_error_and_nothing_more_is_tried(code: int) -> None:
    error = await end_of(closing(code), go_on)
    assert isinstance(error, Refused)
    assert (error.code, error.reason) == (code, "so it is")


async def test_an_address_without_a_socket_is_an_error() -> None:
    async with await asyncio.start_server(_not_found, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        with pytest.raises(Refused) as caught:
            await take(SynapseClient(f"http://127.0.0.1:{port}").subscribe(["prices"]), 1)
    assert caught.value.code == 404


async def _not_found(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    writer.close()


async def test_a_hole_is_an_error_also_across_a_drop() -> None:
    async def goes_on_too_late(talk: Talk) -> None:
        await talk.confirm(9)
        await talk.event(5)

    error = await end_of(closing(1012), goes_on_too_late)
    assert isinstance(error, MissedEvents)
    assert (error.stream, error.expected, error.got) == ("prices:A", 4, 5)


async def test_what_comes_out_of_order_is_an_error_and_what_comes_twice_is_dropped() -> None:
    async def swaps(talk: Talk) -> None:
        await talk.confirm(9)
        await talk.events(1, 2, 1, 2)
        await talk.event(4, 1, "B")
        await talk.event(3)

    assert isinstance(await end_of(swaps), OutOfOrder)


async def test_a_changed_epoch_is_an_error() -> None:
    async def refuses(talk: Talk) -> None:
        await talk.error("epoch_mismatch")

    async def another(talk: Talk) -> None:
        await talk.confirm(9, epoch="another")

    async def shorter(talk: Talk) -> None:
        await talk.error("position_beyond_head")

    assert isinstance(await end_of(closing(1012), refuses), EpochChanged)
    assert isinstance(await end_of(closing(1012), another), EpochChanged)
    assert isinstance(await end_of(closing(1012), shorter), PositionBeyondHead)


@pytest.mark.parametrize("code", ["epoch_mismatch", "position_beyond_head"])
async def test_a_changed_epoch_may_begin_again_instead(code: str) -> None:
    async def refuses(talk: Talk) -> None:
        await talk.error(code)

    async def anew(talk: Talk) -> None:
        await talk.confirm(1, epoch="another")
        await talk.event(1)
        await talk.stay()

    told: list[Signal] = []
    async with scripted(closing(1012), refuses, anew) as server:
        subscription = SynapseClient(server.url, limits=QUICK).subscribe(
            ["prices"], history="all", on_epoch_change="restart", observer=told.append
        )
        async with subscription as events:
            assert await take(events, 4) == [1, 2, 3, 1]
            assert events.cursor == Cursor("another", 1)
        assert [one["history"] for one in server.asked] == ["all", {"after": 3}, "all"]
    assert [type(one) for one in told if isinstance(one, Restarted)] == [Restarted]


async def test_a_cursor_that_was_wrong_from_the_start_is_never_begun_again() -> None:
    async def refuses(talk: Talk) -> None:
        await talk.error("epoch_mismatch")

    async with scripted(refuses) as server:
        subscription = SynapseClient(server.url, limits=QUICK).subscribe(
            ["prices"], history={"after": 7}, epoch="old", on_epoch_change="restart"
        )
        with pytest.raises(EpochChanged, match="old"):
            await take(subscription, 1)
        assert server.asked[0]["epoch"] == "old"


async def test_a_refused_subscribe_is_an_error_unless_it_is_the_servers_fault() -> None:
    async def refuses(talk: Talk) -> None:
        await talk.error("too_many_subscriptions")

    async def fails(talk: Talk) -> None:
        await talk.error("store_unavailable", "system_error")

    with pytest.raises(SubscriptionRefused, match="too_many_subscriptions: no"):
        raise await end_of(refuses)
    async with scripted(fails, three) as server:
        client = SynapseClient(server.url, limits=QUICK)
        assert await take(client.subscribe(["prices"], history="all"), 3) == [1, 2, 3]


async def test_an_observer_hears_how_the_connection_fares() -> None:
    async def lags(talk: Talk) -> None:
        await talk.confirm(2)
        await talk.events(1, 2)
        await talk.caught_up(2)
        await talk.say("lagging", {"request_msg_id": talk.request_id, "from_position": 2})
        await talk.say("weather", {"sky": "blue"})
        await talk.caught_up(2)
        await talk.event(3)
        await talk.socket.close(1012, "restart")

    told: list[Signal] = []
    async with scripted(lags, go_on) as server:
        client = SynapseClient(server.url, limits=QUICK)
        async with client.subscribe(["prices"], history="all", observer=told.append) as events:
            assert await take(events, 4) == [1, 2, 3, 4]
    assert told[:5] == [
        Connecting(0),
        CatchingUp(resumed=False, epoch=EPOCH, head=2),
        CaughtUp(2),
        Lagging(2),
        CaughtUp(2),
    ]
    assert isinstance(told[5], Reconnecting)
    assert told[6:] == [Connecting(1), CatchingUp(resumed=True, epoch=EPOCH, head=5)]


async def test_the_token_goes_in_a_header_and_shows_nowhere_else() -> None:
    async with scripted(three, three) as server:
        for token in ("the-secret", None):
            client = SynapseClient(server.url, token=token)
            async with client.subscribe(["prices"], history="all") as events:
                await take(events, 1)
            assert "the-secret" not in repr(client) + client.url
    assert server.headers == ["Bearer the-secret", None]


async def test_a_consumer_that_takes_its_time_holds_the_server_back() -> None:
    sent, held_back = 0, asyncio.Event()

    async def floods(talk: Talk) -> None:
        nonlocal sent
        await talk.confirm(10**6)
        while True:
            sending = asyncio.create_task(talk.event(sent + 1))
            if not (await asyncio.wait([sending], timeout=0.5))[0]:
                held_back.set()
            await sending
            sent += 1

    limits = Limits(waiting_max=8, closing_s_max=0.2)
    async with scripted(floods) as server:
        client = SynapseClient(server.url, limits=limits)
        async with client.subscribe(["prices"], history="all") as events:
            await take(events, 1)
            await asyncio.wait_for(held_back.wait(), 30)
            # What was sent waits in the kernels' buffers, some megabytes; nothing of it is lost.
            count = sent
            assert await take(events, count) == list(range(2, count + 2))


async def test_a_subscription_that_is_dropped_closes_its_connection() -> None:
    closed = asyncio.Event()

    async def watches(talk: Talk) -> None:
        await three(talk)
        await talk.stay()
        closed.set()

    async with scripted(watches) as server:
        async for _ in SynapseClient(server.url, limits=QUICK).subscribe(["prices"], history="all"):
            break
        gc.collect()
        await asyncio.wait_for(closed.wait(), 10)


def test_what_does_not_fit_is_refused_at_once() -> None:
    with pytest.raises(InvalidSubscription):
        SynapseClient("nowhere")
    with pytest.raises(InvalidSubscription, match=r"channels\.0"):
        SynapseClient("http://127.0.0.1:1").subscribe(["moods"])
