"""A CSV feed can be stopped while it reads over what was recorded before."""

import asyncio
import io
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from app.feeds.csv_feed import CsvFiles, CsvPlay
from tests.unit.app.feeding import PATIENCE_S


class LongFile(io.RawIOBase):
    """A file of old ticks; after the first of them its disk waits to be let go on.

    Attributes:
        name: as a path has it.
        left: rows that were not read.
    """

    name = "long.csv"

    def __init__(self, rows: int) -> None:
        self.left = rows
        self.waits, self.go = threading.Event(), threading.Event()
        self._rows = (f"2020-01-06T10:00:00.{row:06}Z,5\n" for row in range(rows))

    def open(self, _mode: str) -> io.BufferedReader:
        """Itself: it is opened once."""
        return io.BufferedReader(self, buffer_size=64)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        text = "time,price\n" if not self.waits.is_set() else next(self._rows, "")
        self.left -= bool(text) and self.waits.is_set()
        if self.waits.is_set():
            self.go.wait(PATIENCE_S)
        self.waits.set()
        buffer[: len(text)] = text.encode()
        return len(text)


async def test_who_stops_while_a_file_is_read_over_does_not_wait_for_its_end() -> None:
    file = LongFile(100_000)
    play = CsvPlay(bare_ticks=True, since=datetime(2030, 1, 1, tzinfo=UTC))
    feed = CsvFiles({"X": cast(Path, file)}, "x", play)
    reading = asyncio.ensure_future(anext(aiter(feed.ticks({}))))
    await asyncio.to_thread(file.waits.wait, PATIENCE_S)
    reading.cancel()
    await asyncio.wait({reading})
    file.go.set()
    async with asyncio.timeout(PATIENCE_S):
        while not file.closed:
            await asyncio.sleep(0)
    assert file.left > 90_000
