"""Why a symbol has the regime that it has, and how far it is from another."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from app.market.bars import bar_end, bar_number
from app.market.detector.explain import explain as explained
from app.market.detector.explain_base import Flip, Score
from app.moments import HEAD, Moment
from app.queries.moments import state_at
from app.queries.reader import LogReader
from events.catalog import Channel
from events.codec import is_readable, payload_fields
from events.envelope import RecordedEvent
from events.scalars import format_decimal, parse_time, to_micros
from events.selection import Selection
from events.store import PAGE_EVENTS, ReadQuery

PRICES_LOOKED_AT: Final = PAGE_EVENTS
"""The newest prices among which the last close is looked for."""

PRICE_DIGITS: Final = 6
"""Significant digits of the price of a flip: it is known about."""


async def explain(reader: LogReader, symbol: str, at: Moment = HEAD) -> dict[str, Any]:
    """The scores behind a regime, and for every regime that the next bar may lead to, what it would take.

    `price` is the close that would do it, about, and `change` that close against the last one; null where no
    close within 40 % would, or where the last close is not known: `answers.Explanation`.

    Raises:
        PositionBeyondHead, UnknownMoment: there is no such moment.
    """
    state = await state_at(reader, at, symbol)
    entry = state["symbols"].get(symbol)
    last = await _last_close(reader, symbol, state, entry) if entry else _UNKNOWN
    explanation = explained(entry, last.bars)
    flips = [_flip(one, last.price) for one in explanation.flips]
    shown = {
        key: entry and entry[key] for key in ("regime", "confidence", "warming_up", "detector")
    }
    return {
        "epoch": state["epoch"],
        "position": state["position"],
        "symbol": symbol,
        **shown,
        "explained": explanation.explained,
        "reason": explanation.reason,
        "scores": [_score(one) for one in explanation.scores],
        "flips": flips,
        "nearest": flips[0] if flips else None,
    }


def _score(score: Score) -> dict[str, Any]:
    terms = [{**asdict(one), "contribution": one.contribution} for one in score.terms]
    return {"name": score.name, "value": score.value, "terms": terms, "bias": score.bias}


def _flip(flip: Flip, close: Decimal | None) -> dict[str, Any]:
    price = None
    if flip.change is not None and close is not None:
        price = price_text(float(close) * (1 + flip.change))
    return {**asdict(flip), "distance": flip.distance, "price": price}


def price_text(price: float) -> str:
    """A price that is known about, as a decimal string."""
    return format_decimal(Decimal(f"{price:.{PRICE_DIGITS}g}"))


@dataclass(frozen=True, slots=True)
class _Close:
    """The close of the last bar, and how many bars there are; None where not known."""

    price: Decimal | None = None
    bars: int | None = None


_UNKNOWN: Final = _Close()


async def _last_close(
    reader: LogReader, symbol: str, state: dict[str, Any], entry: dict[str, Any]
) -> _Close:
    """The close that the symbol's final regime is of: as the detector was told it, whatever has corrected it since.

    A ready bar is one; of bare ticks it is the last one before the open bar.
    """
    occurred_at = state["as_of"]["occurred_at"]
    if occurred_at is None:
        return _UNKNOWN
    upto, end_us = state["position"], to_micros(parse_time(occurred_at))
    shown, newest = await _newest_price(reader, symbol, upto, end_us)
    if shown is None or newest is None or payload_fields(shown)["price"] != entry["price"]:
        return _UNKNOWN  # more late prices came after it than are looked at
    payload = payload_fields(newest)
    if payload["bar_s"] is not None:
        return _Close(Decimal(payload["price"]), newest.version)
    bar_s = reader.bar_s
    begins = bar_end(bar_number(newest.occurred_at, bar_s) - 1, bar_s)
    _, closed = await _newest_price(reader, symbol, upto, to_micros(begins) - 1)
    return _UNKNOWN if closed is None else _Close(Decimal(payload_fields(closed)["price"]))


async def _newest_price(
    reader: LogReader, symbol: str, upto: int, end_us: int
) -> tuple[RecordedEvent | None, RecordedEvent | None]:
    """The price of the newest market time up to `end_us`, among the last so many that were recorded.

    As it was corrected last, and as it came first; None where that is not among them.
    """
    query = ReadQuery(
        upto=upto,
        selection=Selection.of([Channel.PRICES], [symbol]),
        occurred_upto_us=end_us,
        limit=PRICES_LOOKED_AT,
        descending=True,
    )
    page = [event for event in await reader.log.read(query) if is_readable(event)]
    newest = max((event.occurred_at_us for event in page), default=None)
    same = [event for event in page if event.occurred_at_us == newest]  # falling
    first = next((event for event in same if payload_fields(event)["corrects"] is None), None)
    return (same[0] if same else None), first
