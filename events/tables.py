"""The log's tables, as SQLAlchemy declares them; `migrations/` builds the same, and a test compares.

Ids and hashes are raw bytes and times are integer microseconds: small rows, cheap indexes, and no engine
gets a chance to round anything.
"""

from typing import Final

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    event,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# SQLite makes a column the rowid itself only where its type reads INTEGER.
Position: Final = BigInteger().with_variant(Integer, "sqlite")

streams = Table(
    "streams",
    metadata,
    Column("stream_id", Position, primary_key=True, autoincrement=False),
    Column("name", String(200), nullable=False, unique=True),
    Column("version", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("occurred_max", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("stream_id", Position, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("event_id", LargeBinary(16), nullable=False),
    Column("type", String(64), nullable=False),
    Column("schema_version", SmallInteger, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    # The greatest market time of its stream up to here. It rises along the stream, as recorded_at and
    # position do, and versions are dense: so any of them is found by binary search over versions,
    # and one index serves all questions.
    Column("occurred_max", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("source", String(64), nullable=False),
    Column("correlation_id", LargeBinary(16), nullable=False),
    Column("causation_id", LargeBinary(16)),
    Column("payload", Text, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Index("ux_events_stream_id_version", "stream_id", "version", unique=True),
    Index("ux_events_event_id", "event_id", unique=True),
    # Late events alone, those that market order puts before others of their stream: mostly none.
    Index(
        "ix_events_late",
        "stream_id",
        "occurred_at",
        sqlite_where=text("occurred_at < occurred_max"),
        postgresql_where=text("occurred_at < occurred_max"),
    ),
    # In PostgreSQL a trigger would run for every row, which halved the rate of appends (ADR 10). There, as
    # everywhere, a stream without its row is found by `verify`.
    ForeignKeyConstraint(
        ["stream_id"], ["streams.stream_id"], deferrable=True, initially="DEFERRED"
    ).ddl_if(dialect="sqlite"),
)

log_head = Table(
    "log_head",
    metadata,
    Column(
        "id",
        Integer,
        CheckConstraint("id = 1", name="single_row"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("epoch", String(64), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

log_home = Table(
    "log_home",
    metadata,
    Column(
        "id",
        Integer,
        CheckConstraint("id = 1", name="single_row"),
        primary_key=True,
        autoincrement=False,
    ),
    # Where the log was opened for writing last (`events.sql_home`); empty for a file.
    Column("place", String(100), nullable=False),
    Column("hint_key", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

event_types = Table(
    "event_types",
    metadata,
    Column("type", String(64), primary_key=True),
    Column("schema_version", SmallInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("projection", String(64), primary_key=True),
    Column("schema", String(64), primary_key=True),
    Column("stream", String(200), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("occurred_at", BigInteger, primary_key=True, autoincrement=False),
    Column("state", LargeBinary, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("answer", Text, nullable=False),
    Column("positions", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("holder", String(100), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

SQLITE_GUARDS: Final = (
    """
    CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the log refuses UPDATE: a correction is a new event'); END
    """,
    """
    CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the log refuses DELETE: a correction is a new event'); END
    """,
    # INSERT OR REPLACE deletes what is in its way, and no DELETE trigger hears of it. ROLLBACK, not ABORT:
    # to be able to undo one statement SQLite copies every page before it writes there, which was half the
    # time of an insert. For the same reason events are inserted OR ROLLBACK, with a deferred foreign key.
    """
    CREATE TRIGGER events_refuse_replace BEFORE INSERT ON events
    WHEN EXISTS (
        SELECT 1 FROM events
        WHERE position = NEW.position OR event_id = NEW.event_id
            OR (stream_id = NEW.stream_id AND version = NEW.version)
    )
    BEGIN SELECT RAISE(ROLLBACK, 'the log refuses REPLACE: a correction is a new event'); END
    """,
)
POSTGRES_GUARDS: Final = (
    """
    CREATE FUNCTION events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the log refuses %%: a correction is a new event', TG_OP; END $$
    """,
    """
    CREATE TRIGGER events_refuse_update_delete BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION events_refuse_change()
    """,
    """
    CREATE TRIGGER events_refuse_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse_change()
    """,
    """
    CREATE TRIGGER streams_refuse_delete BEFORE DELETE OR TRUNCATE ON streams
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse_change()
    """,
)


def _guard(dialect: str, statements: tuple[str, ...]) -> None:
    for statement in statements:
        ddl = DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        event.listen(events, "after_create", ddl.execute_if(dialect=dialect))


_guard("sqlite", SQLITE_GUARDS)
_guard("postgresql", POSTGRES_GUARDS)
