"""The event store over SQLAlchemy: the same code for every engine; `engines` knows the differences."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection

from events import sql_read
from events.append_ways import Appends
from events.clock import now_us
from events.engines import Engines, SqliteEngines, SqliteReader
from events.envelope import Append, Appended, EventColumns, Head, Idempotency, RecordedEvent
from events.errors import StoreUnavailable
from events.messages import EventText, TextOf
from events.selection import Selection
from events.sql_answers import find_answer
from events.sql_append import SqlAppends, find_events
from events.sql_home import Moved, ensure_home, read_hint_key
from events.sql_leases import SqlLeases, release_all
from events.sql_lifetime import begin_unknown_lifetime, ensure_head, holds, holds_or_begins
from events.sql_messages import read_texts, texts_at
from events.sql_rows import StreamNames
from events.sql_search import first_since
from events.sql_snapshots import SqlSnapshots
from events.store import Outcome, ReadQuery, StreamHead

Result = TypeVar("Result")


class SqlEventStore(SqlSnapshots, SqlLeases):
    """An `EventStore` in SQL tables (`events.tables`).

    Attributes:
        moved: where the log was found to have lived before, when it was opened for writing; mostly None.
    """

    def __init__(
        self,
        engines: Engines,
        clock: Callable[[], int] = now_us,
        appends: Appends | None = None,
    ) -> None:
        """Use one of the openers; or this, over engines that are open, to read alone.

        Args:
            engines: the database.
            clock: gives microseconds since 1970; tests hand in their own.
            appends: how this engine appends; None for a log that is only read.
        """
        self._only_reads = False
        self.moved: Moved | None = None
        self._engines = engines
        self._clock = clock
        self._names = StreamNames()
        self._appends = appends
        self._known: Head | None = None

    @classmethod
    async def open_sqlite(
        cls,
        path: Path,
        migrate: Callable[[Connection], None],
        clock: Callable[[], int] = now_us,
    ) -> "SqlEventStore":
        """Open (or create) an SQLite log for writing; `migrate` brings the schema up to date.

        Raises:
            StoreLocked: another process writes this file.
            StoreUnavailable: the file cannot be written.
        """

        def alone(connection: Connection) -> None:
            _prepare(connection, migrate)
            # The file's lock keeps other processes out: whoever held a lease is no more.
            release_all(connection)

        engines = await SqliteEngines.open(path, alone)
        return cls(engines, clock, SqlAppends(engines))

    @classmethod
    async def open_postgres(
        cls,
        url: str,
        migrate: Callable[[Connection], None],
        clock: Callable[[], int] = now_us,
    ) -> "SqlEventStore":
        """Open a log in PostgreSQL (`postgresql://...`); `migrate` brings the schema up to date, or looks at it.

        Any number of processes may write it. One that was moved here, as `moved` then tells, begins a new lifetime.

        Raises:
            StoreUnavailable: the server cannot be reached or refuses.
        """
        # Here, because whoever keeps the log in a file need not load it.
        from events.postgres import PostgresEngines
        from events.postgres_append import PostgresAppends

        moved: Moved | None = None

        def prepare(connection: Connection) -> None:
            nonlocal moved
            moved = _prepare(connection, migrate)

        engines = await PostgresEngines.open(url, prepare)
        store = cls(engines, clock, PostgresAppends(engines))
        store.moved = moved
        return store

    @classmethod
    def read_sqlite(cls, path: Path) -> "SqlEventStore":
        """Open an SQLite log for reading only, beside whoever writes it."""
        return cls(SqliteReader(path))

    @classmethod
    async def read_postgres(cls, url: str, check: Callable[[Connection], None]) -> "SqlEventStore":
        """Open a log in PostgreSQL for reading only; `check` looks whether it can be read.

        Raises:
            StoreUnavailable: the server cannot be reached or refuses.
        """
        from events.postgres import PostgresEngines

        store = cls(await PostgresEngines.open(url, check))
        store._only_reads = True
        return store

    async def append(self, appends: Sequence[Append]) -> list[Outcome]:
        """Record a group of appends in one durable transaction; one outcome each."""
        if self._appends is None:
            raise StoreUnavailable("this log was opened for reading only")
        outcomes, head = await self._appends.append(appends, self._clock(), self._known)
        self.note(head)
        return outcomes

    async def answer_to(self, idempotency: Idempotency) -> Appended | None:
        """What `append` would answer to a key that comes again; None for one that was never answered."""
        stored = await self._engines.read(partial(find_answer, key=idempotency.key))
        if stored is None or stored.is_forgotten(self._clock()):
            return None
        return stored.again(idempotency)

    async def head(self) -> Head:
        """The end of the log."""
        head = await self._engines.read(sql_read.read_head)
        self.note(head)
        return head

    def note(self, head: Head) -> None:
        """Remember the newest head of this lifetime: an append goes on from there, or is refused."""
        known = self._known
        if known is None or (head.epoch == known.epoch and head.position > known.position):
            self._known = head

    async def hint_key(self) -> bytes:
        """What the hints of this log are proved with: known to whoever can read its database.

        Raises:
            StoreUnavailable: the log was never opened for writing by a program that makes one.
        """
        return await self._engines.read(read_hint_key)

    async def begin_lifetime(self) -> str:
        """Give the log a new epoch, and return it: whoever comes with a cursor is told to start again."""
        return await self._engines.write(begin_unknown_lifetime)

    async def still_holds(self, known: Head) -> bool:
        """Whether the log still holds the event that was once its head."""
        # Where a glance tells, no lock is asked for, which a log that is opened for reading does not give.
        if (await self.head()).epoch != known.epoch:
            return False
        if self._only_reads:
            return await self._engines.read(partial(holds, known=known))
        return await self._engines.write(partial(holds_or_begins, known=known))

    async def streams(self) -> Mapping[str, StreamHead]:
        """The end of every stream."""
        return await self._engines.read(sql_read.read_streams)

    async def read(self, query: ReadQuery) -> list[RecordedEvent]:
        """One page, in position order or the reverse."""
        return await self._read(sql_read.read_page, query)

    async def read_columns(self, query: ReadQuery) -> EventColumns:
        """The page that `read` would give, column by column."""
        return await self._read(sql_read.read_columns, query)

    async def read_texts(self, query: ReadQuery, text_of: TextOf) -> list[EventText]:
        """The page that `read` would give, as messages, made from the columns."""
        return await self._read(read_texts, query, text_of)

    async def texts_at(self, positions: Sequence[int], text_of: TextOf) -> list[EventText]:
        """The messages of `read_at`, made from the columns."""
        return await self._read(texts_at, positions, text_of)

    async def read_at(self, positions: Sequence[int]) -> list[RecordedEvent]:
        """The events at these positions, in position order."""
        return await self._read(sql_read.read_at, positions)

    async def last_positions(self, selection: Selection, last: int, upto: int) -> list[int]:
        """The positions of the newest `last` events of each stream, none beyond `upto`."""
        return await self._read(sql_read.last_positions, selection, last, upto)

    async def first_since(self, occurred_at_us: int) -> int:
        """The first position whose market time is not before this; head + 1 when there is none."""
        work = partial(first_since, occurred_at_us=occurred_at_us)
        return await self._engines.read(work)

    async def find(self, event_ids: Collection[UUID]) -> Mapping[UUID, RecordedEvent]:
        """Those of the events that are recorded, by id."""
        return await self._read(find_events, list(event_ids))

    async def newest_at(self, stream: str, occurred_at_us: int) -> RecordedEvent | None:
        """The newest event of a stream with exactly this market time."""
        return await self._read(sql_read.newest_at, stream, occurred_at_us)

    async def close(self) -> None:
        """Let go of files, threads and connections."""
        await self._engines.close()

    async def _read(self, work: Callable[..., Result], *arguments: object) -> Result:
        return await self._engines.read(
            lambda connection: work(connection, self._names, *arguments)
        )


def _prepare(connection: Connection, migrate: Callable[[Connection], None]) -> Moved | None:
    """What opening a log for writing does to it; where it lived before, if that was elsewhere."""
    migrate(connection)
    ensure_head(connection)
    return ensure_home(connection)
