"""Bars for charts: corrected, with the regime at their close, merged when there are too many."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.market.ticks import PriceTick
from app.queries.bars import corrected_bars, downsample, joined_ticks, with_regimes
from events.catalog import PriceUpdate
from events.envelope import RecordedEvent
from tests.unit.market.builders import START, play, recorded
from tests.unit.market.builders import bars as ready_bars


def price(close: str, minutes: int, **more: Any) -> RecordedEvent:
    fields: dict[str, Any] = dict.fromkeys(("open", "high", "low", "volume", "bar_s", "corrects"))
    at = START + timedelta(minutes=minutes)
    payload = PriceUpdate(symbol="SPX", price=Decimal(close), timestamp=at, **{**fields, **more})
    return recorded(payload)


def bar(close: str, **more: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("open", "high", "low", "volume", "bar_s", "regime"))
    return {"close": close, **nothing, **more}


def test_the_newest_price_of_a_time_counts() -> None:
    prices = [price("1", 0), price("2", 5), price("3", 0), price("4", -5)]
    assert [each["close"] for each in corrected_bars(prices)] == ["4", "3", "2"]


def test_a_bar_has_the_newest_final_regime_at_or_before_its_close() -> None:
    ticks: list[PriceTick] = ready_bars(["1", "1", "1"])
    _, batches = play(ticks)
    events = [recorded(event.payload) for batch in batches for event in batch]
    regimes = [event for event in events if event.type == "regime_update"]
    prices = [event for event in events if event.type == "price_update"]
    assert len({each["regime"] for each in with_regimes(corrected_bars(prices), regimes)}) == 1
    late = with_regimes(corrected_bars(prices), regimes[1:])
    assert [each["regime"] is None for each in late] == [True, False, False]


@pytest.mark.parametrize(
    ("count", "points", "left"),
    [(0, 5, 0), (5, 5, 5), (6, 5, 3), (10, 3, 3), (10, 1, 1), (7, 10_000, 7)],
)
def test_there_are_never_more_bars_than_points(count: int, points: int, left: int) -> None:
    merged = downsample([bar(str(number)) for number in range(count)], points)
    assert len(merged) == left <= points
    if merged:
        assert merged[-1]["close"] == str(count - 1)


def test_a_merged_bar_spans_its_group() -> None:
    group = [
        bar("10", open="9", high="12", low="8", regime="BULL"),
        bar("7"),
        bar("100", open="7", high="101", low="6.5", regime="BEAR", volume="5"),
    ]
    [merged] = downsample(group, 1)
    assert merged == bar("100", open="9", high="101", low="6.5", regime="BEAR")


def test_the_volume_of_a_merged_bar_is_the_sum_where_all_are_known() -> None:
    group = [bar("1", volume="0.1"), bar("2", volume="123456789012345678.000000000001")]
    assert downsample(group, 1)[0]["volume"] == "123456789012345678.100000000001"


def test_ticks_of_one_bar_are_joined_and_ready_bars_stay() -> None:
    at = "2020-01-06T09:{:02}:00.000000Z"
    ticks = [bar(close, timestamp=at.format(minute)) for minute, close in enumerate("5376")]
    ready = bar("9", timestamp=at.format(4), bar_s=60)
    joined = joined_ticks([*ticks[:3], ready, ticks[3] | {"timestamp": at.format(5)}], 120)
    assert [(each["open"], each["high"], each["low"], each["close"]) for each in joined] == [
        ("5", "5", "3", "3"),
        ("7", "7", "7", "7"),
        (None, None, None, "9"),
        ("6", "6", "6", "6"),
    ]
    assert [each["timestamp"] for each in joined] == [at.format(k) for k in (1, 2, 4, 5)]
