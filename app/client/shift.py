"""A shift, and why: the price that caused it, the reasons of the detector, the alerts and trades that it caused."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from app.answers.explain import Explanation
from app.client.errors import QuestionRefused
from app.client.events import EventDetail
from app.client.messages import Event
from app.moments import HEAD, LAST_SHIFT, Moment, moment_text
from events.catalog import PriceAlert, PriceUpdate, Regime, RegimeUpdate, TradeExecution

if TYPE_CHECKING:
    from app.client.log import Log


BY_HAND: Final = "manual"
"""The source of what was made by hand."""

PRICES_LOOKED_AT: Final = 50
"""Prices among which the close of a bar is looked for: late ones may have come after it."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A regime update, what made it, and what it made.

    Attributes:
        event: the regime update.
        is_shift: whether an episode began with it: whether its regime is another than that of the final update before.
        previous_regime: of the episode before; None for a symbol's first.
        tick: the price that it was made of: the one that caused it, or the close of a bar that time ended; None
            for one made by hand.
        explanation: the detector's terms then.
        alerts, trades: those that it directly caused.
    """

    event: Event
    is_shift: bool
    previous_regime: Regime | None
    tick: Event | None
    explanation: Explanation
    alerts: tuple[Event, ...]
    trades: tuple[Event, ...]

    @property
    def update(self) -> RegimeUpdate:
        """The regime update's payload."""
        assert isinstance(self.event.payload, RegimeUpdate)
        return self.event.payload


def shift_at(log: "Log", moment: Moment, symbol: str | None) -> Shift:
    """The shift at a moment; at a position that is no regime update, the one that began its symbol's regime.

    Raises:
        QuestionRefused: there was none, or the moment says of no symbol.
    """
    return _explained(log, _position(log, moment, symbol))


def _position(log: "Log", moment: Moment, symbol: str | None) -> int:
    if isinstance(moment, int):
        event = log.event(moment).event
        if isinstance(event.payload, RegimeUpdate) and symbol in {None, event.payload.symbol}:
            return moment
        symbol = symbol or getattr(event.payload, "symbol", None)
        if symbol is None:
            raise QuestionRefused(
                "unknown_moment",
                f"position {moment} is a {event.type}, which is of no symbol: name one",
            )
        begun = log.episodes(symbol, position=moment, limit=1)
    elif isinstance(moment, datetime):
        begun = log.episodes(symbol, until=moment)
    else:
        begun = log.episodes(symbol)
        if moment == LAST_SHIFT:
            return _last_shift([each.position for each in begun if each.previous_regime], symbol)
    if not begun:
        raise QuestionRefused("unknown_moment", f"no regime was known at {_name(moment)}")
    if symbol is None and len(names := sorted({each.symbol for each in begun})) > 1:
        raise QuestionRefused(
            "unknown_moment",
            f"several symbols had a regime at {_name(moment)}: name one of {', '.join(names)}",
        )
    return begun[-1].position


def _last_shift(positions: list[int], symbol: str | None) -> int:
    if not positions:
        of = f" of {symbol}" if symbol else ""
        raise QuestionRefused("unknown_moment", f"there was no shift{of} in this log yet")
    return max(positions)


def _name(moment: Moment) -> str:
    return "the head" if moment == HEAD else moment_text(moment)


def _explained(log: "Log", position: int) -> Shift:
    found = log.event(position)
    update = found.event.payload
    if not isinstance(update, RegimeUpdate):
        raise QuestionRefused("unknown_moment", f"position {position} is a {found.event.type}")
    begun = log.episodes(update.symbol, position=position, limit=1)
    # Not by the update's own word: the detector knows nothing of a regime made by hand, nor of another detector.
    began = bool(begun) and begun[-1].position == position
    previous = begun[-1].previous_regime if begun else None
    return Shift(
        found.event,
        began and previous is not None,
        previous,
        _tick(log, found, update),
        log.explain(update.symbol, position),
        tuple(one for one in found.effects if isinstance(one.payload, PriceAlert)),
        tuple(one for one in found.effects if isinstance(one.payload, TradeExecution)),
    )


def _tick(log: "Log", found: EventDetail, update: RegimeUpdate) -> Event | None:
    """What it was made of: a bar of ticks is ended by the calendar, and its close was the last price before."""
    caused = next((one for one in found.causes if isinstance(one.payload, PriceUpdate)), None)
    if caused is not None or found.event.source == BY_HAND:
        return caused
    return newest_price(log, update.symbol, found.event.position, update.timestamp)


def newest_price(log: "Log", symbol: str, before: int, upto: datetime) -> Event | None:
    """A symbol's price of the newest market time up to one, of those recorded before a position; none that corrects."""
    if before <= 1:
        return None
    prices = log.events(
        channels=["prices"], symbols=symbol, until=upto, before=before, last=PRICES_LOOKED_AT
    )
    known = [
        one
        for one in prices
        if isinstance(one.payload, PriceUpdate) and one.payload.corrects is None
    ]
    return max(known, key=lambda one: one.occurred_at, default=None)
