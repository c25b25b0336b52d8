"""Snapshots and known event types in SQL: the part of the SQL store that makes folds short."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import (
    Connection,
    LargeBinary,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
)

from events.engines import Engines
from events.envelope import Head, RecordedEvent
from events.errors import LogReplaced
from events.snapshots import (
    WHOLE_LOG,
    MarketPage,
    MarketPlace,
    MarketQuery,
    Snapshot,
    SnapshotKind,
    TakeEvents,
    sealed,
    unsealed,
)
from events.sql_market import (
    earliest_late,
    fold_range,
    late_positions,
    read_market,
    streams_with_late,
)
from events.sql_rows import StreamNames
from events.sql_search import StreamPlace, first_step, last_recorded_upto, stream_places
from events.tables import event_types, log_head, snapshots

_FOREVER: Final = 2**63 - 1
_LAST: Final = _FOREVER - 1

NEAR: Final = 64
"""Snapshots, and late events, that are looked at before all of a stream's are."""

_SHARED_EPOCH: Final = select(log_head.c.epoch).where(log_head.c.id == 1).with_for_update(read=True)
_SAVE: Final = text(
    "INSERT INTO snapshots (projection, schema, stream, position, occurred_at, state)"
    " VALUES (:projection, :schema, :stream, :position, :occurred_at, :state)"
    " ON CONFLICT (projection, schema, stream, position, occurred_at)"
    " DO UPDATE SET state = excluded.state"
).bindparams(bindparam("state", type_=LargeBinary))
_OF_STREAM: Final = (
    (snapshots.c.projection == bindparam("projection"))
    & (snapshots.c.schema == bindparam("schema"))
    & (snapshots.c.stream == bindparam("stream"))
)
_BEFORE: Final = (
    select(snapshots.c.position, snapshots.c.occurred_at, snapshots.c.state)
    .where(_OF_STREAM, snapshots.c.position <= bindparam("known"))
    .order_by(snapshots.c.position.desc())
    .limit(1)
)
_COVERED: Final = (
    snapshots.c.position <= bindparam("known"),
    snapshots.c.occurred_at <= bindparam("upto"),
)
_NEAR: Final = (
    select(snapshots.c.occurred_at, snapshots.c.position)
    .where(_OF_STREAM, snapshots.c.position <= bindparam("known"))
    .order_by(snapshots.c.position.desc(), snapshots.c.occurred_at.desc())
    .limit(NEAR)
)
# The keys alone: the index has them, and the states are large.
_PLACES: Final = select(snapshots.c.occurred_at, snapshots.c.position).where(_OF_STREAM, *_COVERED)
_AT_POSITION: Final = select(func.max(snapshots.c.occurred_at)).where(
    _OF_STREAM,
    snapshots.c.position == bindparam("position"),
    snapshots.c.occurred_at <= bindparam("upto"),
)
# Of each stream the snapshot of the greatest position whose market time is not beyond, and of those the one of the
# latest: any other of a later time lacks the event at that position. Times rise with positions but for late events,
# so it is searched for as in `events.sql_search`: walking there from the newest would cost more the longer the log.
# The limits keep every engine from asking a question in here again for each row that it compares.
_LATEST: Final = text("""
    WITH RECURSIVE start(name, is_newest) AS (
        SELECT st.name, COALESCE((
            SELECT s.occurred_at FROM snapshots AS s
            WHERE s.projection = :projection AND s.schema = :schema AND s.stream = st.name
                AND s.position <= :known
            ORDER BY s.position DESC, s.occurred_at DESC LIMIT 1
        ), :upto) <= :upto
        FROM streams AS st WHERE st.name IN :names
    ),
    search(name, below, step) AS (
        SELECT name,
            CASE WHEN is_newest THEN CAST(:known AS BIGINT) ELSE CAST(0 AS BIGINT) END,
            CASE WHEN is_newest THEN CAST(0 AS BIGINT) ELSE CAST(:step AS BIGINT) END
        FROM start
        UNION ALL
        SELECT name,
            CASE WHEN below + step <= :known AND COALESCE((
                SELECT s.occurred_at FROM snapshots AS s
                WHERE s.projection = :projection AND s.schema = :schema AND s.stream = search.name
                    AND s.position <= search.below + search.step
                ORDER BY s.position DESC, s.occurred_at DESC LIMIT 1
            ), :upto) <= :upto THEN below + step ELSE below END,
            step / 2
        FROM search WHERE step > 0
    ),
    positions AS (
        SELECT found.name, (
            SELECT s.position FROM snapshots AS s
            WHERE s.projection = :projection AND s.schema = :schema AND s.stream = found.name
                AND s.position <= found.below
            ORDER BY s.position DESC LIMIT 1
        ) AS position
        FROM search AS found WHERE found.step = 0 LIMIT :most
    ),
    places AS (
        SELECT p.name, p.position, (
            SELECT max(s.occurred_at) FROM snapshots AS s
            WHERE s.projection = :projection AND s.schema = :schema AND s.stream = p.name
                AND s.position = p.position AND s.occurred_at <= :upto
        ) AS occurred_at
        FROM positions AS p WHERE p.position IS NOT NULL LIMIT :most
    )
    SELECT p.name, p.position, p.occurred_at, (
        SELECT s.state FROM snapshots AS s
        WHERE s.projection = :projection AND s.schema = :schema AND s.stream = p.name
            AND s.position = p.position AND s.occurred_at = p.occurred_at
    ) AS state
    FROM places AS p WHERE p.occurred_at IS NOT NULL
""").bindparams(bindparam("names", expanding=True))
_STATE: Final = select(snapshots.c.state).where(
    _OF_STREAM,
    snapshots.c.position == bindparam("position"),
    snapshots.c.occurred_at == bindparam("occurred_at"),
)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """A market time, what is known, and the position of the snapshot that is out of date; 0 for none."""

    upto: int
    known: int
    position: int


