"""`Log`: a recorder's log to put questions to, over HTTP or straight on its file. Made by `connect`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.answers.bars import Bar, Bars
from app.answers.compare import Comparison
from app.answers.episodes import AllTransitions, Episode, Episodes, Transitions
from app.answers.explain import Explanation
from app.answers.state import State
from app.client.errors import LogUnavailable, QuestionRefused
from app.client.events import EventDetail, Events, read_detail
from app.client.messages import Event
from app.client.request import History
from app.client.shift import Shift, shift_at
from app.client.source import EventQuery, Param, Source
from app.client.table import Table
from app.moments import HEAD, LAST_SHIFT, POSITION_MAX, Moment, bound_of, parse_bound, parse_moment

SYMBOLS_SHOWN_MAX: Final = 20
"""Symbols that an error names."""

EPISODES_MAX: Final = 10_000
"""Episodes in one answer, as many as a server gives."""

POINTS_MAX: Final = 10_000
"""Points of a curve in one answer, as many as a server gives."""

BAR_S_MAX: Final = 31_622_400
"""The longest bar that a server takes: a leap year."""

Answer = TypeVar("Answer", bound=BaseModel)
When = str | date
"""A market time: a `datetime` with an offset or its text, or a day in UTC as a `date` or its text."""

Where = int | When
"""A moment: a position, a market time (a day means its end), `"head"` or `"last-shift"`."""


@dataclass(frozen=True, slots=True)
class LogHead:
    """The end of a log: with its epoch a cursor."""

    epoch: str
    position: int


class Log:
    """A log to read. Every method may raise `LogUnavailable`, and `QuestionRefused` for what makes no sense.

    As a context manager it is closed with its block. It may be used by one thread at a time.
    """

    def __init__(self, source: Source) -> None:
        """Use `connect`."""
        self._source = source

    def head(self) -> LogHead:
        """The end of the log as it is now."""
        found = orjson.loads(self._source.answer("/api/events", {"limit": 1, "order": "desc"}))
        return LogHead(found["epoch"], found["head"])

    def channels(self) -> list[str]:
        """The channels that may be read: all of a file; at a server those that the token covers."""
        return list(self._source.channels())

    def symbols(self) -> list[str]:
        """The symbols that the log knows, sorted."""
        return sorted(self.state().symbols)

    def events(  # noqa: PLR0913  # one parameter for each thing that can be asked
        self,
        *,
        since: When | None = None,
        until: When | None = None,
        after: int = 0,
        before: int | None = None,
        channels: Sequence[str] | None = None,
        symbols: Sequence[str] | str | None = None,
        types: Sequence[str] | None = None,
        limit: int | None = None,
        last: int | None = None,
    ) -> Events:
        """The recorded events between two market times (inclusive) and positions (exclusive), in order.

        They are read a page at a time while they are iterated, up to the head as it was when that began.

        Args:
            since: only from this market time on.
            until: only up to this one.
            after: only beyond this position.
            before: only before this one.
            channels: such as `regime`; None for all.
            symbols: of the channels that have symbols only these; None for all.
            types: such as `regime_update`; None for all.
            limit: the first so many at most.
            last: the newest so many at most.
        """
        _within("after", after, 0, POSITION_MAX)
        _within("before", before, 0, POSITION_MAX)
        if before is not None and before <= after:
            raise QuestionRefused(
                "empty_range", f"the range ends before it begins: after {after}, before {before}"
            )
        named = (symbols,) if isinstance(symbols, str) else symbols
        query = EventQuery(
            after,
            before,
            *_range(since, until),
            None if channels is None else tuple(channels),
            None if named is None else tuple(named),
            None if types is None else tuple(types),
        )
        return Events(self._source, query, limit, last, self._check_symbols)

    def event(self, ref: int | str) -> EventDetail:
        """One event by position or id, with its causes and its effects."""
        return read_detail(self._source.answer(f"/api/events/{ref}", {}))

    def episodes(
        self,
        symbol: str | None = None,
        *,
        since: When | None = None,
        until: When | None = None,
        position: int | None = None,
        limit: int | None = None,
    ) -> Table[Episode]:
        """The newest `limit` (10,000 at most) episodes that overlap two market times (inclusive), oldest first.

        As of a `position`, by default the head.
        """
        begin, end = _range(since, until)
        _within("position", position, 0, POSITION_MAX)
        _within("limit", limit, 1, EPISODES_MAX)
        params: dict[str, Param] = {
            "symbol": symbol,
            "since": begin,
            "until": end,
            "position": position,
            "limit": limit,
        }
        found = self._ask("/api/episodes", params, Episodes).episodes
        if not found:
            self._check_symbols([symbol] if symbol else None)
        return Table(found, Episode)

    def transitions(
        self,
        symbol: str | None = None,
        *,
        since: When | None = None,
        until: When | None = None,
        position: int | None = None,
    ) -> dict[str, Transitions]:
        """How often each regime followed each other one, by symbol, and how long each lasted."""
        begin, end = _range(since, until)
        _within("position", position, 0, POSITION_MAX)
        params: dict[str, Param] = {
            "symbol": symbol,
            "since": begin,
            "until": end,
            "position": position,
        }
        found = self._ask("/api/transitions", params, AllTransitions).symbols
        if not found:
            self._check_symbols([symbol] if symbol else None)
        return found

    def state(
        self,
        *,
        at: When | None = None,
        known_at: When | None = None,
        position: int | None = None,
        symbol: str | None = None,
    ) -> State:
        """The state at the head, at a `position`, or at market time `at` as it was known at commit time `known_at`."""
        if position is not None and (at is not None or known_at is not None):
            raise QuestionRefused("invalid_request", "give either a position or a time, not both")
        _within("position", position, 0, POSITION_MAX)
        params: dict[str, Param] = {
            "at": _bound("at", at, end=True),
            "known_at": _bound("known_at", known_at, end=True),
            "position": position,
            "symbol": symbol,
        }
        found = self._ask("/api/state", params, State)
        if symbol is not None and symbol not in found.symbols:
            self._check_symbols([symbol])
        return found

    def explain(self, symbol: str, at: Where = HEAD) -> Explanation:
        """Why a symbol has its regime at a moment, term by term, and how far it is from another."""
        found = self._ask("/api/explain", {"symbol": symbol, "at": _moment(at)}, Explanation)
        if found.regime is None:
            self._check_symbols([symbol])
        return found

    def shift(self, at: Where = LAST_SHIFT, symbol: str | None = None) -> Shift:
        """The shift at a position, or the one that a moment's regime began with: its cause, reasons and effects."""
        return shift_at(self, _parsed(at), symbol)

    def compare(self, a: Where, b: Where = HEAD, symbol: str | None = None) -> Comparison:
        """What changed from one moment to another, and which features did it."""
        self._check_symbols([symbol] if symbol else None)
        params: dict[str, Param] = {"a": _moment(a), "b": _moment(b), "symbol": symbol}
        return self._ask("/api/compare", params, Comparison)

    def bars(
        self,
        symbol: str,
        *,
        since: When | None = None,
        until: When | None = None,
        position: int | None = None,
        points: int | None = None,
        bar_s: int | None = None,
    ) -> Table[Bar]:
        """At most `points` (1,500; at most 10,000) bars between two market times, each with the regime at its close.

        Single ticks stay as they are, unless `bar_s` says how many seconds of them make a bar.
        """
        begin, end = _range(since, until)
        _within("position", position, 0, POSITION_MAX)
        _within("points", points, 1, POINTS_MAX)
        _within("bar_s", bar_s, 1, BAR_S_MAX)
        params: dict[str, Param] = {
            "symbol": symbol,
            "since": begin,
            "until": end,
            "position": position,
            "points": points,
            "bar_s": bar_s,
        }
        found = self._ask("/api/bars", params, Bars).bars
        if not found:
            self._check_symbols([symbol])
        return Table(found, Bar)

    def follow(
        self,
        channels: Sequence[str] | None = None,
        symbols: Sequence[str] | str | None = None,
        *,
        history: History = "none",
    ) -> Iterator[Event]:
        """Events as they are recorded, for ever; before them what `history` asks for, as in `SynapseClient`."""
        named = [symbols] if isinstance(symbols, str) else symbols
        wanted = self.channels() if channels is None else channels
        return self._source.follow(wanted, named, history)

    def close(self) -> None:
        """Let go of the file or the connections."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, path: str, params: dict[str, Param], model: type[Answer]) -> Answer:
        text = self._source.answer(path, params)
        try:
            # A newer server may tell more: what this client does not know it leaves out.
            return TypeAdapter(model).validate_json(text, extra="ignore")
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise LogUnavailable(
                f"the answer of {path} is none that this program can read: {place}: {first['msg']}"
            ) from error

    def _check_symbols(self, symbols: Sequence[str] | None) -> None:
        """Called where nothing was found, or where it would be found too late: are there such symbols?

        Raises:
            QuestionRefused: `unknown_symbol`, naming those that there are.
        """
        unknown = [] if symbols is None else sorted(set(symbols) - set(known := self.symbols()))
        if not unknown:
            return
        if not known:
            raise QuestionRefused(
                "unknown_symbol", f"no {unknown[0]} here: this log has no symbol yet"
            )
        close = get_close_matches(unknown[0].upper(), known, 1)
        shown = ", ".join(known[:SYMBOLS_SHOWN_MAX])
        more = (
            f" and {len(known) - SYMBOLS_SHOWN_MAX} more" if len(known) > SYMBOLS_SHOWN_MAX else ""
        )
        meant = f"; did you mean {close[0]}?" if close else ""
        raise QuestionRefused(
            "unknown_symbol", f"no {unknown[0]} in this log: it has {shown}{more}{meant}"
        )


def _within(name: str, value: int | None, low: int, high: int) -> None:
    """Refuse what a server would refuse, so that a file refuses it too."""
    if value is not None and not low <= value <= high:
        raise QuestionRefused("invalid_request", f"{name} must be {low} to {high}, not {value}")


def _range(since: When | None, until: When | None) -> tuple[datetime | None, datetime | None]:
    begin, end = _bound("since", since, end=False), _bound("until", until, end=True)
    if begin is not None and end is not None and end < begin:
        raise QuestionRefused(
            "empty_range", f"the range ends before it begins: since {since}, until {until}"
        )
    return begin, end


def _bound(name: str, value: When | None, *, end: bool) -> datetime | None:
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return parse_bound(value, end=end)
        return bound_of(value, end=end)
    except ValueError as error:
        raise QuestionRefused("invalid_request", f"{name}: {error}") from None


def _parsed(moment: Where) -> Moment:
    try:
        if isinstance(moment, date):
            return bound_of(moment, end=True)
        return parse_moment(str(moment))
    except ValueError as error:
        raise QuestionRefused("invalid_request", f"a moment {error}") from None


def _moment(moment: Where) -> Any:
    return _parsed(moment)
