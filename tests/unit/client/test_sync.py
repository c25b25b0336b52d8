"""The sync twin: the same events without a loop; whoever stops reading stops everything."""

# covers: app.client.sync, app.client.reader

import asyncio
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.client import (
    Cursor,
    InvalidSubscription,
    Limits,
    Reconnecting,
    Refused,
    Signal,
    SyncSubscription,
    SyncSynapseClient,
)
from app.client.reader import READY_EVENTS_MAX
from tests.unit.client.scripted import EPOCH, QUICK, Script, Scripted, Talk, scripted

PATIENCE_S = 20.0


@contextmanager
def scripted_elsewhere(*scripts: Script) -> Iterator[Scripted]:
    """A scripted server in a thread of its own."""
    ready, done = threading.Event(), asyncio.Event()
    found: list[tuple[Scripted, asyncio.AbstractEventLoop]] = []

    async def run() -> None:
        async with scripted(*scripts) as server:
            found.append((server, asyncio.get_running_loop()))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(PATIENCE_S)
    server, loop = found[0]
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(PATIENCE_S)


def readers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "synapse-client"]


async def three(talk: Talk) -> None:
    await talk.confirm(3)
    await talk.events(1, 2, 3)


async def three_then_restart(talk: Talk) -> None:
    await three(talk)
    await talk.socket.close(1012, "restart")


async def two_more(talk: Talk) -> None:
    await talk.confirm(5)
    await talk.events(4, 5)
    await talk.stay()


async def endless(talk: Talk) -> None:
    await talk.confirm(10**6)
    position = 0
    while True:
        position += 1
        await talk.event(position)


def test_it_yields_the_same_events_over_a_reconnect_and_knows_the_cursor() -> None:
    told: list[Signal] = []
    with scripted_elsewhere(three_then_restart, two_more) as server:
        client = SyncSynapseClient(server.url, limits=QUICK)
        with client.subscribe(["prices"], history="all", observer=told.append) as events:
            assert events.cursor is None
            for expected in range(1, 6):
                assert next(events).position == expected
                assert events.cursor == Cursor(EPOCH, expected)
        assert server.asked[1]["history"] == {"after": 3}
    assert [type(one) for one in told].count(Reconnecting) == 1
    assert readers() == []


def test_what_ends_the_subscription_is_raised_after_the_last_event() -> None:
    async def refuses(talk: Talk) -> None:
        await three(talk)
        await talk.socket.close(4401, "expired")

    with scripted_elsewhere(refuses) as server:
        events = SyncSynapseClient(server.url, limits=QUICK).subscribe(["prices"], history="all")
        assert [next(events).position for _ in range(3)] == [1, 2, 3]
        for _ in range(2):
            with pytest.raises(Refused, match="expired"):
                next(events)
        events.close()
    assert readers() == []


def test_closing_ends_the_iteration_the_thread_and_the_connection() -> None:
    closed = threading.Event()

    async def watched(talk: Talk) -> None:
        await three(talk)
        await talk.stay()
        closed.set()

    with scripted_elsewhere(watched) as server:
        events = SyncSynapseClient(server.url).subscribe(["prices"], history="all")
        next(events)
        events.close()
        assert readers() == []
        assert closed.wait(PATIENCE_S)
        assert list(events) == []
        events.close()


def test_dropping_it_ends_the_thread_and_the_connection_too() -> None:
    closed = threading.Event()

    async def watched(talk: Talk) -> None:
        await three(talk)
        await talk.stay()
        closed.set()

    with scripted_elsewhere(watched) as server:
        for event in SyncSynapseClient(server.url).subscribe(["prices"], history="all"):
            assert event.position == 1
            break
        gc.collect()
        assert closed.wait(PATIENCE_S)
        for thread in readers():
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def test_a_consumer_that_waits_in_vain_is_released_by_closing() -> None:
    with scripted_elsewhere(three) as server:
        slow = Limits(backoff_s_min=600, backoff_s_max=600)
        events = SyncSynapseClient(server.url, limits=slow).subscribe(["prices"], history="all")
        taken: list[int] = []
        took_all = threading.Event()

        def consume() -> None:
            for event in events:
                taken.append(event.position)
                if len(taken) == 3:
                    took_all.set()

        consumer = threading.Thread(target=consume)
        consumer.start()
        assert took_all.wait(PATIENCE_S)
        events.close()
        consumer.join(PATIENCE_S)
        assert not consumer.is_alive()


def test_the_thread_reads_only_so_far_ahead_and_nothing_is_lost() -> None:
    with scripted_elsewhere(endless) as server:
        events = SyncSynapseClient(server.url, limits=QUICK).subscribe(["prices"], history="all")
        count = READY_EVENTS_MAX * 5
        assert [next(events).position for _ in range(count)] == list(range(1, count + 1))
        assert len(events._reader._ready) <= READY_EVENTS_MAX
        events.close()
    assert readers() == []


async def test_it_works_where_a_loop_is_running() -> None:
    with scripted_elsewhere(three) as server:
        events = SyncSynapseClient(server.url).subscribe(["prices"], history="all")
        assert next(events).position == 1
        events.close()


def test_an_observer_may_close_it() -> None:
    with scripted_elsewhere(three) as server:
        holder: list[SyncSubscription] = []

        def observe(signal: Signal) -> None:
            for events in holder:
                events.close()

        events = SyncSynapseClient(server.url).subscribe(
            ["prices"], history="all", observer=observe
        )
        holder.append(events)
        for _ in events:
            pass
        events.close()
    assert readers() == []


def test_what_does_not_fit_is_refused_at_once() -> None:
    with pytest.raises(InvalidSubscription):
        SyncSynapseClient("http://127.0.0.1:1").subscribe([])
    assert readers() == []
