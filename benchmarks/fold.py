"""How fast a log is folded, beside `eventsourcing`; and what the state as of any moment costs.

    python benchmarks/fold.py [--events 100000] [--million] [--rounds 5] [--reads 200]

The fold: all read alerts of the same content (300 bytes of it, 100 streams) from an SQLite file, decode
them and keep the newest 50:

- ours: the projection `public_state`, from position 1 to the head, without a snapshot;
- eventsourcing, aggregates: as its documentation shows, `repository.get` of aggregates with `@event` methods;
- eventsourcing, decoded only: what is left of that without aggregates, `recorder.select_notifications` and
  `mapper.to_domain_event`, folded by a plain function; shown, so that both ends are known.

The moments: a log of prices and regimes of 20 symbols, 1 % of the prices late, and a
hundredth of those by any time. The state at random
positions and at random market times, as `GET /api/state?position=` and `?at=` answer it (in process, JSON
encoded), after `rebuild` has made the snapshots; and at market times as known at random commits. A commit
here holds 1,000 events, so the greatest position of a read is that of a commit's end.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import orjson

from app.live_state import PUBLIC_STATE, LiveState
from app.market.persona import DEFAULT_PERSONA, PERSONAS
from app.migrate import upgrade
from benchmarks.market_log import fill
from benchmarks.peers import (
    NO_EVENTSOURCING,
    Rounds,
    fresh_folder,
    has_eventsourcing,
    our_events,
    print_machine,
    run_async,
    seconds_of,
    untouched_garbage,
)
from benchmarks.record import Recorder, Series, record_argument
from events.log import EventLog
from events.past import Past
from events.scalars import from_micros
from events.sql_store import SqlEventStore
from events.store import ReadQuery

OURS = "ours, public_state"
PEER_AGGREGATES = "eventsourcing, aggregates"
PEER_LOG = "eventsourcing, decoded only"
PEERS = (PEER_AGGREGATES, PEER_LOG)
GOAL_RATIO = 4.0
GOAL_MS = 50.0
KEPT = 50
PEER_PAGE = 500
BATCH = 1_000


async def _open(path: Path) -> EventLog:
    return await EventLog.open(await SqlEventStore.open_sqlite(path, upgrade))


# --- the fold -----------------------------------------------------------------------------------


async def _write_ours(path: Path, events: int) -> None:
    log = await _open(path)
    for start in range(0, events, BATCH):
        await log.append(our_events(min(BATCH, events - start), start))
    await log.close()


async def _fold_ours(path: Path) -> float:
    log = await _open(path)
    past = Past(log, PUBLIC_STATE)
    past.saving = False
    folded = past.initial()
    started = time.perf_counter()
    await past.advance(folded, log.head.position)
    seconds = time.perf_counter() - started
    await log.close()
    return folded.position / seconds


def _keep(events: Iterable[Any]) -> list[Any]:
    newest: list[Any] = []
    for event in events:
        newest.append(event)
        if len(newest) > KEPT:
            del newest[0]
    return newest


def _decoded(application: Any) -> Iterable[Any]:
    start, mapper = 1, application.mapper
    while page := application.recorder.select_notifications(start, PEER_PAGE):
        yield from map(mapper.to_domain_event, page)
        start = page[-1].id + 1


def _peers(folder: Path, events: int) -> dict[str, Callable[[], float]]:
    """The peer's folds, over the same number of events in two files of its own."""
    from benchmarks.eventsourcing_peer import Peer, open_books

    (folder / "aggregates").mkdir()
    peer, books = Peer.open(folder), open_books(folder / "aggregates")
    for start in range(0, events, BATCH):
        peer.application.save(*peer.events(min(BATCH, events - start), start))
    keys = books.fill(events)

    def get_all() -> None:
        for key in keys:
            books.repository.get(key)

    return {
        PEER_AGGREGATES: lambda: events / seconds_of(get_all),
        PEER_LOG: lambda: events / seconds_of(lambda: _keep(_decoded(peer.application))),
    }


def compare_folds(folder: Path, events: int, rounds: int, recorder: Recorder) -> None:
    """Fold the same events by ours and the peer, in turn, and print rates and ratios."""
    path = folder / "ours.db"
    run_async(_write_ours(path, events))
    contenders: dict[str, Callable[[], float]] = {OURS: lambda: run_async(_fold_ours(path))}
    if has_eventsourcing():
        contenders |= _peers(folder, events)
    board = Rounds(contenders)
    board.run(rounds)
    print(f"\nfold of {events:,} events, {rounds} interleaved rounds, medians")
    board.report(
        recorder,
        "fold",
        "Folding a log into its state",
        ((OURS, PEER_AGGREGATES, GOAL_RATIO), (OURS, PEER_LOG, None)),
        says=f"{events:,} alerts of 300 bytes in 100 streams, read from SQLite, decoded, and the newest {KEPT} kept; no snapshot.",
        missing={name: NO_EVENTSOURCING for name in PEERS if name not in board.rates},
    )


