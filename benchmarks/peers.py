"""What the benchmarks share: one payload, the peers it is given to, interleaved rounds, ratios.

Absolute figures of a shared machine mean little, and its disk can become ten times slower within a
minute. So every contender runs once a round, in turn, in this one process; a ratio is taken within each
round, and its median over the rounds is what travels.
"""

import asyncio
import gc
import os
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.record import Recorder, Series
from events.catalog import AlertKind, AlertSeverity, PriceAlert
from events.clock import uuid7
from events.envelope import NewEvent

Result = TypeVar("Result")

PAYLOAD_BYTES = 300
"""Stored bytes of one event's content, ours and the peer's."""

STREAMS = 100
"""Streams (the peer's aggregates) that the events are spread over, in turn."""

NOBODY: Mapping[str, str] = {}
START = datetime(2026, 1, 16, 12, tzinfo=UTC)
VERSIONS_SHOWN = ("eventsourcing", "sqlalchemy", "pydantic", "orjson", "uvloop")
RAW_COLUMNS = 13
RAW_TABLE = """
CREATE TABLE raw (
    position INTEGER PRIMARY KEY, stream_id INTEGER, version INTEGER, event_id BLOB, type TEXT,
    schema_version INTEGER, occurred_at INTEGER, recorded_at INTEGER, source TEXT,
    correlation_id BLOB, causation_id BLOB, payload TEXT, hash BLOB
)
"""
RAW_INSERT = f"INSERT INTO raw VALUES ({', '.join('?' * RAW_COLUMNS)})"
RawRow = tuple[int | str | bytes | None, ...]

# --- one payload, for everybody -----------------------------------------------------------------


def alert_fields(number: int) -> dict[str, Any]:
    """The typed fields of one event: texts, an exact price and threshold, a time."""
    return {
        "timestamp": START + timedelta(seconds=number),
        "alert_id": f"alert-{number}",
        "rule_id": "above-5000",
        "symbol": f"S{number % STREAMS}",
        "price": Decimal("5021.84"),
        "threshold": Decimal(5000),
    }


def our_payload(number: int) -> PriceAlert:
    """One of our payloads whose stored text has `PAYLOAD_BYTES` bytes."""
    chosen: dict[str, Any] = {"kind": AlertKind.PRICE_ABOVE, "severity": AlertSeverity.INFO}
    bare = PriceAlert.model_validate(alert_fields(number) | chosen | {"message": ""})
    message = "m" * (PAYLOAD_BYTES - len(bare.model_dump_json()))
    return bare.model_copy(update={"message": message})


def our_events(count: int, first: int = 0) -> list[NewEvent]:
    """New events, spread over `STREAMS` streams in turn, with the ids that the application gives."""
    numbers = range(first, first + count)
    return [NewEvent(payload=our_payload(n), event_id=uuid7(), source="simulated") for n in numbers]


