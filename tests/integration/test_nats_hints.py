"""Nodes that share a log in PostgreSQL and tell each other over a real NATS: quick with it, complete without it."""

# covers: events.nats_hints, events.hints

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from app.migrate import upgrade
from events import nats_hints
from events.envelope import RecordedEvent
from events.hint_codec import HINT_BYTES_MAX, encode_hint
from events.hints import Hint, HintStatus
from events.log import EventLog
from events.nats_hints import NatsHints, subject_of
from events.sql_store import SqlEventStore
from tests.nats import Nats, nats_server
from tests.postgres import PostgresServer
from tests.unit.events.builders import new, notice, positions_of, prices
from tests.waiting import PATIENCE_S, until

NO_POLL_S = 600.0
"""Nothing that a test waits for can come by the poll."""

POLL_S = 0.05


@pytest.fixture(scope="module")
def server() -> Iterator[Nats]:
    with nats_server() as running:
        yield running


@pytest.fixture
def mortal() -> Iterator[Nats]:
    """A server of a test's own: it is killed."""
    with nats_server() as running:
        yield running


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.empty_database()


class Node:
    """A log with hints, as a process has it."""

    def __init__(self, log: EventLog, hints: NatsHints, key: bytes) -> None:
        self.log = log
        self.hints = hints
        self.key = key

    @property
    def status(self) -> HintStatus:
        return self.hints.status

    @property
    def known(self) -> list[int]:
        return positions_of(self.log.tail.after(0, 100_000) or [])

    @property
    def came(self) -> tuple[int, int]:
        """How many events hints brought, and how many the store."""
        return self.log.follower.counts.from_hints, self.log.follower.counts.from_store

    async def reaches(self, position: int) -> None:
        await asyncio.wait_for(self.log.moved_beyond(position - 1), PATIENCE_S)


@asynccontextmanager
async def node(
    url: str, server: Nats, poll_s: float = NO_POLL_S, *, connected: bool = True
) -> AsyncIterator[Node]:
    store = await SqlEventStore.open_postgres(url, upgrade)
    key = await store.hint_key()
    hints = NatsHints(server.url, key)

    async def opened() -> NatsHints:
        return hints

    log = await EventLog.open(store, poll_s, opened)
    try:
        if connected:
            await until(lambda: hints.status.connected)
        yield Node(log, hints, key)
    finally:
        await log.close()


@pytest.fixture
async def nodes(url: str, server: Nats) -> AsyncIterator[tuple[Node, Node]]:
    async with node(url, server) as one, node(url, server) as other:
        # The one that came first has heard that the other came.
        await until(lambda: one.status.heard == 1)
        yield one, other


@asynccontextmanager
async def stranger(server: Nats) -> AsyncIterator[Client]:
    client = await nats.connect(server.url)
    try:
        yield client
    finally:
        await client.close()


async def test_an_event_of_another_node_comes_with_its_hint_and_nothing_is_read(
    nodes: tuple[Node, Node],
) -> None:
    one, other = nodes
    recorded = (await one.log.append(prices(3))).events
    await other.reaches(3)
    assert other.log.tail.after(0, 10) == list(recorded)
    assert other.came == (3, 0)
    await other.log.append(prices(2, "NDX"))
    await one.reaches(5)
    assert one.known == other.known == [1, 2, 3, 4, 5]
    assert one.came == (2, 0)
    assert one.log.head == other.log.head == await one.log.store.head()


async def test_own_hints_are_not_heard(nodes: tuple[Node, Node]) -> None:
    one, other = nodes
    for number in range(3):
        await one.log.append(prices(1, first=number))
    await other.reaches(3)
    assert (one.status.sent, one.status.heard) == (3, 1)
    assert (other.status.sent, other.status.heard) == (0, 3)
    assert one.came == (0, 0)


async def test_many_nodes_writers_at_once_see_all_in_one_order(url: str, server: Nats) -> None:
    async with node(url, server) as one, node(url, server) as two, node(url, server) as three:
        group = (one, two, three)
        writing = (
            each.log.append(prices(2, f"S{k}", first=2 * number))
            for number in range(20)
            for k, each in enumerate(group)
        )
        await asyncio.gather(*writing)
        for each in group:
            await each.reaches(120)
            assert each.known == list(range(1, 121))
            assert each.log.head == one.log.head


