"""A disk that is full, broken, slow to unlock or read-only: nothing is acknowledged, nothing is lost.

Each fault is real (`disk_faults`). While it lasts appends are refused with an error that says why, readers
and viewers go on, and `/readyz` tells; once its cause is gone the log recovers without anybody's help.
"""

# covers: events.engines, events.file_lock, events.log, app.api.health, app.api.problems, app.broadcaster

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from app import feed_runner
from app.feeds.base import ResumePoint
from app.feeds.samples import SAMPLES
from app.ingest import TickIngest
from app.market.ticks import PriceTick
from events.chain import GENESIS, check_chain
from events.errors import StoreLocked
from events.file_lock import FileLock
from events.log import EventLog
from events.memory_store import MemoryEventStore
from events.sql_store import SqlEventStore
from events.store import ReadQuery

if sys.platform != "linux":
    pytest.skip("breaks disks through what Linux offers", allow_module_level=True)

from tests.integration import disk_faults
from tests.integration.disk_faults import Fault, Victim
from tests.integration.programs import ROOT, Running
from tests.integration.recorder_process import Order, Recorder
from tests.integration.served import (
    LETS_GO,
    PATIENCE_S,
    Json,
    Served,
    daily,
    message,
    serving,
    subscribe,
)
from tests.waiting import eventually

FULL: Final = "database or disk is full"
IO_ERROR: Final = "disk I/O error"
FAULTS: Final[Mapping[str, tuple[Fault, str]]] = {
    "full_disk": (disk_faults.full_disk, FULL),
    "no_space": (disk_faults.no_space, FULL),
    "broken_disk": (disk_faults.broken_disk, IO_ERROR),
    "failing_sync": (disk_faults.failing_sync, IO_ERROR),
    "read_only": (disk_faults.read_only, IO_ERROR),
    "foreign_lock": (disk_faults.foreign_lock, "database is locked"),
}
BARS: Final = list(islice(SAMPLES["SPX"].bars(), 60))
CHANNELS: Final = ("prices", "regime", "price_alerts", "system")


class GatedFeed:
    """Sample bars, the second half of them only once the gate is open."""

    name = "gated"
    source = "feed:gated"
    symbols = ("SPX",)
    stalls_after_s = None
    gap_bars = None

    def __init__(self) -> None:
        self.gate = asyncio.Event()

    async def ticks(self, resume: Mapping[str, ResumePoint]) -> AsyncIterator[PriceTick]:
        for number, bar in enumerate(BARS):
            if "SPX" not in resume or bar.timestamp > resume["SPX"].last_at:
                if number >= len(BARS) // 2:
                    await self.gate.wait()
                yield bar

    async def open(self) -> None:
        self.gate.set()


@pytest.fixture
def victims(monkeypatch: pytest.MonkeyPatch) -> list[Victim]:
    monkeypatch.setattr(feed_runner, "RETRY_FIRST_S", 0.05)
    return disk_faults.watch(monkeypatch)


@contextmanager
def server(
    name: str, folder: Path, victims: list[Victim], feeds: Sequence[GatedFeed] = ()
) -> Iterator[tuple[Served, Victim]]:
    """A server whose disk is about to suffer a fault."""
    with ExitStack() as stack:
        if name == "full_disk":
            folder = stack.enter_context(disk_faults.small_disk(folder))
        served = stack.enter_context(serving(folder, feeds, heartbeat_s=0.1))
        victims[-1].call = served.call
        yield served, victims[-1]


@contextmanager
def viewer(url: str) -> Iterator[ClientConnection]:
    """Somebody who has asked for everything, and is told so."""
    with connect(f"{url.replace('http', 'ws')}/ws/synapse") as socket:
        socket.send(subscribe(*CHANNELS, history="all"))
        assert json.loads(socket.recv(PATIENCE_S))["type"] == "subscription_confirmed"
        yield socket


def seen_up_to(socket: ClientConnection, position: int) -> list[Json]:
    """The events that a viewer got, the one at a position being the last."""
    seen: list[Json] = []
    while not seen or seen[-1]["position"] < position:
        got = json.loads(socket.recv(PATIENCE_S))
        assert got["type"] != "error", got
        # A `caught_up` and a `lagging` tell of positions too.
        if "stream" in got:
            seen.append(got)
    return seen


def read_whole_log(path: Path) -> int:
    """Read the file beside its server; its positions and its chain must be whole. Returns the head."""

    async def read() -> int:
        store = SqlEventStore.read_sqlite(path)
        try:
            events = await store.read(ReadQuery(limit=100_000))
        finally:
            await store.close()
        return check_chain(GENESIS, 0, events)[1]

    return asyncio.run(read())


def refuse(http: httpx.Client, number: int, reason: str) -> None:
    """A price that is sent now is refused with a problem that says why, and when to come again."""
    answer = http.post("/api/prices", json={"prices": [daily("FAULT", "7", number)]})
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    problem = answer.json()
    assert problem["code"] == "store_unavailable"
    assert reason in problem["detail"]


