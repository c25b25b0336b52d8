"""Both logs of a what-if beside the labels of hindsight: the very ones, and the very delays, of each log alone."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.analysis.regime_bars import Told, ToldEvent
from app.analysis.whatif import what_if
from app.market.detector.registry import variant
from app.market.setup import MarketSetup
from app.market.state import initial
from app.market.ticks import PriceTick
from tests.unit.analysis.builders import know_now
from tests.unit.market.builders import DAY, START, bars, flat, play, tick

QUICK = MarketSetup(detector=variant("sma200", {"average_bars": 3, "band": 0.0}))
SLOW = MarketSetup(detector=variant("sma200", {"average_bars": 20, "band": 0.05}))
CLOSES = [
    *(f"{100 + day / 10:.2f}" for day in range(40)),
    *(f"{104 * 0.99**day:.2f}" for day in range(40)),
    *(f"{70 * 1.02**day:.2f}" for day in range(40)),
]
DAYS = bars(CLOSES)


def log_of(setup: MarketSetup, prices: Sequence[PriceTick] = DAYS) -> list[Told]:
    batches = play(prices, initial(setup))[1]
    return [ToldEvent(event.source, event.payload) for event in flat(batches)]


def test_each_delay_is_that_of_its_own_log() -> None:
    found = what_if(log_of(QUICK), SLOW).symbols["SPX"].labels
    assert found is not None
    quick, slow = (know_now(log_of(setup)).symbols["SPX"].labels for setup in (QUICK, SLOW))
    assert [each.recorded for each in found] == [label.said for label in quick]
    assert [each.other for each in found] == [label.said for label in slow]
    assert [each.top_at for each in found] == [label.top_at for label in quick]
    bear = next(each for each in found if each.label == "bear")
    assert bear.recorded is not None
    assert bear.other is not None
    assert 0 <= bear.recorded.bars < bear.other.bars


def test_only_labels_that_overlap_the_span_are_told() -> None:
    early = what_if(log_of(QUICK), SLOW, until=START + 20 * DAY)
    late = what_if(log_of(QUICK), SLOW, since=START + 60 * DAY)
    assert early.symbols["SPX"].labels == ()
    assert late.symbols["SPX"].labels


def test_logs_of_other_bars_have_no_labels_in_common() -> None:
    ticks = [tick(str(100 + hour % 7), START + timedelta(hours=hour)) for hour in range(100)]
    other = MarketSetup(detector=QUICK.detector, bar_s=3600)
    symbol = what_if(log_of(QUICK, ticks), other).symbols["SPX"]
    assert symbol.only_other
    assert symbol.labels is None


@pytest.mark.parametrize("setup", [QUICK, SLOW])
def test_the_same_detector_says_each_label_at_the_same_bar(setup: MarketSetup) -> None:
    labels = what_if(log_of(setup), setup).symbols["SPX"].labels
    assert labels
    assert all(each.recorded == each.other for each in labels)
