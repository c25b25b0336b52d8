"""How long each regime lasted, what it did, and what followed it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, Final

from app.analysis.transitions import transitions as counted
from app.market.episodes import Episode, Episodes
from app.queries.episode_pages import Asked, known_episodes
from app.queries.reader import LogReader
from events.projection import Folded
from events.scalars import format_micros, to_micros

EPISODES_MAX: Final = 10_000
"""Episodes in one answer."""

Row = tuple[int, int, str, Episode]


async def episodes(
    reader: LogReader,
    *,
    symbol: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    position: int | None = None,
    limit: int = EPISODES_MAX,
) -> dict[str, Any]:
    """The newest `limit` episodes that overlap two market times (inclusive), oldest first: `answers.Episodes`.

    Raises:
        PositionBeyondHead: the position has not been recorded yet.
    """
    folded = await _folded(reader, position)
    reached = folded.position
    asked = Asked(symbol, _micros(since), _micros(until), limit=limit)
    known = await known_episodes(reader.episodes, folded, asked)
    newest_first = [_newest_first(name, asked.chosen(each)) for name, each in known.items()]
    rows = list(islice(merge(*newest_first, reverse=True), limit))
    shown = [_shown(name, each) for _start_us, _position, name, each in reversed(rows)]
    return _answer(reader, reached, {"episodes": shown})


def _newest_first(symbol: str, episodes: Sequence[Episode]) -> Iterator[Row]:
    return ((each.start_us, each.position, symbol, each) for each in reversed(episodes))


async def transitions(
    reader: LogReader,
    *,
    symbol: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    position: int | None = None,
) -> dict[str, Any]:
    """How often each regime followed each other one, by symbol; and how long each lasted: `AllTransitions`.

    Raises:
        PositionBeyondHead: the position has not been recorded yet.
    """
    folded = await _folded(reader, position)
    reached = folded.position
    asked = Asked(symbol, _micros(since), _micros(until))
    known = await known_episodes(reader.episodes, folded, asked)
    found = {
        name: asdict(counted(asked.chosen(each), asked.since_us, asked.until_us))
        for name, each in sorted(known.items())
    }
    return _answer(reader, reached, {"symbols": found})


async def _folded(reader: LogReader, position: int | None) -> Folded[Episodes]:
    """The episodes at the head or at a position; at the head to be read before giving way to the loop."""
    if position is None:
        return await reader.episodes.now()
    return await reader.episodes.at_position(position)


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


def _answer(reader: LogReader, reached: int, rest: dict[str, Any]) -> dict[str, Any]:
    head = reader.log.head
    return {"epoch": head.epoch, "head": head.position, "position": reached, **rest}