# --- the moments --------------------------------------------------------------------------------


async def _times(questions: Iterable[Callable[[], Awaitable[Any]]]) -> list[tuple[float, float]]:
    """Milliseconds of each question, answered and encoded: by the clock, and of processor time."""
    taken = []
    for ask in questions:
        started, used = time.perf_counter(), time.process_time()
        orjson.dumps(await ask())
        used = time.process_time() - used
        taken.append(((time.perf_counter() - started) * 1e3, used * 1e3))
    return taken


def _print_times(what: str, taken: list[tuple[float, float]], goal: float | None = None) -> None:
    walls, useds = (sorted(column) for column in zip(*taken, strict=True))
    place = int(len(taken) * 0.95)
    verdict = ""
    if goal is not None:
        # The worst by the clock may be another program's turn on a shared machine: both are told.
        verdict = f"  worst, goal {goal:.0f}: {'reached' if walls[-1] < goal else 'MISSED'}"
    print(
        f"{what:40} {statistics.median(walls):7.1f} {walls[place]:7.1f} {walls[-1]:7.1f}"
        f" {statistics.median(useds):9.1f} {useds[-1]:7.1f} ms{verdict}"
    )


async def _moments(path: Path, events: int, reads: int, recorder: Recorder) -> None:
    log = await _open(path)
    await fill(log, events)
    live, rng = LiveState(log, PERSONAS[DEFAULT_PERSONA]), random.Random(7)
    seconds = time.perf_counter()
    await live.projector.rebuild(lambda _done, _total: None)
    seconds = time.perf_counter() - seconds
    print(f"\nstate as of a moment in a log of {events:,} events; rebuild {seconds:.1f} s")
    print(f"{'':40} {'median':>7} {'p95':>7} {'worst':>7} {'processor':>9} {'worst':>7}")
    first, last = await _span(log)
    commits = [event.recorded_at for event in await log.store.read_at(_some(rng, events, 50))]

    def moment() -> Any:
        return from_micros(rng.randint(first, last))

    positions = [rng.randint(1, events) for _ in range(reads)]
    moments = [moment() for _ in range(reads)]
    pairs = [(moment(), rng.choice(commits)) for _ in range(reads)]
    known_at = [partial(live.at_time, at, known) for at, known in pairs]
    questions: dict[str, list[Callable[[], Awaitable[Any]]]] = {
        "at a random position": [partial(live.at_position, each) for each in positions],
        "at a random market time": [partial(live.at_time, at, None) for at in moments],
        "at one, as known at a random commit": list(known_at),
        "the same again": list(known_at),
    }
    found = {}
    with untouched_garbage():
        for what, asked in questions.items():
            found[what] = await _times(asked)
            _print_times(what, found[what], GOAL_MS)
    await log.close()
    recorder.table(
        "state_at",
        "The state as of a moment",
        better="lower",
        series=[
            Series(f"ours, {what}", "ms", tuple(wall for wall, _ in taken), ours=True)
            for what, taken in found.items()
        ],
        says=f"Each of {reads:,} questions to a log of {events:,} prices and regimes, answered and encoded; goal {GOAL_MS:.0f} ms.",
    )
    await _print_start(path)


def _some(rng: random.Random, events: int, count: int) -> list[int]:
    return sorted({rng.randint(1, events) for _ in range(count)})


async def _span(log: EventLog) -> tuple[int, int]:
    newest = await log.read(ReadQuery(limit=1, descending=True))
    oldest = await log.read(ReadQuery(limit=1))
    return oldest[0].occurred_at_us, newest[0].occurred_at_us


async def _print_start(path: Path) -> None:
    log = await _open(path)
    live = LiveState(log, PERSONAS[DEFAULT_PERSONA])
    _print_times("a new process at the head", await _times([live.now]))
    await log.close()
    print(f"file {path.stat().st_size / 1e6:,.0f} MB, {_snapshots(path)}")


def _snapshots(path: Path) -> str:
    import sqlite3

    connection = sqlite3.connect(path)
    count, size = connection.execute(
        "SELECT count(*), sum(length(state)) FROM snapshots"
    ).fetchone()
    connection.close()
    return f"of which {count:,} snapshots {size / 1e6:,.1f} MB"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--million", action="store_true", help="the same as --events 1000000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reads", type=int, default=200)
    parser.add_argument("--only", choices=("fold", "moments"))
    record_argument(parser)
    given = parser.parse_args()
    recorder = Recorder.of(given)
    events = 1_000_000 if given.million else given.events
    with fresh_folder() as folder:
        print_machine(folder)
        if given.only != "moments":
            compare_folds(folder, events, given.rounds, recorder)
        if given.only != "fold":
            run_async(_moments(folder / "moments.db", events, given.reads, recorder))


if __name__ == "__main__":
    main()