async def test_a_batch_that_is_too_long_is_told_as_a_look(nodes: tuple[Node, Node]) -> None:
    one, other = nodes
    texts = (new(notice("x" * 500, second=k)) for k in range(HINT_BYTES_MAX // 500))
    recorded = (await one.log.append(tuple(texts))).events
    await other.reaches(recorded[-1].position)
    assert other.came == (0, len(recorded))
    assert (one.status.sent, other.status.heard, other.status.refused) == (1, 1, 0)


async def test_a_server_that_carries_less_is_told_less(url: str, tmp_path: Path) -> None:
    settings = tmp_path / "nats.conf"
    settings.write_text("max_payload: 2048\n")
    with nats_server("-c", str(settings)) as small:
        async with node(url, small) as one, node(url, small) as other:
            await one.log.append(prices(1))
            await other.reaches(1)
            await one.log.append(prices(20, first=1))
            await other.reaches(21)
            assert other.came == (1, 20)
            assert (one.status.sent, one.status.reconnects) == (2, 0)


# --- what comes twice, late, out of order, or from somebody else ----------------------------------------


async def test_a_message_of_a_stranger_is_counted_and_changes_nothing(
    nodes: tuple[Node, Node], server: Nats
) -> None:
    one, other = nodes
    forged = encode_hint(b"o" * 32, one.log.head.epoch, ())
    async with stranger(server) as client:
        for message in (b"", b"hello", forged, b"\0" * 100_000):
            await client.publish(subject_of(one.key), message)
        await client.flush()
        await until(lambda: one.status.refused == other.status.refused == 4)
    assert one.log.follower.counts.reads == 0
    await one.log.append(prices(1))
    await other.reaches(1)
    assert other.came == (1, 0)


async def test_a_hint_that_comes_again_changes_nothing(
    nodes: tuple[Node, Node], server: Nats
) -> None:
    one, other = nodes
    first = (await one.log.append(prices(2))).events
    second = (await one.log.append(prices(2, first=2))).events
    await other.reaches(4)
    async with stranger(server) as client:
        for events in (first, second, (*first, *second), first[1:]):
            await client.publish(subject_of(one.key), told(one, events))
        await client.flush()
        await until(lambda: other.status.heard == 6)
    assert other.known == [1, 2, 3, 4]
    assert other.came == (4, 0)
    assert other.log.follower.counts.reads == 0


def told(sender: Node, events: tuple[RecordedEvent, ...]) -> bytes:
    return encode_hint(sender.key, sender.log.head.epoch, events)


async def test_hints_out_of_order_are_put_in_order(
    nodes: tuple[Node, Node], url: str, server: Nats
) -> None:
    one, other = nodes
    mute = await EventLog.open(await SqlEventStore.open_postgres(url, upgrade))
    batches = [(await mute.append(prices(2, "MUTE", first=2 * k))).events for k in range(4)]
    await mute.close()
    async with stranger(server) as client:
        for number in (2, 0, 3, 1):
            await client.publish(subject_of(one.key), told(one, batches[number]))
        await client.flush()
        await other.reaches(8)
        await until(lambda: other.status.heard == 4)
    assert other.known == list(range(1, 9))
    assert sum(other.came) == 8
    assert other.log.head == await other.log.store.head()


async def test_a_hole_makes_the_node_read(nodes: tuple[Node, Node], url: str) -> None:
    one, other = nodes
    mute = await EventLog.open(await SqlEventStore.open_postgres(url, upgrade))
    await mute.append(prices(2, "MUTE"))
    await mute.close()
    assert other.known == []
    await one.log.append(prices(1))
    await other.reaches(3)
    assert other.known == one.known == [1, 2, 3]
    assert other.log.follower.counts.holes == 1
    assert sum(other.came) == 3
    assert other.came[1] >= 2


async def test_a_hint_of_another_lifetime_is_not_taken(
    nodes: tuple[Node, Node], server: Nats
) -> None:
    one, other = nodes
    events = (await one.log.append(prices(2))).events
    await other.reaches(2)
    # Authentic and old: what a log told that was then restored from a backup, under a new epoch.
    follows = events[1]._replace(position=3)
    old = encode_hint(one.key, "the-epoch-before", (follows,))
    async with stranger(server) as client:
        await client.publish(subject_of(one.key), old)
        await client.flush()
        await until(lambda: other.status.heard == 2)
    await one.log.append(prices(1, first=2))
    await other.reaches(3)
    assert other.log.tail.after(0, 10) == one.log.tail.after(0, 10)
    assert not other.log.follower.replaced.is_set()


async def test_what_has_the_key_and_does_not_continue_the_chain_is_read_instead(
    nodes: tuple[Node, Node], server: Nats
) -> None:
    one, other = nodes
    (event,) = (await one.log.append(prices(1))).events
    await other.reaches(1)
    false = event._replace(position=2, hash=b"\1" * 32)
    async with stranger(server) as client:
        await client.publish(subject_of(one.key), told(one, (false,)))
        await client.flush()
        await until(lambda: other.log.follower.counts.holes == 1)
    assert other.known == [1]
    await one.log.append(prices(1, first=1))
    await other.reaches(2)
    assert other.log.head == one.log.head


# --- NATS goes, and comes back ----------------------------------------------------------------------------


async def test_without_nats_events_come_by_the_poll_and_with_it_by_hints_again(
    url: str, mortal: Nats
) -> None:
    async with node(url, mortal, POLL_S) as one, node(url, mortal, POLL_S) as other:
        await one.log.append(prices(1))
        await other.reaches(1)
        mortal.kill()
        await until(lambda: not (one.status.connected or other.status.connected))
        await one.log.append(prices(1, first=1))
        await other.reaches(2)
        assert other.came[1] >= 1
        assert one.status.lost == 1
        assert one.status.error is not None
        mortal.start()
        await until(lambda: one.status.connected and other.status.connected)
        assert one.status.reconnects == 1
        assert not one.status.error
        from_hints = other.came[0]
        # A poll may be quicker than the hint now and then.
        async with asyncio.timeout(PATIENCE_S):
            position = 2
            while other.came[0] == from_hints:
                await one.log.append(prices(1, first=position))
                position += 1
                await other.reaches(position)
        assert other.known == one.known


async def test_what_was_told_to_nobody_is_looked_for_when_nats_is_back(
    url: str, mortal: Nats
) -> None:
    async with node(url, mortal) as one, node(url, mortal) as other:
        mortal.kill()
        await until(lambda: not (one.status.connected or other.status.connected))
        await one.log.append(prices(4))
        assert other.known == []
        mortal.start()
        await other.reaches(4)
        assert other.came == (0, 4)


async def test_a_nats_that_is_not_there_yet_stops_nothing(url: str) -> None:
    server = Nats()
    async with (
        node(url, server, connected=False) as one,
        node(url, server, connected=False) as other,
    ):
        await one.log.append(prices(1))
        await until(lambda: one.status.error is not None)
        assert "Connect" in str(one.status.error)
        server.start()
        try:
            await other.reaches(1)
            assert other.status.reconnects == 0
        finally:
            server.stop()


async def test_more_than_may_wait_is_not_told_and_found_all_the_same(
    nodes: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = nodes
    monkeypatch.setattr(nats_hints, "WAITING_EVENTS_MAX", 5)
    events = (await one.log.append(prices(9))).events
    await other.reaches(9)
    epoch, sent = one.log.head.epoch, one.status.sent
    one.hints.tell(epoch, events)  # alone, it may be larger
    one.hints.tell(epoch, events[:1])
    assert one.status.lost == 1
    await until(lambda: one.status.sent == sent + 1)
    one.hints.tell(epoch, events[:4])
    one.hints.tell(epoch, events[:1])
    one.hints.tell(epoch, events[:1])
    assert one.status.lost == 2
    await until(lambda: one.status.sent == sent + 3)


async def test_what_waits_is_sent_before_the_log_is_closed(url: str, server: Nats) -> None:
    async with node(url, server) as other:
        async with node(url, server) as one:
            await one.log.append(prices(2))
        await other.reaches(2)
        assert other.came == (2, 0)


async def test_hints_are_told_again_after_a_close_to_nobody(server: Nats) -> None:
    hints = NatsHints(server.url, b"k" * 32)
    hints.tell("e", ())
    await hints.close()
    assert hints.status.lost == 1
    hints = NatsHints(server.url, b"k" * 32)
    heard: list[Hint] = []
    hints.start(heard.append)
    await until(lambda: hints.status.connected)
    await hints.close()
    hints.tell("e", ())
    assert (hints.status.lost, hints.status.connected) == (1, False)
    assert heard == [Hint()]
