"""A log opened for reading, with what questions are put to: beside the process that writes it, and never written."""

from typing import TYPE_CHECKING, Final

from app.config import Settings
from app.database_url import PostgresUrl, database_of
from app.live_state import LiveState
from app.market import episodes as episode_fold
from app.market.episodes import Episodes
from app.market.persona import PERSONAS
from app.market.setup import MarketSetup
from app.migrate import check_readable
from app.queries.reader import LogReader
from events.engines import SqliteReader
from events.errors import StoreUnavailable
from events.log import EventLog
from events.projection import Projection
from events.projector import Projector
from events.sql_store import SqlEventStore

if TYPE_CHECKING:
    from pathlib import Path

READERS: Final = 2
"""Reads of a file at a time: a page of events, and a question meanwhile."""


async def open_reader(settings: Settings) -> LogReader:
    """Open the log that the settings name for reading.

    Raises:
        StoreUnavailable: there is none, it cannot be read, or a newer program has written it.
        MissingUpcaster: it holds payloads of an older schema that this program cannot read.
    """
    database = database_of(settings.database_url)
    if isinstance(database, PostgresUrl):
        store = await SqlEventStore.read_postgres(database.url, check_readable)
    else:
        store = await _open_file(database)
    try:
        log = await EventLog.open(store)
    except BaseException:
        await store.close()
        raise
    setup = MarketSetup(bar_s=settings.bar_s)
    state = LiveState(log, PERSONAS[settings.persona], setup=setup)
    return LogReader(log, state, episode_projector(log), settings.bar_s)


def episode_projector(log: EventLog) -> Projector[Episodes]:
    """The episodes of a log: in position order alone, and a state that grows with them."""
    projection: Projection[Episodes] = episode_fold
    return Projector(log, projection, weigh=episode_fold.weigh, market_order=False)


async def _open_file(path: "Path") -> SqlEventStore:
    if not path.is_file():
        raise StoreUnavailable(f"{path} does not exist")
    engines = SqliteReader(path, READERS)
    try:
        await engines.read(check_readable)
    except BaseException:
        await engines.close()
        raise
    return SqlEventStore(engines)
