"""The log: streams, events, the head row, idempotency keys, and the triggers that refuse changes.

Revision: 0001
Revises: none
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SQLITE_GUARDS = (
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
POSTGRES_GUARDS = (
    """
    CREATE FUNCTION events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the log refuses %: a correction is a new event', TG_OP; END $$
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


def upgrade() -> None:
    """Create the tables and their guards."""
    _create_streams()
    _create_events()
    _create_head_and_keys()
    _create_types_and_snapshots()
    guards = SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else POSTGRES_GUARDS
    for statement in guards:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Drop everything, the recorded events included."""
    for table in ("snapshots", "event_types", "idempotency_keys", "log_head", "events", "streams"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.get_bind().exec_driver_sql("DROP FUNCTION events_refuse_change()")


def _create_streams() -> None:
    op.create_table(
        "streams",
        sa.Column("stream_id", POSITION, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("occurred_max", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", name="pk_streams"),
        sa.UniqueConstraint("name", name="uq_streams_name"),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("position", POSITION, autoincrement=False, nullable=False),
        sa.Column("stream_id", POSITION, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.LargeBinary(16), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("schema_version", sa.SmallInteger(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("occurred_max", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("correlation_id", sa.LargeBinary(16), nullable=False),
        sa.Column("causation_id", sa.LargeBinary(16), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.ForeignKeyConstraint(
            ["stream_id"],
            ["streams.stream_id"],
            name="fk_events_stream_id",
            deferrable=True,
            initially="DEFERRED",
        ).ddl_if(dialect="sqlite"),
    )
    op.create_index("ux_events_stream_id_version", "events", ["stream_id", "version"], unique=True)
    op.create_index("ux_events_event_id", "events", ["event_id"], unique=True)
    late = sa.text("occurred_at < occurred_max")
    op.create_index(
        "ix_events_late",
        "events",
        ["stream_id", "occurred_at"],
        sqlite_where=late,
        postgresql_where=late,
    )


def _create_head_and_keys() -> None:
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        # `op.f`: this is the whole name; else the naming convention would add its prefix again.
        sa.CheckConstraint("id = 1", name=op.f("ck_log_head_single_row")),
        sa.PrimaryKeyConstraint("id", name="pk_log_head"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("positions", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_idempotency_keys"),
    )


def _create_types_and_snapshots() -> None:
    op.create_table(
        "event_types",
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("schema_version", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("type", "schema_version", name="pk_event_types"),
    )
    op.create_table(
        "snapshots",
        sa.Column("projection", sa.String(64), nullable=False),
        sa.Column("schema", sa.String(64), nullable=False),
        sa.Column("stream", sa.String(200), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "projection", "schema", "stream", "position", "occurred_at", name="pk_snapshots"
        ),
    )
