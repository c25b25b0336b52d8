"""`GET /api/compare`: two moments side by side, what changed, and which features did it."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.analysis.compare import compare
from app.api.compare_out import ComparisonOut
from app.api.moments import HEAD, MomentParam, state_at
from app.api.problems import PROBLEM_RESPONSES
from app.api.services import Services, ServicesDep
from app.market.episodes import EPISODES_KEPT, Episodes
from events.catalog import Channel
from events.scalars import SYMBOL_PATTERN
from events.selection import Selection
from events.store import PAGE_EVENTS, EventStore

router = APIRouter(prefix="/api", tags=["analysis"], responses=PROBLEM_RESPONSES)


@router.get("/compare", response_model=ComparisonOut)
async def get_compare(
    services: ServicesDep,
    a: MomentParam,
    b: MomentParam = HEAD,
    symbol: Annotated[str | None, Query(pattern=SYMBOL_PATTERN)] = None,
) -> Response:
    """What changed from moment `a` to moment `b`, which may be the earlier one.

    `symbol` narrows `symbols` to one. `counts` are of the whole log, of what was recorded between the two
    positions; of the shifts null where a symbol had more than 10,000 since.
    """
    # A state at the head shares values with the one that is served; the parts used here are never changed in
    # place, only replaced.
    before = await state_at(services.live_state, a)
    after = await state_at(services.live_state, b)
    low, high = sorted((int(before["position"]), int(after["position"])))
    body = {
        "epoch": before["epoch"],
        "a": _moment(before),
        "b": _moment(after),
        **compare(before, after, symbol),
        "counts": await counts(services, low, high),
    }
    return Response(orjson.dumps(body), media_type="application/json")


def _moment(state: dict[str, Any]) -> dict[str, Any]:
    return {
        "position": state["position"],
        "at": state["as_of"]["occurred_at"],
        "state_hash": state["state_hash"],
    }


async def counts(services: Services, low: int, high: int) -> dict[str, int | None]:
    """What was recorded beyond position `low`, up to `high`.

    Nothing in between is read: versions are dense, so the ends of the streams tell how many events a channel has,
    and each shift began an episode.
    """
    store = services.log.store
    folded = await services.episodes.at_position(high)
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