class SqlSnapshots:
    """The part of `SqlEventStore` that saves and finds folds."""

    _engines: Engines
    _names: StreamNames
    _known: Head | None

    async def stored_types(self) -> Mapping[tuple[str, int], int]:
        """Every (type, schema version) that the log holds, with the position of its first event."""
        return await self._engines.read(read_types)

    async def known_at(self, recorded_at_us: int) -> int:
        """The last position whose commit time is not after this."""
        return await self._engines.read(partial(last_recorded_upto, recorded_at_us=recorded_at_us))

    async def save_snapshots(
        self, snapshots: Sequence[Snapshot], *, newest_only: bool = False
    ) -> None:
        """Save, in one transaction; one at the same place is replaced.

        Raises:
            LogReplaced: what was folded is not what is in the log now.
        """
        if snapshots:
            epoch = None if self._known is None else self._known.epoch
            work = partial(_save, saved=snapshots, newest_only=newest_only, epoch=epoch)
            await self._engines.write(work)

    async def drop_snapshots(self, projection: str) -> None:
        """Delete all snapshots of a projection."""
        await self._engines.write(partial(_drop, projection=projection))

    async def snapshot_before(self, kind: SnapshotKind, position: int) -> Snapshot | None:
        """The newest snapshot of the whole log that is not beyond a position."""
        return await self._engines.read(partial(_before, kind=kind, position=position))

    async def market_snapshots(
        self, kind: SnapshotKind, streams: Sequence[str], at_us: int | None, known: int
    ) -> Mapping[str, Snapshot]:
        """For each stream the latest snapshot to go on from."""
        if not streams:
            return {}
        upto = _FOREVER if at_us is None else at_us
        work = partial(_market, kind=kind, names=streams, upto=upto, known=known)
        return await self._engines.read(work)

    async def fold_range(self, after: int, upto: int, take: TakeEvents) -> None:
        """Hand over the events after one position and up to another, in the reader's thread."""
        await self._engines.read(partial(fold_range, after=after, upto=upto, take=take))

    async def read_market(self, query: MarketQuery) -> Mapping[str, MarketPage]:
        """The next page of every stream of the query, all of one moment of the log."""
        return await self._engines.read(partial(read_market, query=query))


def read_types(connection: Connection) -> dict[tuple[str, int], int]:
    """Every stored (type, schema version), with the position of its first event."""
    rows = connection.execute(select(event_types))
    return {(row.type, row.schema_version): row.position for row in rows}


def note_types(
    connection: Connection, known: set[tuple[str, int]], events: Iterable[RecordedEvent]
) -> set[tuple[str, int]]:
    """Write down the types and versions of new events that are not `known`; returns those.

    The caller adds them to what is known, once the transaction is committed.
    """
    new: dict[tuple[str, int], int] = {}
    for event in events:
        key = (event.type, event.schema_version)
        if key not in known:
            new.setdefault(key, event.position)
    if new:
        # Another process may have been first.
        for key in new.keys() - read_types(connection).keys():
            row = {"type": key[0], "schema_version": key[1], "position": new[key]}
            connection.execute(insert(event_types), row)
    return set(new)


