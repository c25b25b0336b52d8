"""Two moments side by side, what changed, and which features did it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.analysis.compare import compare as compared
from app.market.episodes import Episode
from app.moments import HEAD, Moment
from app.queries.episode_pages import EPISODES_KNOWN, Asked, known_episodes
from app.queries.moments import state_at
from app.queries.reader import LogReader
from events.catalog import Channel
from events.scalars import parse_time, to_micros
from events.selection import Selection
from events.store import PAGE_EVENTS, EventStore, ReadQuery

COUNTED_MAX: Final = 100_000
"""Events that are read through to be counted by market time."""


async def compare(
    reader: LogReader, a: Moment, b: Moment = HEAD, symbol: str | None = None
) -> dict[str, Any]:
    """What changed from moment `a` to moment `b`, which may be the earlier one: `answers.Comparison`.

    `symbol` narrows `symbols` to one. `counts` are of the whole log: of what was recorded between two positions, or,
    where a moment is a time, of what is of the market time between them. Null where it is not known: of shifts where a
    symbol had more than 10,000 since, of market time where there are more than `COUNTED_MAX` events.

    Raises:
        PositionBeyondHead, UnknownMoment: there is no such moment.
    """
    # A state at the head shares values with the one that is served; the parts used here are never changed in
    # place, only replaced.
    before = await state_at(reader, a, symbol)
    after = await state_at(reader, b, symbol)
    if isinstance(a, datetime) or isinstance(b, datetime):
        # Not by position: one late price between the two takes both to its own, and nothing would lie between.
        counted = await counts_by_time(reader, *sorted((_time(before, a), _time(after, b))))
    else:
        counted = await counts(reader, *sorted((int(before["position"]), int(after["position"]))))
    return {
        "epoch": before["epoch"],
        "a": _moment(before),
        "b": _moment(after),
        **compared(before, after, symbol),
        "counts": counted,
    }


def _moment(state: dict[str, Any]) -> dict[str, Any]:
    return {
        "position": state["position"],
        "at": state["as_of"]["occurred_at"],
        "state_hash": state["state_hash"],
    }


def _time(state: dict[str, Any], moment: Moment) -> int:
    """The market time of a moment, microseconds since 1970: as it was named, or the newest that it knows."""
    if isinstance(moment, datetime):
        return to_micros(moment)
    newest = state["as_of"]["occurred_at"]
    return 0 if newest is None else to_micros(parse_time(newest))


async def counts_by_time(reader: LogReader, low_us: int, high_us: int) -> dict[str, int | None]:
    """What is of a market time beyond one, up to another: it is read through."""
    found: Counter[str] = Counter()
    query = ReadQuery(occurred_from_us=low_us + 1, occurred_upto_us=high_us)
    async for event in reader.log.stream(query):
        found["events"] += 1
        found[event.channel] += 1
        if found["events"] > COUNTED_MAX:
            return dict.fromkeys(("events", "shifts", "alerts", "trades"))
    asked = Asked(since_us=low_us, until_us=high_us)
    known = await known_episodes(reader.episodes, await reader.episodes.now(), asked)
    return {
        "events": found["events"],
        "shifts": _shifts(known, lambda each: low_us < each.start_us <= high_us),
        "alerts": found[Channel.PRICE_ALERTS],
        "trades": found[Channel.TRADES],
    }


async def counts(reader: LogReader, low: int, high: int) -> dict[str, int | None]:
    """What was recorded beyond position `low`, up to `high`.

    Nothing in between is read: versions are dense, so the ends of the streams tell how many events a channel has,
    and each shift began an episode.
    """
    store = reader.log.store
    folded = await reader.episodes.at_position(high)
    known = await known_episodes(reader.episodes, folded, Asked(after=low))
    return {
        "events": high - low,
        "shifts": shifts_between(known, low, high),
        "alerts": await _recorded(store, Channel.PRICE_ALERTS, low, high),
        "trades": await _recorded(store, Channel.TRADES, low, high),
    }


def shifts_between(known: Mapping[str, Sequence[Episode]], low: int, high: int) -> int | None:
    """The shifts beyond one position, up to another; None where not all episodes since are known."""
    cut_off = [each for each in known.values() if len(each) > EPISODES_KNOWN]
    if any(episodes[0].position > low for episodes in cut_off):
        return None
    return _shifts(known, lambda each: low < each.position <= high)


def _shifts(known: Mapping[str, Sequence[Episode]], within: Callable[[Episode], bool]) -> int:
    return sum(
        each.previous_regime is not None and within(each)
        for episodes in known.values()
        for each in episodes
    )


async def _recorded(store: EventStore, channel: Channel, low: int, high: int) -> int:
    return await _versions(store, channel, high) - await _versions(store, channel, low)


async def _versions(store: EventStore, channel: Channel, upto: int) -> int:
    """How many events of a channel there are up to a position."""
    ends = await store.last_positions(Selection.of([channel]), 1, upto)
    total = 0
    for start in range(0, len(ends), PAGE_EVENTS):
        page = await store.read_at(ends[start : start + PAGE_EVENTS])
        total += sum(event.version for event in page)
    return total
