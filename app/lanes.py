"""Lanes: logs that are shown beside the served one and only read; what a what-if saved, for instance.

A lane's positions are those of another log: only market time joins it with the one that is served.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.queries.reader import LogReader
from events.errors import EventError, InvalidCursor, InvalidEvent, StoreUnavailable
from events.scalars import format_micros

Opener = Callable[[Path], Awaitable[LogReader]]


class LaneUnavailable(StoreUnavailable):
    """A lane whose file cannot be read now; the served log and the other lanes are not concerned."""

    code = "lane_unavailable"

    def __init__(self, name: str, why: object) -> None:
        super().__init__(f"lane {name!r}: {why}")


class Lane:
    """One of these logs. It is opened again when its file is another one than before, or was away."""

    def __init__(self, name: str, path: Path, opener: Opener) -> None:
        """Nothing is opened yet."""
        self.name = name
        self._path = path
        self._opener = opener
        self._reader: LogReader | None = None
        self._identity: tuple[int, int] | None = None
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[LogReader]:
        """The log as its file is now, for one question.

        Raises:
            LaneUnavailable: it is not there, or cannot be read; the next question tries again.
        """
        async with self._turn:
            found = await self._current()
        try:
            yield found
        except (InvalidCursor, InvalidEvent):
            raise  # the question's fault
        except EventError as error:
            async with self._turn:
                if self._reader is found:
                    await self.close()
            raise self._unavailable(error) from error

    async def close(self) -> None:
        """Let go of the file."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.log.close()

    def _unavailable(self, error: EventError) -> LaneUnavailable:
        # Any reader is told: where the file lies is for whoever runs the server.
        return LaneUnavailable(self.name, str(error).replace(f"{self._path.parent}{os.sep}", ""))

    async def _current(self) -> LogReader:
        identity = await asyncio.to_thread(_identity, self._path)
        if self._reader is not None and identity == self._identity:
            await self._reader.log.refresh()
            if self._reader.log.fault is None:
                return self._reader
        await self.close()
        if identity is None:
            raise LaneUnavailable(self.name, f"there is no file {self._path.name}")
        try:
            self._reader = await self._opener(self._path)
        except EventError as error:
            raise self._unavailable(error) from error
        self._identity = identity
        return self._reader


class Lanes:
    """All lanes of a server, by name."""

    def __init__(self, lanes: Mapping[str, Lane] | None = None) -> None:
        self._lanes = dict(lanes or {})

    @classmethod
    async def open(cls, named: Mapping[str, Path], opener: Opener, served: Path | None) -> "Lanes":
        """Open them all, so that what is wrong with one is known before anything is served.

        Args:
            named: their files by their names.
            opener: opens one for reading.
            served: the file that is served itself; None where that is no file.

        Raises:
            LaneUnavailable: one of them is the served log, is not there, or cannot be read.
        """
        lanes = cls({name: Lane(name, path, opener) for name, path in named.items()})
        own = None if served is None else await asyncio.to_thread(_identity, served)
        try:
            for name, path in named.items():
                if own is not None and await asyncio.to_thread(_identity, path) == own:
                    raise LaneUnavailable(name, f"{path} is the log that is served itself")
                async with lanes._lanes[name].reader():
                    pass
        except BaseException:
            await lanes.close()
            raise
        return lanes

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def find(self, name: str) -> Lane | None:
        """The lane of that name, if there is one."""
        return self._lanes.get(name)

    async def close(self) -> None:
        """Close them all."""
        for lane in self:
            await lane.close()


async def described(lane: Lane) -> dict[str, Any]:
    """What a lane holds: `answers.lanes.Lane`; with a `problem` in place of it where it cannot be read."""
    try:
        async with lane.reader() as reader:
            return {"name": lane.name, "problem": None, **await _held(reader)}
    except LaneUnavailable as error:
        nothing: dict[str, Any] = {"epoch": None, "head": None, "detectors": [], "symbols": []}
        return {"name": lane.name, "problem": str(error), **nothing}


async def _held(reader: LogReader) -> dict[str, Any]:
    folded = await reader.live_state.projector.now()
    symbols, detectors = [], []
    for symbol, entry in sorted(folded.state["symbols"].items()):
        if entry["regime"] is None:
            continue
        at_us = entry["price_at_us"]
        until = entry["since"] if at_us is None else format_micros(at_us)
        symbols.append({"symbol": symbol, "detector": entry["detector"], "until": until})
        if entry["detector"] is not None and entry["detector"] not in detectors:
            detectors.append(entry["detector"])
    head = reader.log.head
    return {
        "epoch": head.epoch,
        "head": head.position,
        "detectors": detectors,
        "symbols": symbols,
    }


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies at a path; None where there is none, or a folder."""
    if not path.is_file():
        return None
    found = os.stat(path)  # noqa: PTH116
    return found.st_dev, found.st_ino