def raw_rows(count: int) -> list[RawRow]:
    """Rows with the content of ours, for a table without any index, guard or hash to work out."""
    rows: list[RawRow] = []
    for number in range(count):
        key, micros = os.urandom(16), 1_768_000_000_000_000 + number
        place = (number + 1, number % STREAMS, number // STREAMS + 1, key, "price_alert", 1)
        text = our_payload(number).model_dump_json()
        rows.append((*place, micros, micros, "simulated", key, None, text, os.urandom(32)))
    return rows


def raw_connection(folder: Path) -> sqlite3.Connection:
    """An SQLite file as durable as ours, driven without any library above it."""
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    for pragma in ("page_size=8192", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(RAW_TABLE)
    return connection


NO_EVENTSOURCING = "eventsourcing is not installed"


def has_eventsourcing() -> bool:
    """Whether the peer can be measured here; says how to get it when not."""
    try:
        version("eventsourcing")
    except PackageNotFoundError:
        print(f"{NO_EVENTSOURCING}, its rows are left out: pip install eventsourcing")
        return False
    return True


# --- rounds and ratios --------------------------------------------------------------------------


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """An empty folder on the disk where temporary files go (TMPDIR moves it)."""
    folder = Path(tempfile.mkdtemp(prefix="synapse-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine on the loop that the server uses: uvloop, where there is one."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


@contextmanager
def untouched_garbage() -> Iterator[None]:
    """Keep the garbage collector from walking what was made before the clock starts.

    Tens of thousands of events that wait to be written are the benchmark's own burden, no contender's;
    what a contender makes itself is still collected in its time.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def seconds_of(work: Callable[[], object]) -> float:
    """How long a call takes."""
    with untouched_garbage():
        started = time.perf_counter()
        work()
        return time.perf_counter() - started


class Rounds:
    """Rates (events a second) of every contender, one of each a round."""

    def __init__(self, contenders: Mapping[str, Callable[[], float]]) -> None:
        """`contenders`: each returns the rate of one run of its own."""
        self._contenders = contenders
        self.rates: dict[str, list[float]] = {name: [] for name in contenders}

    def run(self, rounds: int) -> None:
        """Run the rounds; each begins with another contender."""
        names = list(self._contenders)
        for number in range(rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                self.rates[name].append(self._contenders[name]())

    def print_rates(self) -> None:
        """One line a contender: the median of its rates."""
        for name, rates in self.rates.items():
            print(f"{name:44} {statistics.median(rates):12,.0f} events/s")

    def print_ratio(self, one: str, other: str, goal: float | None = None) -> None:
        """The median over the rounds of one rate divided by another, and what it is meant to be."""
        if one not in self.rates or other not in self.rates:
            return
        ratios = ratios_of(self.rates[one], self.rates[other])
        median = statistics.median(ratios)
        verdict = ""
        if goal is not None:
            verdict = f", goal {goal}: {'reached' if median >= goal else 'MISSED'}"
        print(f"{one} / {other}: {median:.2f} ({min(ratios):.2f} to {max(ratios):.2f}){verdict}")

    def report(
        self,
        recorder: Recorder,
        key: str,
        title: str,
        ratios: Sequence[tuple[str, str, float | None]],
        *,
        says: str,
        limits: Sequence[str] = (),
        missing: Mapping[str, str] = NOBODY,
    ) -> None:
        """Print rates and ratios (of, to, goal), and record them.

        `limits`: contenders that are no peers but what the ground allows; `missing`: who could not run, and why.
        """
        self.print_rates()
        rows = [
            Series(named(name), "events/s", tuple(rates), name.startswith("ours"), name in limits)
            for name, rates in self.rates.items()
        ]
        rows += [Series(name, "events/s", (), note=why) for name, why in missing.items()]
        recorder.table(key, title, better="higher", series=rows, says=says)
        for one, other, goal in ratios:
            self.print_ratio(one, other, goal)
            if one in self.rates and other in self.rates:
                each = ratios_of(self.rates[one], self.rates[other])
                recorder.ratio(key, named(one), named(other), each, goal)


def named(contender: str) -> str:
    """A contender with its version, for who reads a page and not a terminal."""
    for package in ("eventsourcing", "asyncpg", "pyarrow"):
        if contender.startswith(package) and not contender.startswith(f"{package}-"):
            return contender.replace(package, _version(package), 1)
    return contender.replace("sqlite3", f"sqlite3 {sqlite3.sqlite_version}", 1)


def ratios_of(ones: Sequence[float], others: Sequence[float]) -> list[float]:
    """The ratio of each round."""
    return [one / other for one, other in zip(ones, others, strict=True)]


def print_machine(folder: Path) -> None:
    """The machine, the versions, and how long its disk takes to make 4 KiB durable."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(", ".join([f"SQLite {sqlite3.sqlite_version}", *map(_version, VERSIONS_SHOWN)]))
    with (folder / "probe").open("wb", buffering=0) as file:
        times = [_seconds_durable(file) for _ in range(50)]
    print(f"write and fsync of 4 KiB: median {statistics.median(times) * 1e6:,.0f} us")


def _seconds_durable(file: Any) -> float:
    started = time.perf_counter()
    file.write(bytes(4096))
    os.fsync(file.fileno())
    return time.perf_counter() - started


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} missing"
