"""The statements of an append in PostgreSQL. Values come as arrays: one text serves groups of any size."""

from typing import Final

APPEND_IDLE_S_MAX: Final = 5
"""After how many seconds of silence in mid-append the server lets the others go on: all of them wait."""

# Planned once for each connection: left to itself, the server plans these for every group anew, since it guesses
# that longer arrays are dearer; that was half the time of a lone append.
LOCK: Final = f"""
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL idle_in_transaction_session_timeout = '{APPEND_IDLE_S_MAX}s';
SELECT FROM log_head WHERE id = 1 FOR UPDATE
"""
"""Waits until no other writer has the head row."""

LOOK: Final = """
SELECT h.epoch, h.position, h.hash, h.recorded_at,
    (SELECT e.hash FROM events AS e WHERE e.position = $1) AS known,
    (SELECT coalesce(max(s.stream_id), 0) FROM streams AS s) AS last_stream,
    ARRAY(
        SELECT ROW(s.name, s.stream_id, s.version, s.position, s.occurred_max)
        FROM streams AS s WHERE s.name = ANY($2::varchar[])
    ) AS ends,
    ARRAY(
        SELECT ROW(
            e.position, (SELECT s.name FROM streams AS s WHERE s.stream_id = e.stream_id), e.version,
            e.event_id, e.type, e.schema_version, e.occurred_at, e.recorded_at, e.source,
            e.correlation_id, e.causation_id, e.payload, e.hash
        )
        FROM events AS e WHERE e.event_id = ANY($3::bytea[])
    ) AS recorded,
    ARRAY(
        SELECT ROW(k.key, k.fingerprint, k.answer, k.positions, k.recorded_at)
        FROM idempotency_keys AS k WHERE k.key = ANY($4::varchar[])
    ) AS answers,
    ARRAY(
        SELECT ROW(l.name, l.fence) FROM leases AS l
        WHERE l.name = ANY($5::varchar[]) AND l.holder <> $6
        ORDER BY l.name FOR SHARE
    ) AS fences
FROM log_head AS h WHERE h.id = 1
"""
"""All that a plan needs. The leases' rows are locked: none changes hands until the append is committed."""

_MOVED: Final = """
WITH head AS (
    UPDATE log_head SET position = $1, recorded_at = $2, hash = $3 WHERE id = 1
),
moved AS (
    UPDATE streams AS s SET version = m.version, position = m.position, occurred_max = m.occurred_max
    FROM unnest($18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[])
        AS m (stream_id, version, position, occurred_max)
    WHERE s.stream_id = m.stream_id
)"""

_RECORDED: Final = """
    INSERT INTO events (
        position, stream_id, version, event_id, type, schema_version, occurred_at, occurred_max,
        recorded_at, source, correlation_id, causation_id, payload, hash
    )
    SELECT * FROM unnest(
        $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[], $8::varchar[], $9::smallint[],
        $10::bigint[], $11::bigint[], $12::bigint[], $13::varchar[], $14::bytea[], $15::bytea[],
        $16::text[], $17::bytea[]
    )"""

# A key that is written here is new, or one that was forgotten; which of those the round leaves alone, since
# one statement may change a row once.
_MORE: Final = """
added AS (
    INSERT INTO streams (stream_id, name, version, position, occurred_max)
    SELECT * FROM unnest($22::bigint[], $23::varchar[], $24::bigint[], $25::bigint[], $26::bigint[])
),
typed AS (
    INSERT INTO event_types (type, schema_version, position)
    SELECT * FROM unnest($27::varchar[], $28::smallint[], $29::bigint[]) ON CONFLICT DO NOTHING
),
answered AS (
    INSERT INTO idempotency_keys (key, fingerprint, answer, positions, recorded_at, hash)
    SELECT * FROM unnest(
        $30::varchar[], $31::bytea[], $32::text[], $33::text[], $34::bigint[], $35::bytea[]
    )
    ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, answer = excluded.answer,
        positions = excluded.positions, recorded_at = excluded.recorded_at, hash = excluded.hash
),
swept AS (
    SELECT k.key, k.recorded_at FROM idempotency_keys AS k
    WHERE k.key > $36::varchar ORDER BY k.key LIMIT $37::int
),
forgotten AS (
    DELETE FROM idempotency_keys AS k USING swept AS s
    WHERE k.key = s.key AND s.recorded_at < $38::bigint AND k.key <> ALL($30::varchar[])
)
SELECT count(*) AS looked_at, max(s.key) AS last FROM swept AS s
"""

WRITE: Final = f"{_MOVED} {_RECORDED}"
"""The head, the ends of the streams, the events: all that most appends write."""

WRITE_MORE: Final = f"{_MOVED}, recorded AS ({_RECORDED}), {_MORE}"
"""The same with new streams, types seen for the first time, answers, and the round over old ones."""

END_FROZEN: Final = """
    SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a
    WHERE a.datname = current_database() AND a.usename = current_user AND a.pid <> pg_backend_pid()
        -- Never one that waits for a standby: what it commits would be seen by everybody.
        AND a.state = 'active' AND a.wait_event_type = 'Client'
        AND clock_timestamp() - a.xact_start >= make_interval(secs => $1 * 0.9)
        AND EXISTS (
            SELECT FROM pg_locks AS l
            WHERE l.pid = a.pid AND l.relation = 'log_head'::regclass AND l.mode = 'RowShareLock' AND l.granted
        )
"""
"""Those that have locked the head, and whose clients have not read for so long."""
