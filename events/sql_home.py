"""Where a log lives: the one row that tells a log from its copy, and the key that its nodes' hints are proved with.

A dump that is restored into another database or server is a copy: two logs of one epoch, which go on differently.
So whoever opens it for writing finds that it lives elsewhere than it says, and begins a new lifetime. A standby
that was promoted is no copy: it keeps the server's identifier and the database's number, and so the epoch.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select, text, update

from events.errors import StoreUnavailable
from events.sql_leases import release_all
from events.sql_lifetime import begin_lifetime, home_of, lock_head, new_hint_key
from events.tables import log_home

_HOME: Final = select(log_home.c.place, log_home.c.hint_key).where(log_home.c.id == 1)
_MAY_ASK: Final = text("SELECT has_function_privilege('pg_control_system()', 'execute')")
_SERVER: Final = text("SELECT system_identifier::text FROM pg_control_system()")
_DATABASE: Final = text("SELECT oid::text FROM pg_database WHERE datname = current_database()")


@dataclass(frozen=True, slots=True)
class Moved:
    """A log that was found in another place than it said, and was given a new epoch.

    Attributes:
        before: where it lived.
        place: where it lives now.
        epoch: its new one.
    """

    before: str
    place: str
    epoch: str


def place_of(connection: Connection) -> str:
    """The place of the database that answers: `SYSTEM_IDENTIFIER/DATABASE_OID`; empty for a file.

    The identifier is left out where the role may not ask for it.
    """
    if connection.dialect.name != "postgresql":
        return ""
    may_ask = connection.execute(_MAY_ASK).scalar_one()
    server = connection.execute(_SERVER).scalar_one() if may_ask else ""
    return f"{server}/{connection.execute(_DATABASE).scalar_one()}"


def is_same_place(one: str, other: str) -> bool:
    """Whether two places may be one; an identifier that is not known contradicts none."""
    server, _, database = one.partition("/")
    other_server, _, other_database = other.partition("/")
    return database == other_database and (not (server and other_server) or server == other_server)


def ensure_home(connection: Connection) -> Moved | None:
    """Note where the log lives; one that was moved begins a new lifetime, with all leases free and a new key.

    The head row must be there.
    """
    place = place_of(connection)
    home = connection.execute(_HOME).first()
    if home is not None and home.place == place:
        return None
    # Processes that open the log at once, or append: one moves it.
    lock_head(connection)
    home = connection.execute(_HOME).first()
    if home is None:
        connection.execute(insert(log_home), {"id": 1, **home_of(place, new_hint_key())})
        return None
    if is_same_place(home.place, place):
        # A role that may ask has found out more than one that may not.
        fuller = max(home.place, place, key=len)
        connection.execute(update(log_home).values(home_of(fuller, home.hint_key)))
        return None
    connection.execute(update(log_home).values(home_of(place, home.hint_key)))
    release_all(connection)
    return Moved(home.place, place, begin_lifetime(connection))


def read_place(connection: Connection) -> str | None:
    """Where the log says that it lives; None before it was opened for writing."""
    home = connection.execute(_HOME).first()
    return None if home is None else str(home.place)


def read_hint_key(connection: Connection) -> bytes:
    """The key that the hints of this log are proved with.

    Raises:
        StoreUnavailable: the log was not opened for writing since it has such keys.
    """
    home = connection.execute(_HOME).first()
    if home is None:
        raise StoreUnavailable("this log has no key for hints yet: open it for writing once")
    return bytes(home.hint_key)
