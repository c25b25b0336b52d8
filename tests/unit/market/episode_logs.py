"""Logs to tell episodes of: made by hand, and any that there may be."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from events.catalog import Payload, PriceUpdate, Regime, RegimeUpdate
from events.envelope import RecordedEvent
from tests.unit.market.builders import START, bar, flat, play, recorded, regimes, tick_series

ALL = ("BULL", "BEAR", "CRASH", "SIDEWAYS")
PATTERN: RegimeUpdate = regimes(flat(play([bar("100")])[1]))[0]


def price(at: datetime, value: str | Decimal, symbol: str = "SPX", **more: Any) -> Payload:
    """A price."""
    empty: dict[str, Any] = dict.fromkeys(("open", "high", "low", "volume", "bar_s", "corrects"))
    fields = {**empty, **more}
    return PriceUpdate(symbol=symbol, price=Decimal(value), timestamp=at, **fields)


def regime(at: datetime, value: str, symbol: str = "SPX", **more: Any) -> Payload:
    """A regime update, final unless `more` says otherwise."""
    changes = {"regime": Regime(value), "symbol": symbol, "timestamp": at, **more}
    return PATTERN.model_copy(update=changes)


@st.composite
def logs(draw: st.DrawFn) -> list[RecordedEvent]:
    """What a market makes of ticks, some late; and among it regimes from elsewhere, some by hand."""
    events = [recorded(each.payload, source="api") for each in flat(play(draw(tick_series(25)))[1])]
    for _ in range(draw(st.integers(0, 12))):
        payload = regime(
            START + timedelta(hours=draw(st.integers(-50, 400))),
            draw(st.sampled_from(ALL)),
            draw(st.sampled_from(["SPX", "IXIC"])),
            provisional=draw(st.booleans()),
            confidence=draw(st.floats(0, 1)),
        )
        source = draw(st.sampled_from(["manual", "api"]))
        place = draw(st.integers(0, len(events)))
        events.insert(place, recorded(payload, source=source))
    return [each._replace(position=k) for k, each in enumerate(events, start=1)]
