"""The lifetimes of a log in SQL: its head row, its epoch, and when a new one begins.

An epoch is the identity of one lifetime. Positions of an earlier lifetime mean nothing in the present one, and who
comes with such a cursor is told so. With the epoch goes the key that the nodes' hints were proved with.
"""

import secrets
from typing import Final

from sqlalchemy import Connection, delete, insert, select, text, update

from events import sql_read
from events.chain import GENESIS, hash_home
from events.envelope import Head
from events.epoch import new_epoch
from events.errors import CorruptLog
from events.tables import events, log_head, log_home, snapshots

HINT_KEY_BYTES: Final = 32
"""The length of the key of the hints."""

_LOCKED_EPOCH: Final = select(log_head.c.epoch).where(log_head.c.id == 1).with_for_update()


def ensure_head(connection: Connection) -> None:
    """Begin the log's first lifetime: the head row of an empty log, with an epoch of its own.

    Raises:
        CorruptLog: there are events, and the row is missing: a new one would hide them all.
    """
    if connection.execute(select(log_head.c.id)).first() is None:
        if connection.dialect.name == "postgresql":
            # A restore that is still filling the table is waited for: until then it looks empty.
            connection.execute(text("LOCK TABLE events IN SHARE MODE"))
        if connection.execute(select(events.c.position).limit(1)).first() is not None:
            raise CorruptLog(sql_read.NO_HEAD)
        row = {"id": 1, "epoch": new_epoch(), "position": 0}
        connection.execute(insert(log_head), {**row, "recorded_at": 0, "hash": GENESIS})


def lock_head(connection: Connection) -> str | None:
    """Keep everybody from appending until the transaction ends; returns the epoch, None without a head row."""
    return connection.execute(_LOCKED_EPOCH).scalar_one_or_none()


def begin_lifetime(connection: Connection) -> str:
    """Give the log a new epoch, and its hints a new key; returns the epoch. Its events stay as they are."""
    epoch = new_epoch()
    connection.execute(update(log_head).where(log_head.c.id == 1).values(epoch=epoch))
    place = connection.execute(select(log_home.c.place)).scalar_one_or_none()
    if place is not None:
        connection.execute(update(log_home).values(home_of(place, new_hint_key())))
    return epoch


def new_hint_key() -> bytes:
    """A key that nobody knows yet."""
    return secrets.token_bytes(HINT_KEY_BYTES)


def home_of(place: str, hint_key: bytes) -> dict[str, object]:
    """The row of `log_home`, but its id."""
    return {"place": place, "hint_key": hint_key, "hash": hash_home(place, hint_key)}


def begin_unknown_lifetime(connection: Connection) -> str:
    """Begin one on events that are others than somebody may have folded, and saved; returns the new epoch.

    The saved folds go: they are a cache, and from now on nobody who folded the earlier events can save one.
    """
    connection.execute(delete(snapshots))
    return begin_lifetime(connection)


def holds(connection: Connection, known: Head) -> bool:
    """Whether the event is there, in whatever lifetime; of a standby that lags behind that is no proof."""
    found = select(events.c.hash).where(events.c.position == known.position)
    return known.position == 0 or connection.execute(found).scalar_one_or_none() == known.hash


def holds_or_begins(connection: Connection, known: Head) -> bool:
    """Whether the log still holds the event that was once its head; one that does not begins a new lifetime.

    Under the head lock, which only a database that can be written gives: a replica that lags behind is no proof.
    """
    if lock_head(connection) != known.epoch:
        return False
    if holds(connection, known):
        return True
    # It has lost what was acknowledged and shown: nobody may go on from there.
    begin_unknown_lifetime(connection)
    return False
