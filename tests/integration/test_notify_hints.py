"""LISTEN/NOTIFY between processes that share a log: told at once, coalesced, and lost without losing an event."""

# covers: events.notify_hints, events.hints

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from app.migrate import upgrade
from events import notify_hints
from events.hints import Hint, HintStatus
from events.log import EventLog
from events.notify_hints import APPLICATION, CLOSE_S_MAX, NotifyHints
from events.sql_store import SqlEventStore
from tests.cluster.standby import replicated
from tests.postgres import PostgresServer, postgres_server
from tests.unit.events.builders import positions_of, prices
from tests.waiting import PATIENCE_S, until
from tests.wires import wire_to

NO_POLL_S = 600.0
"""Nothing that a test waits for can come by the poll."""

KILL = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{APPLICATION}'"
QUEUE_FULL = "too many notifications in the NOTIFY queue"
REFUSED = f"DO $$ BEGIN RAISE program_limit_exceeded USING MESSAGE = '{QUEUE_FULL}'; END $$"
"""What the server says when its queue is full; to fill it takes 8 GB."""


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.empty_database()


@pytest.fixture(scope="module")
def mortal() -> Iterator[PostgresServer]:
    """A server of its own: it is crashed."""
    with postgres_server("fsync=off") as server:
        yield server


class Node:
    """A log with hints, as a process has it."""

    def __init__(self, log: EventLog, hints: NotifyHints) -> None:
        self.log = log
        self.hints = hints

    @property
    def status(self) -> HintStatus:
        return self.hints.status

    async def reaches(self, position: int) -> None:
        await asyncio.wait_for(self.log.moved_beyond(position - 1), PATIENCE_S)


@asynccontextmanager
async def node(
    url: str, hints_url: str | None = None, poll_s: float = NO_POLL_S
) -> AsyncIterator[Node]:
    hints = NotifyHints(hints_url or url)

    async def opened() -> NotifyHints:
        return hints

    log = await EventLog.open(await SqlEventStore.open_postgres(url, upgrade), poll_s, opened)
    try:
        await until(lambda: hints.status.connected)
        yield Node(log, hints)
    finally:
        await log.close()


@pytest.fixture
async def nodes(url: str) -> AsyncIterator[tuple[Node, Node]]:
    async with node(url) as one, node(url) as other:
        yield one, other


async def test_what_another_appends_is_heard_of_at_once(nodes: tuple[Node, Node]) -> None:
    one, other = nodes
    await one.log.append(prices(3))
    await other.reaches(3)
    assert other.log.follower.counts.from_store == 3
    assert (one.status.sent, other.status.heard) == (1, 1)
    await other.log.append(prices(2, "NDX"))
    await one.reaches(5)
    assert positions_of(one.log.tail.after(0, 10) or []) == [1, 2, 3, 4, 5]
    assert one.status.error is None


async def test_own_notifications_are_not_heard(nodes: tuple[Node, Node]) -> None:
    one, other = nodes
    reads = one.log.follower.counts.reads
    for _ in range(3):
        sent = one.status.sent
        await one.log.append(prices(1))
        await until(lambda sent=sent: one.status.sent > sent)  # type: ignore[misc]  # mypy cannot infer it
    await other.reaches(3)
    assert one.status.heard == 0
    assert one.log.follower.counts.reads == reads


async def test_batches_while_one_is_told_are_told_as_one(url: str) -> None:
    async with node(url) as other, wire_to(url) as wire, node(url, wire.url) as one:
        wire.whole.clear()
        one.hints.tell("e", ())
        await until(lambda: wire.held > 0)
        for _ in range(100):
            one.hints.tell("e", ())
        wire.whole.set()
        await until(lambda: other.status.heard == one.status.sent == 2)
        await one.log.append(prices(1))
        await other.reaches(1)
        assert (one.status.sent, other.status.heard) == (3, 3)


async def test_a_connection_that_an_administrator_ends_is_made_again(
    nodes: tuple[Node, Node], postgres: PostgresServer
) -> None:
    one, other = nodes
    assert len(postgres.run(KILL)) == 2
    await one.log.append(prices(1))
    await other.reaches(1)
    await until(lambda: one.status.reconnects == other.status.reconnects == 1)
    await until(lambda: one.status.connected and other.status.connected)
    await one.log.append(prices(1))
    await other.reaches(2)
    assert (one.status.error, one.log.fault, other.log.fault) == (None, None, None)


async def test_a_server_that_crashes_is_listened_to_again(mortal: PostgresServer) -> None:
    url = mortal.new_database()
    async with node(url) as one, node(url) as other:
        mortal.crash()
        await until(lambda: not other.status.connected and other.status.error is not None)
        one.hints.tell("e", ())
        assert one.status.lost == 1
        mortal.start()
        await until(lambda: one.status.reconnects == other.status.reconnects == 1)
        await one.log.append(prices(2))
        await other.reaches(2)
        assert other.log.follower.counts.from_store == 2


async def test_what_is_appended_while_nobody_listens_is_found_when_the_way_is_back(
    url: str,
) -> None:
    async with node(url) as one, wire_to(url) as wire, node(url, wire.url) as other:
        wire.whole.clear()
        await one.log.append(prices(4))
        await until(lambda: one.status.sent == 1)
        assert other.log.head.position == 0
        wire.cut()
        await other.reaches(4)
        assert (other.status.heard, other.status.reconnects) == (0, 1)


