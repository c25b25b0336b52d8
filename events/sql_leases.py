"""Leases in SQL: the part of the SQL store that gives them out, and what an append reads of them.

One order of locks everywhere. An append locks the head row, then shares the rows of the leases that its
group names, in the order of their names; whoever changes a lease locks that one row and no other. So nobody
waits in a circle, and a lease that an append has looked at stays as it is until that append is committed.
In SQLite all of it is done by the one writer, one after the other.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, bindparam, literal_column, select, text, update

from events.chain import hash_lease
from events.engines import Engines
from events.envelope import Append
from events.lease_rules import NOBODY, Lease, acquired, cut_short, released, renewed, unheld
from events.sql_text import Driver, Lookup
from events.tables import leases

_COLUMNS: Final = (leases.c.name, leases.c.holder, leases.c.fence, leases.c.expires_at)
_HELD: Final = leases.c.holder != literal_column(f"'{NOBODY}'")
_LOCKED: Final = select(*_COLUMNS).where(leases.c.name == bindparam("of")).with_for_update()
_ADD: Final = text(
    "INSERT INTO leases (name, holder, fence, expires_at, hash)"
    " VALUES (:name, :holder, :fence, :expires_at, :hash) ON CONFLICT (name) DO NOTHING"
).bindparams(bindparam("hash", type_=leases.c.hash.type))
_ALL_HELD: Final = select(*_COLUMNS).where(_HELD).order_by(leases.c.name)
_FENCES: Final = Lookup(select(leases.c.name, leases.c.fence).where(_HELD), leases.c.name)
_SERVER_TIME: Final = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)")


class SqlLeases:
    """The part of `SqlEventStore` that gives out leases."""

    _engines: Engines
    _clock: Callable[[], int]

    async def acquire_lease(self, name: str, holder: str, ttl_s: float) -> Lease | None:
        """Take a lease; None when another holder has it."""
        work = partial(_acquire, clock=self._clock, free=unheld(name), holder=holder, ttl_s=ttl_s)
        return await self._engines.write(work)

    async def renew_lease(self, lease: Lease, ttl_s: float) -> Lease | None:
        """Make a lease last from now on; None when it is lost."""
        work = partial(_renew, clock=self._clock, lease=lease, ttl_s=ttl_s)
        return await self._engines.write(work)

    async def release_lease(self, lease: Lease) -> None:
        """Give a lease back."""
        await self._engines.write(partial(_release, lease=lease))

    async def leases(self) -> list[Lease]:
        """Every lease that was acquired and not released, by name."""
        return await self._engines.read(read_held)


def fences_of(driver: Driver, appends: Sequence[Append]) -> dict[str, int]:
    """The present fences of the held leases that appends name, as the one writer of a file reads them."""
    names = sorted({append.fence.name for append in appends if append.fence})
    return dict(_FENCES.rows(driver, names)) if names else {}


def release_all(connection: Connection) -> None:
    """Free every lease: for whoever has locked all other processes out, so that no holder lives."""
    for lease in read_held(connection):
        _release(connection, lease)


def read_held(connection: Connection) -> list[Lease]:
    """Every lease that was acquired and not released, by name."""
    return [Lease(*row) for row in connection.execute(_ALL_HELD)]


def _acquire(
    connection: Connection, clock: Callable[[], int], free: Lease, holder: str, ttl_s: float
) -> Lease | None:
    connection.execute(_ADD, {"name": free.name, **_values(free)})
    present = _locked(connection, free.name) or free
    now_us = _now_us(connection, clock)
    present = _write(connection, cut_short(present, ttl_s, now_us)) or present
    return _write(connection, acquired(present, holder, ttl_s, now_us))


def _renew(
    connection: Connection, clock: Callable[[], int], lease: Lease, ttl_s: float
) -> Lease | None:
    present = _locked(connection, lease.name)
    return _write(connection, renewed(present, lease, ttl_s, _now_us(connection, clock)))


def _release(connection: Connection, lease: Lease) -> None:
    _write(connection, released(_locked(connection, lease.name), lease))


def _locked(connection: Connection, name: str) -> Lease | None:
    row = connection.execute(_LOCKED, {"of": name}).first()
    return None if row is None else Lease(*row)


def _now_us(connection: Connection, clock: Callable[[], int]) -> int:
    """The time by which leases expire: the one that all who share the database have in common."""
    if connection.dialect.name == "postgresql":
        return int(connection.execute(_SERVER_TIME).scalar_one())
    return clock()


def _write(connection: Connection, lease: Lease | None) -> Lease | None:
    if lease is not None:
        statement = update(leases).where(leases.c.name == lease.name).values(**_values(lease))
        connection.execute(statement)
    return lease


def _values(lease: Lease) -> dict[str, Any]:
    proof = hash_lease(lease.name, lease.holder, lease.fence, lease.expires_at_us)
    return {
        "holder": lease.holder,
        "fence": lease.fence,
        "expires_at": lease.expires_at_us,
        "hash": proof,
    }
