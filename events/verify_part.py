"""Proves parts of a long log in a process of its own: takes tasks from standard input, answers in lines.

    python -c "from events.verify_part import main; main()"

The first line is JSON: `uri` (of the file, for reading) and `names` (of the streams, by id). Each line after
it is a part, `[after, upto]`: the positions behind `after`, up to and with `upto`. Each answer is a line: what
the part begins with and what it comes to, or null when anything was not as it must be: who asked then looks
for itself. Imports little, to begin soon: a process takes as long to start as to prove ten thousand events.
"""

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from typing import Any, Final

from events.chain import GENESIS
from events.verify_rows import COLUMNS, Walk

PAGE_EVENTS: Final = 100
"""Rows held at a time: few enough to stay in the processor's cache."""

Part = Mapping[str, Any]
"""A proven part: `after` and `position`, its ends; `begins` and `hash`, the hashes at them, and
`recorded_from` and `recorded_at`, the commit times; `events`; `firsts`, by stream, the first version,
occurred_at and occurred_max; `ends`, by stream, the last version, position and occurred_max; `types`, each
with its schema version and first position."""


class _WrongError(Exception):
    """Something is not as it must be."""


def prove_parts(
    uri: str, names: Mapping[int, str], parts: Iterable[tuple[int, int]]
) -> Iterator[Part | None]:
    """Prove one part after the other; None for one with anything wrong in it."""
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            for after, upto in parts:
                yield _prove(connection, names, after, upto)
    except (sqlite3.Error, UnicodeDecodeError, _WrongError):
        yield None


def _prove(connection: sqlite3.Connection, names: Mapping[int, str], after: int, upto: int) -> Part:
    begins, recorded_from = GENESIS, 0
    if after:
        sql = "SELECT hash, recorded_at FROM events WHERE position = ?"
        row = connection.execute(sql, (after,)).fetchone()
        if row is None or tuple(map(type, row)) != (bytes, int):
            raise _WrongError
        begins, recorded_from = row
    walk = Walk(names, _end)
    walk.begin_after(after, begins, recorded_from)
    where = f"position > {after} AND position <= {upto}"
    cursor = connection.execute(
        f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY position"  # noqa: S608  # integers
    )
    while rows := cursor.fetchmany(PAGE_EVENTS):
        walk.feed(rows)
    if walk.position != upto or walk.hash is None:
        raise _WrongError
    return {
        "after": after,
        "begins": begins.hex(),
        "recorded_from": recorded_from,
        "position": upto,
        "hash": walk.hash.hex(),
        "recorded_at": walk.recorded_at,
        "events": walk.events,
        "firsts": walk.firsts,
        "ends": {
            number: (one.version, one.position, one.occurred_max)
            for number, one in walk.streams.items()
        },
        "types": [(name, schema, position) for (name, schema), position in walk.types.items()],
    }


def _end(_what: str, _text: str, _position: int) -> None:
    raise _WrongError


def main() -> None:
    """The process."""
    task = json.loads(sys.stdin.readline())
    names = {int(number): name for number, name in task["names"].items()}
    with suppress(KeyboardInterrupt):  # whoever asked hears of it as well
        for part in prove_parts(task["uri"], names, map(json.loads, sys.stdin)):
            sys.stdout.write(json.dumps(part) + "\n")
            sys.stdout.flush()
