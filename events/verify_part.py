"""One part of a long walk, in a process of its own: reads its task from standard input, answers in lines.

    python -c "from events.verify_part import main; main()"

The task is one line of JSON: `path`, `names` (of the streams, by id), `place` (where the walk begins) and
`upto`. The answers are how many events were proven, now and then, and in the end the place and the types,
or null when anything was not as it must be: who asked then looks for itself. Imports little, to begin soon.
"""

import json
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from events.verify_report import Findings
from events.verify_rows import COLUMNS, Walk

RANGE_EVENTS: Final = 20_000
"""Positions read in one transaction."""

PAGE_EVENTS: Final = 200
"""Rows held at a time: few enough to stay in the processor's cache."""


def walk_part(task: Mapping[str, Any], tell: Callable[[int], None]) -> dict[str, Any] | None:
    """Walk over a part; returns the place that it came to, with `types`, or None for anything wrong."""
    findings = Findings()
    walk = Walk({int(number): name for number, name in task["names"].items()}, findings)
    walk.resume(task["place"])
    uri = f"{Path(task['path']).absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            while walk.position < task["upto"]:
                before = walk.position
                _walk_range(connection, walk, task["upto"])
                if findings.count or walk.position == before:
                    return None
                tell(walk.events)
    except (sqlite3.Error, UnicodeDecodeError):
        return None
    types = [[name, schema, position] for (name, schema), position in walk.types.items()]
    return {**walk.place(), "types": types}


def _walk_range(connection: sqlite3.Connection, walk: Walk, upto: int) -> None:
    where = f"position > {walk.position} AND position <= {upto}"
    sql = f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY position LIMIT {RANGE_EVENTS}"  # noqa: S608
    cursor = connection.execute(sql)
    while rows := cursor.fetchmany(PAGE_EVENTS):
        walk.feed(rows)


def main() -> None:
    """The process."""

    def tell(answer: object) -> None:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    tell(walk_part(json.loads(sys.stdin.readline()), tell))
