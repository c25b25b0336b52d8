"""The lifetimes of a log in SQL: its head row, its epoch, and when a new one begins.

An epoch is the identity of one lifetime. Positions of an earlier lifetime mean nothing in the present one, and who
comes with such a cursor is told so.
"""

from typing import Final

from sqlalchemy import Connection, insert, select, update

from events import sql_read
from events.chain import GENESIS
from events.envelope import Head
from events.epoch import new_epoch
from events.errors import CorruptLog
from events.tables import events, log_head

_LOCKED_EPOCH: Final = select(log_head.c.epoch).where(log_head.c.id == 1).with_for_update()


def ensure_head(connection: Connection) -> None:
    """Begin the log's first lifetime: the head row of an empty log, with an epoch of its own.

    Raises:
        CorruptLog: there are events, and the row is missing: a new one would hide them all.
    """
    if connection.execute(select(log_head.c.id)).first() is None:
        if connection.execute(select(events.c.position).limit(1)).first() is not None:
            raise CorruptLog(sql_read.NO_HEAD)
        row = {"id": 1, "epoch": new_epoch(), "position": 0}
        connection.execute(insert(log_head), {**row, "recorded_at": 0, "hash": GENESIS})


def begin_lifetime(connection: Connection) -> str:
    """Give the log a new epoch, and return it; its events stay as they are."""
    epoch = new_epoch()
    connection.execute(update(log_head).where(log_head.c.id == 1).values(epoch=epoch))
    return epoch


def holds_or_begins(connection: Connection, known: Head) -> bool:
    """Whether the log still holds the event that was once its head; one that does not begins a new lifetime.

    Under the head lock, which only a database that can be written gives: a replica that lags behind is no proof.
    """
    epoch = connection.execute(_LOCKED_EPOCH).scalar_one_or_none()
    if epoch != known.epoch:
        return False
    if known.position == 0:
        return True
    found = select(events.c.hash).where(events.c.position == known.position)
    if connection.execute(found).scalar_one_or_none() == known.hash:
        return True
    # It has lost what was acknowledged and shown: nobody may go on from there.
    begin_lifetime(connection)
    return False