def tells(http: httpx.Client, reason: str) -> None:
    """`/readyz` names the fault."""
    answer = http.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    assert reason in answer.json()["database"]["error"]
    assert http.get("/healthz").status_code == 200


def goes_on_for_readers(http: httpx.Client, url: str, socket: ClientConnection, head: int) -> None:
    """History, state and the socket work as ever, for old viewers and for new ones."""
    page = http.get("/api/events").json()
    assert (page["head"], len(page["events"])) == (head, head)
    assert http.get("/api/state").json()["position"] == head
    socket.send(message("ping"))
    while json.loads(socket.recv(PATIENCE_S))["type"] != "pong":
        pass
    with viewer(url) as newcomer:
        assert [each["position"] for each in seen_up_to(newcomer, head)] == list(range(1, head + 1))


def recovers(http: httpx.Client) -> None:
    """Nobody appends anything, and yet the server is ready again."""
    healed = time.monotonic()
    eventually(lambda: http.get("/readyz").status_code == 200)
    print(f"FIGURE ready again after {time.monotonic() - healed:.1f} s")
    assert http.get("/readyz").json()["database"]["error"] is None


# --- while it runs ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_acknowledged_readers_go_on_and_the_log_recovers_by_itself(
    name: str, tmp_path: Path, victims: list[Victim]
) -> None:
    fault, reason = FAULTS[name]
    with server(name, tmp_path, victims) as (served, victim), viewer(served.url) as socket:
        served.post_prices(daily("FAULT", "5", 0), daily("FAULT", "6", 1))
        head = served.head()
        assert [each["position"] for each in seen_up_to(socket, head)] == list(range(1, head + 1))
        with fault(victim):
            for _ in range(3):
                refuse(served.http, 2, reason)
            tells(served.http, reason)
            goes_on_for_readers(served.http, served.url, socket, head)
            victim.is_tried_again()
            tells(served.http, reason)
        recovers(served.http)
        assert served.head() == head
        done = served.post_prices(daily("FAULT", "7", 2))
        assert done["positions"][0] == head + 1
        rest = seen_up_to(socket, served.head())
        assert [each["position"] for each in rest] == list(range(head + 1, served.head() + 1))
        assert read_whole_log(victim.path) == served.head()


