"""Time that goes by for leases where the clock is the server's."""

from dataclasses import replace

from sqlalchemy import Connection

from events.sql_leases import _locked, _write, read_held


def age_leases(connection: Connection, seconds: float) -> None:
    """Make every lease expire so much earlier."""
    for name in [lease.name for lease in read_held(connection)]:
        if lease := _locked(connection, name):
            earlier = lease.expires_at_us - round(seconds * 1_000_000)
            _write(connection, replace(lease, expires_at_us=earlier))