def _save(
    connection: Connection, saved: Sequence[Snapshot], *, newest_only: bool, epoch: str | None
) -> None:
    if newest_only:
        pairs = {(one.kind.projection, one.stream) for one in saved}
        pair = tuple_(snapshots.c.projection, snapshots.c.stream)
        connection.execute(delete(snapshots).where(or_(*(pair == tuple_(*each) for each in pairs))))
    rows = [
        {
            **_key(one.kind, one.stream),
            "position": one.position,
            "occurred_at": one.occurred_at_us,
            "state": sealed(one),
        }
        for one in saved
    ]
    connection.execute(_SAVE, rows)
    # In the end, so that appends wait for the commit alone; held until then, so that no lifetime begins between.
    if epoch is not None and connection.execute(_SHARED_EPOCH).scalar_one_or_none() != epoch:
        raise LogReplaced


def _key(kind: SnapshotKind, stream: str) -> dict[str, str]:
    return {"projection": kind.projection, "schema": kind.schema, "stream": stream}


def _drop(connection: Connection, projection: str) -> None:
    connection.execute(delete(snapshots).where(snapshots.c.projection == projection))


def _before(connection: Connection, kind: SnapshotKind, position: int) -> Snapshot | None:
    values = {**_key(kind, WHOLE_LOG), "known": position}
    row = connection.execute(_BEFORE, values).first()
    return None if row is None else unsealed(Snapshot(kind, WHOLE_LOG, *row))


def _market(
    connection: Connection, kind: SnapshotKind, names: Sequence[str], upto: int, known: int
) -> dict[str, Snapshot]:
    found = _latest(connection, kind, names, upto, known)
    wanted = set(names)
    places = [place for place in stream_places(connection) if place.name in wanted]
    # Behind a late event within the time lies what the search does not see: a snapshot at that event's position,
    # which may be nearer; and the one that was found may lack that event.
    beyond = min(upto, _LAST) + 1
    ends = {
        place.name: (beyond, found[place.name].position if place.name in found else 0)
        for place in places
    }
    outdated = streams_with_late(connection, [(one, ends[one.name]) for one in places], known)
    for place in places:
        if place.stream_id in outdated:
            end = ends[place.name]
            earlier = _earlier(connection, kind, place, _Bounds(upto, known, end[1]))
            found.pop(place.name, None)
            if earlier is not None:
                found[place.name] = earlier
    return found


def _latest(
    connection: Connection, kind: SnapshotKind, names: Sequence[str], upto: int, known: int
) -> dict[str, Snapshot]:
    """The best snapshot of each stream, as long as nothing late was recorded after it."""
    values = {"projection": kind.projection, "schema": kind.schema, "upto": upto, "known": known}
    values |= {"step": first_step(known), "most": len(names)}
    rows = connection.execute(_LATEST, {**values, "names": list(names)})
    found = (unsealed(Snapshot(kind, *row)) for row in rows)
    return {one.stream: one for one in found if one is not None}


def _earlier(
    connection: Connection, kind: SnapshotKind, place: StreamPlace, bounds: _Bounds
) -> Snapshot | None:
    """The latest snapshot of a stream before which nothing came in late, when that is not the latest.

    Those whose time is within the bounds lie at or before its position, or at the positions of late events: the
    newest few of either hold it, unless very much is late.
    """
    values = {**_key(kind, place.name), "upto": bounds.upto, "known": bounds.known}
    beyond = late_positions(connection, place, bounds.upto, bounds.position, bounds.known, NEAR)
    for position in beyond:
        time = connection.execute(_AT_POSITION, {**values, "position": position}).scalar_one()
        if time is not None and not earliest_late(
            connection, place, (time, position), bounds.known
        ):
            return _at(connection, kind, place, (time, position))
    if len(beyond) < NEAR:
        near = connection.execute(_NEAR, {**values, "known": bounds.position})
        keys = [(row.occurred_at, row.position) for row in near if row.occurred_at <= bounds.upto]
        if key := _valid(connection, place, keys, bounds.known):
            return _at(connection, kind, place, key)
    keys = [(row.occurred_at, row.position) for row in connection.execute(_PLACES, values)]
    key = _valid(connection, place, keys, bounds.known)
    return None if key is None else _at(connection, kind, place, key)


def _valid(
    connection: Connection, place: StreamPlace, keys: Sequence[MarketPlace], known: int
) -> MarketPlace | None:
    """The latest of some before which nothing came in late."""
    keys = sorted(keys)
    while keys and (late := earliest_late(connection, place, keys[-1], known)):
        # Those beyond that event's time, made before it was recorded, are out of date, one as all.
        keys = [key for key in keys if key[0] <= late[0] or key[1] >= late[1]]
    return keys[-1] if keys else None


def _at(
    connection: Connection, kind: SnapshotKind, place: StreamPlace, key: MarketPlace
) -> Snapshot | None:
    values = {**_key(kind, place.name), "occurred_at": key[0], "position": key[1]}
    state = connection.execute(_STATE, values).scalar_one_or_none()
    if state is None:
        return None
    return unsealed(Snapshot(kind, place.name, key[1], key[0], state))
