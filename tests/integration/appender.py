"""Processes that append ticks to a log and say what was acknowledged, until they are killed.

`python -m tests.integration.appender LOG` reads numbers, one a line. For each it forks a process that appends
the ticks from this number on, says `ready PID`, and for each acknowledged append `FIRST LAST` (positions).
When that process has been killed, it says `over`.
"""

import asyncio
import itertools
import os
import sys
from pathlib import Path
from uuid import UUID

from app.migrate import upgrade
from events.envelope import NewEvent
from events.log import EventLog
from events.sql_store import SqlEventStore
from tests.unit.events.builders import new, notice, price, regime

WRITERS = 4


def batch(number: int) -> list[NewEvent]:
    """What one tick causes: one to three events of several streams, with ids by its number."""
    symbol = f"S{number % 3}"
    causes = [price(symbol, str(100 + number % 50), number), regime(symbol, number)]
    causes.append(notice(f"tick {number}", number))
    return [
        new(payload, UUID(int=number * 10 + place))
        for place, payload in enumerate(causes[: 1 + number % 3])
    ]


def say(*words: object) -> None:
    """Write one line in one system call: whoever is killed has said it or has not."""
    os.write(sys.stdout.fileno(), (" ".join(map(str, words)) + "\n").encode())


async def write(log: EventLog, numbers: "itertools.count[int]") -> None:
    """Append one batch after another, and say so after each acknowledgement."""
    for number in numbers:
        appended = await log.append(batch(number))
        say(appended.positions[0], appended.positions[-1])


async def append_for_ever(path: Path, first: int) -> None:
    """Open the log as the program does, and append until killed."""
    log = await EventLog.open(await SqlEventStore.open_sqlite(path, upgrade))
    say("ready", os.getpid())
    numbers = itertools.count(first)
    await asyncio.gather(*(write(log, numbers) for _ in range(WRITERS)))


def main(path: Path) -> None:
    """Fork one appender after another: they need not import everything again."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(append_for_ever(path, int(line)))
        os.waitpid(child, 0)
        say("over")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
