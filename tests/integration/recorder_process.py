"""A recorder that can be killed: every life is a process of its own, forked from one that has imported all.

The test talks to the forking process in JSON lines: an `Order` in, a `Life` back. That process does the
killing as well: it is the parent, so an id that it kills can never have passed on to somebody else.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

from app.feeds.samples import SAMPLES
from app.ingest import TickIngest
from app.market.ticks import PriceTick
from app.migrate import upgrade
from events import engines, failpoints
from events.errors import EventError
from events.log import EventLog
from events.sql_store import SqlEventStore

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE_S: Final = 20.0
SOURCE: Final = "import"
NOBODY: Final = 65_534


@dataclass(frozen=True)
class Order:
    """One life to live: record the sample bars that the log does not hold yet, tick by tick.

    Attributes:
        log: the file.
        bars: how many bars of the samples the log is to hold in the end.
        failpoint: armed before the log is opened.
        kill_after: SIGKILL comes after so many lines that the life has said (None: never) ...
        delay_us: ... and so many microseconds.
        stop_after: close the log after so many acknowledged ticks of this life.
        as_nobody: live without root's rights.
        cut: the power of the file system that is mounted here is cut in the instant of SIGKILL.
        synchronous: SQLite's own setting for the writer, instead of the program's.
    """

    log: str
    bars: int
    failpoint: str | None = None
    kill_after: int | None = None
    delay_us: int = 0
    stop_after: int | None = None
    as_nobody: bool = False
    cut: str | None = None
    synchronous: str | None = None


@dataclass(frozen=True)
class Life:
    """What became of it.

    Attributes:
        opened_at: the log's head when it was opened; None if it did not come to that.
        acked: the last position of each acknowledged tick, in order.
        closed: whether it closed the log.
        killed: whether SIGKILL ended it.
        error: the exception that ended it, as `Name: message`.
    """

    opened_at: int | None = None
    acked: list[int] = field(default_factory=list)
    closed: bool = False
    killed: bool = False
    error: str | None = None


# --- the test's side ----------------------------------------------------------------------------


class Recorder:
    """Asks the forking process for one life after another."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.recorder_process"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()

    def live(self, order: Order) -> Life:
        """Live one life to its end, whatever that is."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the forking process has ended"
        return Life(**json.loads(answer))


# --- the forking process ------------------------------------------------------------------------


def serve() -> None:
    """Answer orders until there are no more."""
    bars = list(_interleaved())
    # One life lived here loads what is loaded late, so that no child pays for it (or may not read it).
    with TemporaryDirectory() as folder:
        asyncio.run(_record(Order(f"{folder}/log.db", 2), bars, lambda _line: None))
    for line in sys.stdin:
        life = _fork(Order(**json.loads(line)), bars)
        print(json.dumps(asdict(life)), flush=True)


def _interleaved() -> Iterator[PriceTick]:
    for pair in zip(*(sample.bars() for sample in SAMPLES.values()), strict=False):
        yield from pair


def _fork(order: Order, bars: list[PriceTick]) -> Life:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live_and_die(order, bars, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as said:
        lines = list(_killing(said, child, order))
    _, status = os.waitpid(child, 0)
    return _told(lines, killed=os.waitstatus_to_exitcode(status) == -signal.SIGKILL)


def _killing(said: Iterator[str], child: int, order: Order) -> Iterator[str]:
    """Everything that a child says, up to its end; the child is killed on the way, as ordered."""
    if order.kill_after == 0:
        _kill(child, order)
    for count, line in enumerate(said, start=1):
        yield line
        if count == order.kill_after:
            _kill(child, order)


def _kill(child: int, order: Order) -> None:
    from tests.integration.power import power_of  # it needs what only Linux has

    cut = power_of(order.cut) if order.cut is not None else None
    # Nothing is waited for here: the delay chooses the instant at which the child is hit.
    time.sleep(order.delay_us / 1_000_000)
    # First the process, then at once the disk: alive in between, it would take the word of a kernel that has
    # no disk any more for an acknowledgement, as no machine can that has lost its power.
    os.kill(child, signal.SIGKILL)
    if cut is not None:
        cut()


def _told(lines: list[str], *, killed: bool) -> Life:
    said = [line.rstrip("\n").partition(" ") for line in lines]
    return Life(
        opened_at=next((int(value) for word, _, value in said if word == "opened"), None),
        acked=[int(value) for word, _, value in said if word == "ack"],
        closed=any(word == "closed" for word, _, _ in said),
        killed=killed,
        error=next((value for word, _, value in said if word == "error"), None),
    )


# --- the child ----------------------------------------------------------------------------------


def _live_and_die(order: Order, bars: list[PriceTick], writing: int) -> None:
    def say(line: str) -> None:
        os.write(writing, f"{line}\n".encode())

    try:
        if order.as_nobody:
            _drop_rights()
        if order.failpoint:
            failpoints.arm(order.failpoint)
        if order.synchronous:
            _sync_less(order.synchronous)
        asyncio.run(_record(order, bars, say))
    except BaseException as error:
        if not isinstance(error, EventError):
            traceback.print_exc()
        say(f"error {type(error).__name__}: {error}")
    finally:
        # Not sys.exit: what the forking process had buffered or registered is not the child's to end.
        os._exit(0)


def _sync_less(synchronous: str) -> None:
    pragma = f"PRAGMA synchronous={synchronous}"
    vars(engines)["SQLITE_WRITER_PRAGMAS"] = (*engines.SQLITE_WRITER_PRAGMAS, pragma)


def _drop_rights() -> None:
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


async def _record(order: Order, bars: list[PriceTick], say: Callable[[str], None]) -> None:
    log = await EventLog.open(await SqlEventStore.open_sqlite(Path(order.log), upgrade))
    try:
        ingest = await TickIngest.open(log)
        say(f"opened {log.head.position}")
        missing = (bar for bar in islice(bars, order.bars) if not _holds(ingest, bar))
        for bar in islice(missing, order.stop_after):
            done = await ingest.record([bar], SOURCE)
            assert done.positions is not None
            say(f"ack {done.positions[1]}")
    finally:
        await log.close()
    say("closed")


def _holds(ingest: TickIngest, bar: PriceTick) -> bool:
    last_at = ingest.state.of(bar.symbol).last_at
    return last_at is not None and bar.timestamp <= last_at


if __name__ == "__main__":
    serve()
