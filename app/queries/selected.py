"""Which events a question is about, as the store reads them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from events.catalog import CATALOG, Channel
from events.errors import InvalidEvent
from events.scalars import to_micros
from events.selection import Selection
from events.store import ReadQuery


class InvalidSelection(InvalidEvent):
    """A channel or a type that there is not.

    Attributes:
        path: which of the two.
        problem: what is wrong with it, in words.
    """

    code = "invalid_request"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"the request is not valid: {path}: {problem}")
        self.path = path
        self.problem = problem


class Wanted(Protocol):
    """Which events: between positions (exclusive) and market times (inclusive), of some streams and types."""

    @property
    def after(self) -> int:
        """Only beyond this position."""

    @property
    def before(self) -> int | None:
        """Only before this one."""

    @property
    def since(self) -> datetime | None:
        """Only from this market time on."""

    @property
    def until(self) -> datetime | None:
        """Only up to this one."""

    @property
    def channels(self) -> Sequence[str] | None:
        """Only these channels."""

    @property
    def symbols(self) -> Sequence[str] | None:
        """Of the channels that have symbols only these."""

    @property
    def types(self) -> Sequence[str] | None:
        """Only these types."""


def read_query(wanted: Wanted, head: int, limit: int, *, newest: bool = False) -> ReadQuery:
    """A page of what is wanted, up to a head.

    Raises:
        InvalidSelection: there is no such channel or type.
    """
    before = wanted.before
    return ReadQuery(
        after=wanted.after,
        upto=head if before is None else max(0, min(before - 1, head)),
        selection=selection(wanted.channels, wanted.symbols),
        types=chosen_types(wanted.types),
        occurred_from_us=None if wanted.since is None else to_micros(wanted.since),
        occurred_upto_us=None if wanted.until is None else to_micros(wanted.until),
        limit=limit,
        descending=newest,
    )


def selection(channels: Sequence[str] | None, symbols: Sequence[str] | None) -> Selection | None:
    """The streams that are named; None for all.

    Raises:
        InvalidSelection: there is no such channel.
    """
    if channels is None and symbols is None:
        return None
    known = [channel.value for channel in Channel]
    _refuse_unknown("channels", channels or (), known)
    return Selection.of(known if channels is None else channels, symbols)


def chosen_types(types: Sequence[str] | None) -> frozenset[str] | None:
    """The event types that are named; None for all.

    Raises:
        InvalidSelection: there is no such type.
    """
    _refuse_unknown("types", types or (), list(CATALOG))
    return None if types is None else frozenset(types)


def _refuse_unknown(path: str, given: Sequence[str], known: list[str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        problem = f"unknown: {', '.join(unknown)}; known: {', '.join(known)}"
        raise InvalidSelection(path, problem)
