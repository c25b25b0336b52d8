"""Two servers over one database: a feed plays in one of them, and goes on in the other when that one dies."""

# covers: app.broadcaster, app.feed_runner

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app import feed_runner
from app.broadcaster import MarketDataBroadcaster
from app.config import Settings
from app.feed_runner import FeedPhase, FeedStatus
from app.feeds.specs import parse_feeds
from app.recorder import Recorder, open_recorder
from events.codec import payload_fields
from events.store import ReadQuery
from tests.postgres import PostgresServer
from tests.waiting import until

PATIENCE_S = 30.0
INTERVAL_S = 1_000.0
BARS = 300


class Node:
    """One server's part that plays feeds."""

    def __init__(self, recorder: Recorder, specs: list[str]) -> None:
        self.recorder = recorder
        self.broadcaster = MarketDataBroadcaster(
            recorder.log, recorder.ingest, parse_feeds(specs), INTERVAL_S
        )
        self.broadcaster.start()

    @property
    def statuses(self) -> list[FeedStatus]:
        """How its feeds fare."""
        return list(self.broadcaster.status.values())

    async def die(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """End without giving anything back."""

        async def unheard(_lease: object) -> None:
            return None

        monkeypatch.setattr(self.recorder.log.store, "release_lease", unheard)
        await self.broadcaster.stop()


@pytest.fixture
async def pair(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Node, Node]]:
    monkeypatch.setattr(feed_runner, "LEASE_TTL_S", 1.0)
    monkeypatch.setattr(feed_runner, "LEASE_RETRY_S", 0.05)
    for name in ("a", "b"):
        rows = (f"{1900 + day // 28}-01-{day % 28 + 1:02},{day + 1}" for day in range(BARS))
        (tmp_path / f"{name}.csv").write_text("\n".join(["date,close", *rows]) + "\n")
    settings = Settings(database_url=postgres.empty_database())
    specs = [f"csv:{tmp_path}/a.csv?bars_per_s=100", f"csv:{tmp_path}/b.csv?bars_per_s=100"]
    nodes = [Node(await open_recorder(settings), specs) for _ in range(2)]
    yield nodes[0], nodes[1]
    for node in nodes:
        await node.broadcaster.stop()
        await node.recorder.close()


async def test_feeds_go_on_in_the_other_server(
    pair: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    await until(lambda: all(status.ticks > 50 for status in first.statuses))
    assert [status.phase for status in second.statuses] == [FeedPhase.WAITING] * 2
    await first.die(monkeypatch)
    await until(lambda: all(status.ticks > 0 for status in second.statuses))
    await until(lambda: {status.phase for status in second.statuses} == {FeedPhase.FINISHED})
    for name in ("A", "B"):
        prices = await second.recorder.log.read(
            ReadQuery(types=frozenset({"price_update"}), limit=10_000)
        )
        played = [payload_fields(one) for one in prices if one.stream == f"prices:{name}"]
        assert [price["price"] for price in played] == [str(day + 1) for day in range(BARS)]
    assert sum(status.ticks for status in first.statuses + second.statuses) == 2 * BARS
