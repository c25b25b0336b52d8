"""A log followed by looking: whoever only reads it is told nothing by the process that writes."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.queries.reader import LogReader
from app.queries.selected import InvalidSelection, selection
from app.stream.transport import present_text
from events.scalars import parse_time, to_micros
from events.store import PAGE_EVENTS, ReadQuery

LOOK_S: Final = 0.25
"""How often it is looked for new events, in seconds."""


class Follower:
    """Reads the messages of some streams from a place on, for ever."""

    def __init__(
        self, reader: LogReader, channels: Sequence[str], symbols: Sequence[str] | None
    ) -> None:
        """Nothing is read yet.

        Raises:
            InvalidSelection: there is no such channel.
        """
        self._reader = reader
        self._log = reader.log
        self._selection = selection(channels, symbols)
        self._after = 0
        self._first: deque[int] = deque()

    async def begin(self, history: Mapping[str, Any] | str) -> None:
        """Say where to begin: `all`, `none`, `{"last": n}` a stream, `{"after": position}` or `{"since": time}`.

        Raises:
            InvalidSelection: it is none of them.
            PositionBeyondHead: the position has not been recorded yet.
        """
        await self._reader.refresh()
        head = self._log.head.position
        match history:
            case "all":
                self._after = 0
            case "none":
                self._after = head
            case {"after": int(position)}:
                await self._log.check_cursor(position, None)
                self._after = position
            case {"since": datetime() | str() as since}:
                at = since if isinstance(since, datetime) else parse_time(since)
                self._after = await self._log.store.first_since(to_micros(at)) - 1
            case {"last": int(last)}:
                self._after = head
                if self._selection is not None:
                    newest = await self._log.store.last_positions(self._selection, last, head)
                    self._first.extend(newest)
            case _:
                raise InvalidSelection("history", f"{history!r} is none")

    async def next_page(self) -> list[str]:
        """The next messages, as soon as there are some; at the end of the log none, now and then."""
        store = self._log.store
        if self._first:
            count = min(len(self._first), PAGE_EVENTS)
            places = [self._first.popleft() for _ in range(count)]
            return [event.text for event in await store.texts_at(places, present_text)]
        await self._reader.refresh()
        head = self._log.head.position
        query = ReadQuery(after=self._after, upto=head, selection=self._selection)
        page = await store.read_texts(query, present_text)
        if page:
            self._after = page[-1].position
        else:
            self._after = head
            await asyncio.sleep(LOOK_S)
        return [event.text for event in page]