@pytest.mark.parametrize("name", FAULTS)
def test_a_feed_tries_again_and_loses_no_tick(
    name: str, tmp_path: Path, victims: list[Victim]
) -> None:
    fault, reason = FAULTS[name]
    feed = GatedFeed()
    with server(name, tmp_path, victims, [feed]) as (served, victim), viewer(served.url) as socket:

        def status() -> Json:
            return dict(served.http.get("/readyz").json()["feeds"]["gated"])

        eventually(lambda: status()["ticks"] == len(BARS) // 2)
        with fault(victim):
            served.call(feed.open)
            eventually(lambda: status()["failures"] >= 2)
            assert status()["phase"] == "retrying"
            assert reason in status()["error"]
        eventually(lambda: status()["phase"] == "finished")
        recovers(served.http)
        events = seen_up_to(socket, served.head())
        assert [each["position"] for each in events] == list(range(1, served.head() + 1))
        assert market(events) == undisturbed()
        assert read_whole_log(victim.path) == served.head()


def market(events: Sequence[Json]) -> list[tuple[str, str, int]]:
    """What ticks caused: all but the notices of the feed's coming and going."""
    kept = [each for each in events if not each["stream"].startswith("system:")]
    return [(each["msg_id"], each["stream"], each["version"]) for each in kept]


def undisturbed() -> list[tuple[str, str, int]]:
    """What the feed's bars cause in a log that never fails."""

    async def record() -> list[tuple[str, str, int]]:
        log = await EventLog.open(MemoryEventStore())
        ingest = await TickIngest.open(log)
        for bar in BARS:
            await ingest.record([bar], GatedFeed.source)
        events = await log.read(ReadQuery(limit=10_000))
        await log.close()
        return [(str(each.event_id), each.stream, each.version) for each in events]

    return asyncio.run(record())


def test_an_append_that_does_not_fit_leaves_nothing_and_a_smaller_one_fits(
    tmp_path: Path, victims: list[Victim]
) -> None:
    with server("quota", tmp_path, victims) as (served, victim):
        served.post_prices(daily("FAULT", "5", 0))
        head = served.head()

        def limit_pages(pages: int) -> None:
            pragma = f"PRAGMA max_page_count={pages}"
            served.call(lambda: victim.engines.write(lambda c: c.exec_driver_sql(pragma).scalar()))

        limit_pages(1)  # SQLite takes the present size for the least
        large = [daily("LARGE", "5", number) for number in range(300)]
        answer = served.http.post("/api/prices", json={"prices": large})
        assert (answer.status_code, FULL in answer.json()["detail"]) == (503, True)
        assert served.head() == head
        assert served.post_prices(daily("FAULT", "6", 1))["positions"][0] == head + 1
        limit_pages(1 << 30)
        recovers(served.http)
        served.post_prices(*large)
        assert read_whole_log(victim.path) == served.head()


def test_a_checkpoint_that_fails_loses_nothing_and_is_made_up_for(
    tmp_path: Path, victims: list[Victim]
) -> None:
    with server("checkpoint", tmp_path, victims) as (served, victim):
        pragma = "PRAGMA wal_autocheckpoint=1"
        served.call(lambda: victim.engines.write(lambda c: c.exec_driver_sql(pragma).scalar()))
        served.post_prices(daily("FAULT", "5", 0))
        with disk_faults.read_only_database(victim):
            before = victim.path.read_bytes()
            for number in range(1, 20):
                served.post_prices(daily("FAULT", "5", number))
            assert victim.path.read_bytes() == before
            assert served.get("/readyz")["status"] == "ready"
            assert read_whole_log(victim.path) == served.head()
        served.post_prices(daily("FAULT", "5", 20))
        assert victim.path.read_bytes() != before
        head = served.head()
    assert read_whole_log(tmp_path / "synapse.db") == head


def test_a_server_under_a_file_size_quota_recovers_when_it_is_raised(tmp_path: Path) -> None:
    with Running("serve", "--port", "0", "--no-browser", folder=tmp_path) as running:
        url = running.url()
        token = (tmp_path / "synapse.db.token").read_text(encoding="ascii").strip()
        authorised = {"Authorization": f"Bearer {token}"}
        with (
            httpx.Client(
                base_url=url, headers=authorised, timeout=PATIENCE_S, limits=LETS_GO
            ) as http,
            viewer(url) as socket,
        ):
            assert http.post("/api/prices", json={"prices": [daily("FAULT", "5", 0)]}).is_success
            head = http.get("/api/events").json()["head"]
            seen_up_to(socket, head)
            # None, not what it has now: a write-ahead log that is begun anew writes over itself.
            with disk_faults.file_size_limit(running.process.pid, 0):
                refuse(http, 1, IO_ERROR)
                tells(http, IO_ERROR)
                goes_on_for_readers(http, url, socket, head)
            recovers(http)
            assert http.post("/api/prices", json={"prices": [daily("FAULT", "5", 1)]}).is_success
            assert seen_up_to(socket, head + 1)[0]["position"] == head + 1
            assert read_whole_log(tmp_path / "synapse.db") >= head + 1


# --- when it starts -----------------------------------------------------------------------------


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as running:
        yield running


def test_a_log_on_a_full_disk_says_why_it_does_not_open_and_opens_when_there_is_space(
    tmp_path: Path, recorder: Recorder
) -> None:
    with disk_faults.small_disk(tmp_path):
        order = Order(str(tmp_path / "log.db"), 10)
        assert len(recorder.live(order).acked) == 10
        with disk_faults.filled(tmp_path):
            told = recorder.live(Order(order.log, 20)).error
            assert told is not None
            assert told.startswith("StoreUnavailable: the database cannot be used: ")
        life = recorder.live(Order(order.log, 20))
        assert (life.opened_at, len(life.acked), life.closed) == (20, 10, True)
        read_whole_log(tmp_path / "log.db")


def test_a_log_is_locked_though_there_is_no_space_to_name_its_holder(tmp_path: Path) -> None:
    with disk_faults.small_disk(tmp_path), disk_faults.filled(tmp_path):
        lock = FileLock.acquire(tmp_path / "log.db")
        with pytest.raises(StoreLocked, match="another process"):
            FileLock.acquire(tmp_path / "log.db")
        lock.release()
        FileLock.acquire(tmp_path / "log.db").release()


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "told"),
    [
        (0o444, 0o777, "cannot be written: it is read-only"),
        (0o666, 0o555, "cannot be written: Permission denied"),
    ],
)
def test_a_log_that_may_not_be_written_says_so_and_opens_once_it_may(
    recorder: Recorder, file_mode: int, folder_mode: int, told: str
) -> None:
    if os.getuid() == 0 and not all(place.stat().st_mode & 5 == 5 for place in ROOT.parents):
        pytest.skip("root's rights cannot be dropped: the program lies where nobody else may read")
    with TemporaryDirectory() as name:
        folder, order = Path(name), Order(f"{name}/log.db", 10, as_nobody=True)
        folder.chmod(0o777)
        assert len(recorder.live(order).acked) == 10
        (folder / "log.db.lock").unlink()
        (folder / "log.db").chmod(file_mode)
        folder.chmod(folder_mode)
        error = recorder.live(Order(order.log, 20, as_nobody=True)).error
        assert error is not None
        assert error.startswith("StoreUnavailable: ")
        assert told in error
        (folder / "log.db").chmod(0o666)
        folder.chmod(0o777)
        life = recorder.live(Order(order.log, 20, as_nobody=True))
        assert (life.opened_at, len(life.acked), life.closed) == (20, 10, True)
