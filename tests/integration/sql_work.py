"""How much of the log a question reads: its statements are caught, explained, and their work is counted."""

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it has no types of its own
import pytest
from sqlalchemy import Connection, Engine, event

from events.sql_store import SqlEventStore
from events.sql_text import Driver, Prepared


@dataclass(frozen=True)
class Log:
    """A log of so many events, and its engine."""

    store: SqlEventStore
    size: int
    engine: str


Ask = Callable[[Log], Awaitable[Any]]


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is executed meanwhile, with its parameters."""
    caught: list[tuple[str, Any]] = []

    def catch(_c: Any, _cursor: Any, statement: str, values: Any, _x: Any, _many: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            caught.append((statement, values))

    rows = Driver.rows

    def catch_rows(self: Driver, statement: Prepared, *values: Any) -> Any:
        # These go to the driver by the shortest way, where no event tells of them.
        catch(None, None, statement.text(self._dialect), values, None, False)
        return rows(self, statement, *values)

    fetchrow = asyncpg.Connection.fetchrow

    async def catch_row(self: Any, statement: str, *values: Any, **options: Any) -> Any:
        # An append in PostgreSQL speaks to the driver itself.
        catch(None, None, statement, values, None, False)
        return await fetchrow(self, statement, *values, **options)

    event.listen(Engine, "before_cursor_execute", catch)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Driver, "rows", catch_rows)
            patch.setattr(asyncpg.Connection, "fetchrow", catch_row)
            yield caught
    finally:
        event.remove(Engine, "before_cursor_execute", catch)


def sqlite_scans(connection: Connection, statement: str, values: Any) -> list[str]:
    """The lines of the plan that read all of the events table or of one of its indexes."""
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    # A search without a bound, or with none on the index's first column, reads from end to end.
    whole = re.compile(r"SCAN (e|events)\b|SEARCH (e|events) ([^(]*$|.*\bANY\()")
    return [row.detail for row in plan if whole.match(row.detail)]


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes_of(inner)


def postgres_nodes(connection: Connection, statement: str, values: Any) -> list[dict[str, Any]]:
    """What the plan does with the events table, executed."""
    explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"
    found = connection.exec_driver_sql(explain, values).scalar_one()
    plan = json.loads(found) if isinstance(found, str) else found
    nodes = nodes_of(plan[0]["Plan"])
    return [
        n
        for n in nodes
        if n.get("Relation Name") == "events" or "events" in n.get("Index Name", "")
    ]


def is_scan(node: dict[str, Any]) -> bool:
    if node["Node Type"] in {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}:
        # A condition on an index's first column: on others alone, it is read from end to end.
        return FIRST_COLUMN[node["Index Name"]] not in str(node.get("Index Cond"))
    return bool(node["Node Type"] != "Bitmap Heap Scan")


FIRST_COLUMN = {
    "pk_events": '"position"',
    "ux_events_event_id": "event_id",
    "ux_events_stream_id_version": "stream_id =",
    "ix_events_late": "stream_id =",
}


def rows_read(node: dict[str, Any]) -> int:
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    per_loop: float = node["Actual Rows"] + sum(node.get(name, 0) for name in removed)
    return round(per_loop * float(node["Actual Loops"]))


def writes(statement: str) -> bool:
    return "INSERT" in statement


async def scans_of(log: Log, asked: list[tuple[str, Any]]) -> list[str]:
    found = []
    for statement, values in asked:
        if log.engine == "sqlite":
            lines = await log.store._engines.read(
                partial(sqlite_scans, statement=statement, values=values)
            )
        elif writes(statement):
            continue
        else:
            # What locks rows is nothing for a reader.
            run = log.store._engines.write if "FOR SHARE" in statement else log.store._engines.read
            nodes = await run(partial(postgres_nodes, statement=statement, values=values))
            lines = [json.dumps(node) for node in nodes if is_scan(node)]
        found += [f"{line}: {statement}" for line in lines]
    return found


async def work_of(log: Log, ask: Ask) -> int:
    """How much it costs: steps of SQLite's machine, or rows of events that PostgreSQL looks at."""
    if log.engine == "sqlite":
        return await sqlite_steps(log, ask)
    with statements() as asked:
        await ask(log)
    rows = 0
    for statement, values in asked:
        nodes = await log.store._engines.read(
            partial(postgres_nodes, statement=statement, values=values)
        )
        rows += sum(rows_read(node) for node in nodes)
    return rows


async def sqlite_steps(log: Log, ask: Ask) -> int:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def counting(handler: Callable[[], int] | None) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            # The reader has one connection, so it is the one that answers the question as well.
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(handler, 10)

        return work

    await log.store._engines.read(counting(count))
    await ask(log)
    await log.store._engines.read(counting(None))
    return steps
