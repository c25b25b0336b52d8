"""Two moments side by side, what changed, and which features did it."""

from typing import Any

from app.analysis.compare import compare as compared
from app.market.episodes import EPISODES_KEPT, Episodes
from app.moments import HEAD, Moment
from app.queries.moments import state_at
from app.queries.reader import LogReader
from events.catalog import Channel
from events.selection import Selection
from events.store import PAGE_EVENTS, EventStore


async def compare(
    reader: LogReader, a: Moment, b: Moment = HEAD, symbol: str | None = None
) -> dict[str, Any]:
    """What changed from moment `a` to moment `b`, which may be the earlier one: `answers.Comparison`.

    `symbol` narrows `symbols` to one. `counts` are of the whole log, of what was recorded between the two
    positions; of the shifts null where a symbol had more than 10,000 since.

    Raises:
        PositionBeyondHead, UnknownMoment: there is no such moment.
    """
    # A state at the head shares values with the one that is served; the parts used here are never changed in
    # place, only replaced.
    before = await state_at(reader, a, symbol)
    after = await state_at(reader, b, symbol)
    low, high = sorted((int(before["position"]), int(after["position"])))
    return {
        "epoch": before["epoch"],
        "a": _moment(before),
        "b": _moment(after),
        **compared(before, after, symbol),
        "counts": await counts(reader, low, high),
    }


def _moment(state: dict[str, Any]) -> dict[str, Any]:
    return {
        "position": state["position"],
        "at": state["as_of"]["occurred_at"],
        "state_hash": state["state_hash"],
    }


async def counts(reader: LogReader, low: int, high: int) -> dict[str, int | None]:
    """What was recorded beyond position `low`, up to `high`.

    Nothing in between is read: versions are dense, so the ends of the streams tell how many events a channel has,
    and each shift began an episode.
    """
    store = reader.log.store
    folded = await reader.episodes.at_position(high)
    shifts = shifts_between(
        folded.state, low, high
    )  # before anything is awaited: the state may be served
    return {
        "events": high - low,
        "shifts": shifts,
        "alerts": await _recorded(store, Channel.PRICE_ALERTS, low, high),
        "trades": await _recorded(store, Channel.TRADES, low, high),
    }


def shifts_between(state: Episodes, low: int, high: int) -> int | None:
    """The shifts beyond one position, up to another; None where not all episodes since are kept."""
    total = 0
    for known in state.values():
        began = [each for each in known.episodes() if low < each.position <= high]
        if len(known.ended) >= EPISODES_KEPT and known.ended[0].position > low:
            return None
        total += sum(each.previous_regime is not None for each in began)
    return total


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
