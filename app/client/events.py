"""The events that a question is answered with: read page by page, or one with what surrounds it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import orjson

from app.client.errors import LogUnavailable, QuestionRefused
from app.client.messages import Event, read_message
from app.client.source import EventQuery, Source, Text
from app.client.table import event_cells, to_pandas, to_polars

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]
    import polars

READ_EVENTS: Final = 1_000
"""Events in one page."""


class Events:
    """The events that match, oldest first: iterate them, as often as you like; nothing is held but a page."""

    def __init__(
        self,
        source: Source,
        query: EventQuery,
        limit: int | None,
        last: int | None,
        check_symbols: Callable[[Sequence[str] | None], None],
    ) -> None:
        """Use `Log.events`.

        Raises:
            QuestionRefused: both a first and a last so many are asked for, or fewer than none.
        """
        if limit is not None and last is not None:
            raise QuestionRefused("invalid_request", "give either limit or last, not both")
        for name, count in (("limit", limit), ("last", last)):
            if count is not None and count < 0:
                raise QuestionRefused("invalid_request", f"{name} must not be negative: {count}")
        self._source = source
        self._query = query
        self._limit = limit
        self._last = last
        self._check_symbols = check_symbols

    def __iter__(self) -> Iterator[Event]:
        # Before anything is read: with an unknown symbol the channels that have none would come all the same.
        self._check_symbols(self._query.symbols)
        for page in self._first() if self._last is None else self._newest(self._last):
            for text in page:
                yield event_of(text)

    def _first(self) -> Iterator[Sequence[Text]]:
        query, left = self._query, self._limit
        while left != 0:
            size = READ_EVENTS if left is None else min(READ_EVENTS, left)
            page = self._source.page(query, size)
            yield page
            if len(page) < size:
                return
            left = None if left is None else left - len(page)
            query = replace(query, after=event_of(page[-1]).position)

    def _newest(self, last: int) -> Iterator[Sequence[Text]]:
        """From behind: where the newest so many begin is known only then, so their pages are held."""
        query, pages = self._query, list[Sequence[Text]]()
        while last > 0:
            page = self._source.page(query, min(READ_EVENTS, last), newest=True)
            if not page:
                break
            pages.append(page)
            last -= len(page)
            query = replace(query, before=event_of(page[0]).position)
        yield from reversed(pages)

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas data frame of them all: the envelope's fields, and those of the payloads.

        Raises:
            MissingLibrary: pandas is not installed.
        """
        return to_pandas(event_cells(self))

    def to_polars(self) -> "polars.DataFrame":
        """A polars data frame of them all.

        Raises:
            MissingLibrary: polars is not installed.
        """
        return to_polars(event_cells(self))


@dataclass(frozen=True, slots=True)
class EventDetail:
    """An event, and what surrounds it.

    Attributes:
        schema_version: the one that its payload was written under.
        hash: of the chain, in hex; None for a token that does not see all channels.
        correlation_id, causation_id: the chain of causes that it belongs to; the event that directly caused it. None
            where that is of a channel that the token does not cover, too.
        causes: the direct one first.
        effects: what it directly caused, in the order of the log.
    """

    event: Event
    schema_version: int
    hash: str | None
    correlation_id: str | None
    causation_id: str | None
    causes: tuple[Event, ...]
    effects: tuple[Event, ...]


def read_detail(answer: bytes) -> EventDetail:
    """Read the answer of `GET /api/events/{ref}`."""
    told = orjson.loads(answer)
    return EventDetail(
        event_of(orjson.dumps(told["event"])),
        told["schema_version"],
        told["hash"],
        told["correlation_id"],
        told["causation_id"],
        tuple(event_of(orjson.dumps(one)) for one in told["causes"]),
        tuple(event_of(orjson.dumps(one)) for one in told["effects"]),
    )


def event_of(text: Text) -> Event:
    """The event that a message carries.

    Raises:
        LogUnavailable: it carries none.
        BrokenStream: it is no message of the protocol.
    """
    event = read_message(text)
    if not isinstance(event, Event):
        raise LogUnavailable("an answer holds a message that is no event")
    return event
