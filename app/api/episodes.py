"""`GET /api/episodes` and `GET /api/transitions`: how long each regime lasted, what it did, and what followed it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from app.analysis.transitions import transitions
from app.api.params import PositionParam, TimeParam
from app.api.problems import PROBLEM_RESPONSES
from app.api.services import Services, ServicesDep
from app.market.episodes import Episode, Episodes, SymbolEpisodes
from events.catalog import Record, Regime
from events.projection import Folded
from events.scalars import (
    SYMBOL_PATTERN,
    Finite,
    Fraction,
    Label,
    Price,
    Symbol,
    UtcTime,
    format_micros,
    to_micros,
)

EPISODES_MAX: Final = 10_000
"""Episodes in one answer."""

router = APIRouter(prefix="/api", tags=["analysis"], responses=PROBLEM_RESPONSES)

Row = tuple[int, int, str, Episode]
SymbolParam = Annotated[str | None, Query(pattern=SYMBOL_PATTERN)]


class EpisodeOut(Record):
    """An episode: the time between two shifts of one symbol; docs/episodes.md has the figures' formulas."""

    symbol: Symbol
    regime: Regime
    previous_regime: Regime | None
    position: int
    start: UtcTime
    end: UtcTime | None
    end_position: int | None
    start_price: Price | None
    end_price: Price | None
    bars: int
    total_return: Annotated[Finite | None, Field(alias="return")]
    volatility: Finite | None
    maximum_drawdown: Annotated[Finite, Field(ge=-1, le=0)] | None
    mean_confidence: Fraction
    warming_up: bool
    source: Label


class EpisodesOut(Record):
    """Episodes as of a position, oldest first."""

    epoch: str
    head: int
    position: int
    episodes: list[EpisodeOut]


class TransitionsOut(Record):
    """The shifts of one symbol by the regime that they leave and the one that they enter; its episodes by regime."""

    counts: dict[Regime, dict[Regime, int]]
    probabilities: dict[Regime, dict[Regime, Fraction | None]]
    episodes: dict[Regime, int]
    mean_duration_s: dict[Regime, Finite | None]
    mean_bars: dict[Regime, Finite | None]


class AllTransitionsOut(Record):
    """The transitions of each symbol, as of a position."""

    epoch: str
    head: int
    position: int
    symbols: dict[Symbol, TransitionsOut]


@router.get("/episodes", response_model=EpisodesOut)
async def get_episodes(
    services: ServicesDep,
    symbol: SymbolParam = None,
    since: TimeParam = None,
    until: TimeParam = None,
    position: PositionParam = None,
    limit: Annotated[int, Query(ge=1, le=EPISODES_MAX)] = EPISODES_MAX,
) -> Response:
    """The newest `limit` episodes that overlap two market times (inclusive), oldest first.

    As of a `position`, by default the head: with what the log held then. An episode that lasts has no `end`, and
    the newest price as its `end_price`. Of each symbol the newest 10,000 that ended are known.
    """
    folded = await _folded(services, position)
    chosen = _chosen(folded.state, symbol)
    times = _micros(since), _micros(until)
    newest_first = [_newest_first(name, known.episodes(*times)) for name, known in chosen.items()]
    rows = list(islice(merge(*newest_first, reverse=True), limit))
    shown = [_shown(name, each) for _start_us, _position, name, each in reversed(rows)]
    return _answer(services, folded, {"episodes": shown})


def _newest_first(symbol: str, episodes: Sequence[Episode]) -> Iterator[Row]:
    return ((each.start_us, each.position, symbol, each) for each in reversed(episodes))


@router.get("/transitions", response_model=AllTransitionsOut)
async def get_transitions(
    services: ServicesDep,
    symbol: SymbolParam = None,
    since: TimeParam = None,
    until: TimeParam = None,
    position: PositionParam = None,
) -> Response:
    """How often each regime followed each other one, by symbol; and how long each lasted, of those that ended.

    Shifts between two market times (inclusive) count, and the episodes that overlap them, each of them whole.
    """
    folded = await _folded(services, position)
    times = _micros(since), _micros(until)
    counted = {
        name: asdict(transitions(known.episodes(*times), *times))
        for name, known in sorted(_chosen(folded.state, symbol).items())
        if known.lasting is not None
    }
    return _answer(services, folded, {"symbols": counted})


async def _folded(services: Services, position: int | None) -> Folded[Episodes]:
    """The episodes at the head or at a position; at the head to be read before giving way to the loop."""
    if position is None:
        return await services.episodes.now()
    return await services.episodes.at_position(position)


def _chosen(state: Episodes, symbol: str | None) -> dict[str, SymbolEpisodes]:
    if symbol is None:
        return state
    return {symbol: state[symbol]} if symbol in state else {}


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def _shown(symbol: str, episode: Episode) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "regime": episode.regime,
        "previous_regime": episode.previous_regime,
        "position": episode.position,
        "start": format_micros(episode.start_us),
        "end": None if episode.end_us is None else format_micros(episode.end_us),
        "end_position": episode.end_position,
        "start_price": episode.start_price,
        "end_price": episode.end_price,
        "bars": episode.bars,
        "return": episode.total_return,
        "volatility": episode.volatility,
        "maximum_drawdown": episode.maximum_drawdown,
        "mean_confidence": episode.mean_confidence,
        "warming_up": episode.warming_up,
        "source": episode.source,
    }


def _answer(services: Services, folded: Folded[Episodes], rest: dict[str, Any]) -> Response:
    head = services.log.head
    body = {"epoch": head.epoch, "head": head.position, "position": folded.position, **rest}
    return Response(orjson.dumps(body), media_type="application/json")
