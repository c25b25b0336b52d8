"""A long log is walked by several processes at once, each over a part of the positions.

Each event's hash is proven from the stored hash before it, so a walk can begin anywhere: from the row there,
and from where each stream had come to. That the parts join is checked in the end. This only makes a good
log's proof quicker: whatever is not as it must be, the one walk from the start finds and names.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, NoResultFound

from events.chain import GENESIS
from events.engines import Engines
from events.verify_report import Findings
from events.verify_rows import Place, Walk
from events.verify_tables import SideTables

PART_EVENTS_MIN: Final = 50_000
"""Events that are worth a process of their own: starting one takes as long as some ten thousand of them."""

PARTS_MAX: Final = 8

STREAMS_MAX: Final = 2_000
"""With more streams, finding where each of them is when a part begins would take too long."""

ANSWER_BYTES_MAX: Final = 2**28
"""A part's longest answer: it names every stream."""

_ROOT: Final = str(Path(__file__).resolve().parent.parent)
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from events.verify_part import main; main()"
)


async def walk_in_parts(
    path: Path,
    engines: Engines,
    side: SideTables,
    findings: Findings,
    on_progress: Callable[[int, int], None] | None = None,
) -> Walk | None:
    """Walk over the whole log in parts; None when it is short, or when a part is not proven."""
    count = min(os.cpu_count() or 1, PARTS_MAX, side.last // PART_EVENTS_MIN)
    if count < 2 or len(side.streams) > STREAMS_MAX:
        return None
    ends = [side.last * number // count for number in range(1, count + 1)]
    places = await engines.read(partial(_places, side, ends[:-1]))
    if places is None:
        return None
    done = [0] * count

    def tell(number: int, events: int) -> None:
        done[number] = events
        if on_progress:
            on_progress(sum(done), side.last)

    tasks = [
        {"path": str(path), "names": side.names, "place": place, "upto": upto}
        for place, upto in zip(places, ends, strict=True)
    ]
    walks = (_walk_apart(task, partial(tell, number)) for number, task in enumerate(tasks))
    return _joined(side, places, await asyncio.gather(*walks), findings)


def _places(side: SideTables, ends: Sequence[int], connection: Connection) -> list[Place] | None:
    """Where each part begins, as the rows tell; None when they cannot."""
    nowhere = {"position": 0, "hash": GENESIS.hex(), "recorded_at": 0, "streams": {}}
    try:
        return [nowhere, *(_place(side, position, connection) for position in ends)]
    except (DBAPIError, NoResultFound, AttributeError, TypeError, UnicodeDecodeError):
        return None


def _place(side: SideTables, position: int, connection: Connection) -> Place:
    sql = "SELECT hash, recorded_at FROM events WHERE position = ?"
    row = connection.exec_driver_sql(sql, (position,)).one()
    ends = {str(row[0]): _end(connection, row[0], row[2], position) for row in side.streams}
    streams = {number: end for number, end in ends.items() if end is not None}
    return {
        "position": position,
        "hash": row.hash.hex(),
        "recorded_at": row.recorded_at,
        "streams": streams,
    }


def _end(connection: Connection, stream_id: int, last: int, position: int) -> list[int] | None:
    """The last version of a stream up to a position, with its place; by binary search over versions."""
    sql = "SELECT version, position, occurred_max FROM events WHERE stream_id = ? AND version = ?"
    low, end = 0, None
    while low < last:
        middle = (low + last + 1) // 2
        row = connection.exec_driver_sql(sql, (stream_id, middle)).one_or_none()
        if row is not None and row.position <= position:
            low, end = middle, list(row)
        else:
            last = middle - 1
    return end


async def _walk_apart(task: dict[str, Any], tell: Callable[[int], None]) -> Place | None:
    """One part, in a process of its own; None for whatever goes wrong."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-c", _PROGRAM, _ROOT),
            stdin=PIPE,
            stdout=PIPE,
            limit=ANSWER_BYTES_MAX,
        )
    except OSError:
        return None
    try:
        return await _last_answer(process, task, tell)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _last_answer(
    process: Process, task: dict[str, Any], tell: Callable[[int], None]
) -> Place | None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(task).encode() + b"\n")
    await process.stdin.drain()
    answer: Any = None
    async for line in process.stdout:
        answer = json.loads(line)
        if isinstance(answer, int):
            tell(answer)
    await process.wait()
    return answer if isinstance(answer, dict) else None


def _joined(
    side: SideTables, places: Sequence[Place], reached: Sequence[Place | None], findings: Findings
) -> Walk | None:
    """The whole walk, if every part came exactly to where the next began."""
    walk = Walk(side.names, findings)
    for place, end in zip([*places[1:], None], reached, strict=True):
        if end is None:
            return None
        for name, schema, position in end.pop("types"):
            walk.types.setdefault((name, schema), position)
        if place is not None and end != place:
            return None
        walk.resume(end)
    walk.events = walk.position
    return walk
