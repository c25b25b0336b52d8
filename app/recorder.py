"""Opening the log for writing: the store, the hints beside it, the decisions, and what follows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from app.config import BASIS_POINTS, Settings
from app.database_url import PostgresUrl, database_of
from app.hints import check_hints, open_hints
from app.ingest import TickIngest
from app.live_state import PUBLIC_STATE
from app.market.detector.registry import detector
from app.market.episodes import Episodes
from app.market.public_state import PublicState
from app.market.setup import MarketSetup, parse_paper
from app.migrate import check_current, upgrade
from app.opened import episode_projector
from events.envelope import NewEvent
from events.log import EventLog
from events.projector import Projector
from events.sql_store import SqlEventStore

_log = structlog.get_logger("recorder")

POLL_S: Final = 0.5
"""How often a log in PostgreSQL is asked for what other processes appended, hints or not."""

DEFAULT_PAPER: Final = "main=*"
"""The paper portfolio of a server that was not told otherwise: it follows any symbol."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """An open log, the one place that decides and appends to it, and what follows it: the state, the episodes."""

    log: EventLog
    ingest: TickIngest
    projector: Projector[PublicState]
    episodes: Projector[Episodes]

    async def close(self) -> None:
        """Save what makes the next start short, then close the log."""
        await self.projector.stop()
        await self.episodes.stop()
        try:
            await self.ingest.close()
        finally:
            await self.log.close()


async def open_log(settings: Settings) -> EventLog:
    """Open the log that the settings name; a file is made and migrated where it must be.

    Raises:
        StoreLocked: another process writes it.
        MissingUpcaster: it holds payloads of an older schema that this program cannot read.
        StoreUnavailable: it cannot be written, or its schema is not this program's.
        HintsError: the settings of hints do not go with it.
    """
    database = database_of(settings.database_url)
    url = database.url if isinstance(database, PostgresUrl) else None
    check_hints(settings, url)
    if isinstance(database, PostgresUrl):
        store = await SqlEventStore.open_postgres(database.url, check_current)
        if (moved := store.moved) is not None:
            _log.warning("log_moved", before=moved.before, place=moved.place, epoch=moved.epoch)
    else:
        store = await SqlEventStore.open_sqlite(database, upgrade)
    try:
        if url is None:  # a file has one writing process; in a database there may be others
            return await EventLog.open(store)
        return await EventLog.open(store, POLL_S, partial(open_hints, settings, url, store))
    except BaseException:
        await store.close()
        raise


def market_setup(settings: Settings) -> MarketSetup:
    """What the decisions are made with.

    Raises:
        ValueError: the detector needs an extra that is not installed.
    """
    return MarketSetup(
        detector=detector(settings.detector),
        bar_s=settings.bar_s,
        paper=parse_paper(DEFAULT_PAPER if settings.paper is None else settings.paper),
        cash=settings.paper_cash,
        paper_fee=settings.paper_fee_bps / BASIS_POINTS,
    )


async def open_recorder(settings: Settings) -> Recorder:
    """Open the log that the settings name, fold the decider's state, and follow the log from now on.

    Raises:
        StoreLocked: another process writes it.
        StoreUnavailable: it cannot be written or read by this program; see `open_log`.
    """
    setup = market_setup(settings)
    return await record(await open_log(settings), setup)


async def record(log: EventLog, setup: MarketSetup, first: Sequence[NewEvent] = ()) -> Recorder:
    """Decide and append to a log from now on, and follow it; it is closed with the recorder, or where this fails.

    Args:
        log: open for writing.
        setup: what the decisions are made with.
        first: events to append before any decision.
    """
    try:
        if first:
            await log.append(first)
        ingest = await TickIngest.open(log, setup=setup)
    except BaseException:
        await log.close()
        raise
    recorder = Recorder(log, ingest, Projector(log, PUBLIC_STATE), episode_projector(log))
    recorder.projector.start()
    recorder.episodes.start()
    return recorder
