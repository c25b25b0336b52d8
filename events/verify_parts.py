"""A long log is proven by several processes at once, each taking one part of the positions after the other.

Each event's hash is proven from the stored hash before it, so a proof can begin anywhere. What a part cannot
prove (that its first hash is the last one of the part before it, that each stream goes on where it had come
to) is proven when the parts are joined. This only makes a good log's proof quicker: whatever is not as it
must be, the one walk from the start finds and names.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from events.verify_part import Part
from events.verify_rows import Found, StreamWalk, Walk

EVENTS_MIN: Final = 20_000
"""Events in a log that is worth processes of its own: starting them takes as long as some ten thousand."""

PART_EVENTS: Final = 10_000
"""Events in a part, and in a transaction: few, so that all processes end at about the same time, and the
server's write-ahead log can be folded in meanwhile."""

PROCESSES_MAX: Final = 8
"""Beside one another, where there are so many processors."""

ANSWER_BYTES_MAX: Final = 2**26
"""A part's longest answer: it names every stream of the part."""

_ROOT: Final = str(Path(__file__).resolve().parent.parent)
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from events.verify_part import main; main()"
)


async def walk_in_parts(
    path: Path,
    names: Mapping[int, str],
    last: int,
    found: Found,
    on_progress: Callable[[int, int], None] | None = None,
) -> Walk | None:
    """Prove positions 1 to `last` in parts; None when they are few, or when a part is not proven."""
    if last < EVENTS_MIN:
        return None
    work = _Work(last, on_progress)
    task = _task(path, names)
    count = min(os.cpu_count() or 1, PROCESSES_MAX, -(-last // PART_EVENTS))
    await asyncio.gather(*(_prove_apart(task, work) for _ in range(count)))
    walk = Walk(names, found)
    if not all(_join(walk, work.proven[after], names) for after in sorted(work.proven)):
        return None
    return walk if walk.position == last else None


class _Work:
    """What is left to prove, and what is proven.

    Attributes:
        proven: the parts, by the position that each begins after.
    """

    def __init__(self, last: int, on_progress: Callable[[int, int], None] | None) -> None:
        self.proven: dict[int, Part] = {}
        self._last = last
        # Never a list: `last` may be a damaged number.
        self._begins = iter(range(0, last, PART_EVENTS))
        self._on_progress = on_progress
        self._events = 0

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """The parts that no process has taken yet; several may take in turn."""
        while (after := next(self._begins, None)) is not None:
            yield after, min(after + PART_EVENTS, self._last)

    def take(self, part: Part) -> None:
        self.proven[part["after"]] = part
        self._events += part["events"]
        if self._on_progress:
            self._on_progress(self._events, self._last)

    def give_up(self) -> None:
        """Something is wrong: the other processes need not go on."""
        self._begins = iter(range(0))


def _task(path: Path, names: Mapping[int, Any]) -> Mapping[str, Any]:
    """What every process is told. A damaged name that is no text is left out: its stream proves nothing."""
    texts = {number: name for number, name in names.items() if isinstance(name, str)}
    return {"uri": f"{path.absolute().as_uri()}?mode=ro", "names": texts}


async def _prove_apart(task: Mapping[str, Any], work: _Work) -> None:
    """Have a process prove part after part, until none is left, or one is not proven."""
    try:
        # Without `site`: it needs nothing that is installed.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", "-c", _PROGRAM, _ROOT),
            stdin=PIPE,
            stdout=PIPE,
            limit=ANSWER_BYTES_MAX,
        )
    except OSError:
        return
    try:
        await _ask(process, task)
        for bounds in work:
            part = await _ask(process, bounds, answered=True)
            if part is None:
                work.give_up()
            else:
                work.take(part)
    except (OSError, ValueError):  # it ended too soon
        work.give_up()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _ask(process: Process, question: Any, *, answered: bool = False) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(question).encode() + b"\n")
    await process.stdin.drain()
    return json.loads(await process.stdout.readline()) if answered else None


def _join(walk: Walk, part: Part, names: Mapping[int, str]) -> bool:
    """Go on to the end of a part, if it begins exactly where the walk has come to."""
    at = walk.position, walk.hash, walk.recorded_at
    if at != (part["after"], bytes.fromhex(part["begins"]), part["recorded_from"]):
        return False
    for key, (version, occurred_at, newest) in part["firsts"].items():
        stream = walk.streams.setdefault(int(key), StreamWalk(names[int(key)]))
        if version != stream.version + 1 or newest != max(stream.occurred_max, occurred_at):
            return False
    for key, (version, position, newest) in part["ends"].items():
        stream = walk.streams[int(key)]
        stream.version, stream.position, stream.occurred_max = version, position, newest
    for name, schema, position in part["types"]:
        walk.types.setdefault((name, schema), position)
    walk.position, walk.recorded_at = part["position"], part["recorded_at"]
    walk.hash = bytes.fromhex(part["hash"])
    walk.events += part["events"]
    return True