async def test_a_notify_that_is_refused_costs_latency_only(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with node(url) as one, node(url, poll_s=0.05) as other:
        monkeypatch.setattr(notify_hints, "NOTIFY", REFUSED)
        for number in range(1, 4):
            await one.log.append(prices(1))
            await until(lambda number=number: one.status.lost == number)  # type: ignore[misc]  # the same
        await other.reaches(3)
        assert (other.status.heard, one.status.sent) == (0, 0)
        assert (one.status.connected, one.status.error) == (True, QUEUE_FULL)
        monkeypatch.undo()
        await one.log.append(prices(1))
        await until(lambda: other.status.heard == 1)
        assert one.status.error is None


async def test_a_wire_that_is_dead_without_a_word_is_noticed_and_left(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify_hints, "CHECK_S", 0.05)
    monkeypatch.setattr(notify_hints, "ANSWER_S_MAX", 0.2)
    monkeypatch.setattr(notify_hints, "CONNECT_S_MAX", 0.2)
    async with node(url) as one, wire_to(url) as wire, node(url, wire.url) as other:
        wire.whole.clear()
        await until(lambda: not other.status.connected)
        assert other.status.error == "the server has not answered for 0.2 s"
        await until(lambda: "does not answer within 0.2 s" in (other.status.error or ""))
        await one.log.append(prices(1))
        wire.whole.set()
        await other.reaches(1)
        await until(lambda: other.status.connected and other.status.error is None)


async def test_a_host_that_does_not_answer_leaves_time_for_the_next(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify_hints, "CONNECT_S_MAX", 0.3)
    async with wire_to(url) as dead, wire_to(url) as well:
        dead.whole.clear()
        several = well.url.replace(well.place, f"{dead.place},{well.place}")
        several += "&target_session_attrs=primary"
        async with node(url, several) as one, node(url) as other:
            await one.log.append(prices(1))
            await other.reaches(1)
            assert (other.status.heard, dead.opened) == (1, 1)


async def test_a_standby_is_passed_by_and_taken_once_it_is_promoted() -> None:
    with replicated() as pair:
        await asyncio.to_thread(pair.synchronous)
        pair.primary.run("ALTER SYSTEM SET synchronous_commit = 'remote_apply'")
        pair.primary.run("SELECT pg_reload_conf()")
        # The standby has the database too, and lets us in.
        base, _, here = pair.primary.new_database().partition("?host=")
        hints_url = f"{base}?host={quote(str(pair.folder), safe='')},{here}"
        # With the second, it is asyncpg that finds out that the first host is not what was asked for.
        urls = (hints_url, f"{hints_url}&target_session_attrs=primary")
        every = [NotifyHints(url) for url in urls]
        for hints in every:
            hints.start(lambda _: None)
        await until(lambda: all(hints.status.connected for hints in every))
        await asyncio.to_thread(pair.lose_primary)
        for hints in every:
            await until(lambda hints=hints: hints.status.error is not None)  # type: ignore[misc]  # as above
            assert not hints.status.connected
        await asyncio.to_thread(pair.promote)
        await until(lambda: all(hints.status.reconnects == 1 for hints in every))
        for hints in every:
            await hints.close()


async def test_a_pooler_is_told_and_not_trusted(url: str) -> None:
    heard: list[Hint] = []
    async with wire_to(url) as wire:
        wire.pooled = True
        hints = NotifyHints(wire.url)
        hints.start(heard.append)
        await until(lambda: hints.status.error is not None)
        assert (hints.status.connected, hints.status.error) == (False, notify_hints.POOLED)
        assert heard == []
        wire.pooled = False
        await until(lambda: hints.status.connected)
        await hints.close()


async def test_a_server_that_hangs_does_not_hold_up_closing(url: str) -> None:
    async with wire_to(url) as wire:
        hints = NotifyHints(wire.url)
        hints.start(lambda _: None)
        await until(lambda: hints.status.connected)
        wire.whole.clear()
        hints.tell("e", ())
        began = time.monotonic()
        await hints.close()
        assert time.monotonic() - began < 3 * CLOSE_S_MAX
        assert not hints.status.connected


async def test_what_waits_is_told_before_the_connection_is_let_go(url: str) -> None:
    async with node(url) as other:
        hints = NotifyHints(url)
        hints.start(lambda _: None)
        await until(lambda: hints.status.connected)
        hints.tell("e", ())
        await hints.close()
        await until(lambda: other.status.heard == 1)


async def test_an_outage_is_logged_once(url: str) -> None:
    async with wire_to(url) as wire:
        hints = NotifyHints(wire.url)
        with capture_logs() as lines:
            wire.pooled = True
            hints.start(lambda _: None)
            await until(lambda: wire.opened == 2)
            wire.pooled = False
            await until(lambda: hints.status.connected)
            wire.cut()
            await until(lambda: hints.status.reconnects == 1)
            await hints.close()
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("hints_lost", "warning"),
        ("hints_connected", "info"),
    ] * 2
    assert lines[0] == {
        "event": "hints_lost",
        "log_level": "warning",
        "way": "notify",
        "error": notify_hints.POOLED,
    }


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    hints = NotifyHints("postgresql+asyncpg://ann:geheim@127.0.0.1:1/log")
    hints.start(lambda _: None)
    await until(lambda: hints.status.error is not None)
    assert (hints.status.error or "").startswith("cannot connect to PostgreSQL at 127.0.0.1:1: ")
    assert "geheim" not in repr(hints.status)
    hints.tell("e", ())
    assert hints.status.lost == 1
    await hints.close()
    await NotifyHints("postgresql:///log").close()
