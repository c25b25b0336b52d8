"""Alerts among the events of a price: where they stand, what caused them, and that they come but once."""

import json
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feeds.samples import SAMPLES
from app.market.setup import MarketSetup
from app.market.snapshot import SnapshotError, from_snapshot, to_snapshot
from app.market.state import initial
from app.market.ticks import PriceTick
from events.catalog import AlertKind, AlertSeverity, PriceAlert, PriceUpdate
from events.envelope import NewEvent
from tests.house.tree import ROOT
from tests.unit.market.builders import DAY, START, bar, bars, flat, play, tick, tick_series, wire
from tests.unit.market.watching import EVERY_KIND, rule

SETUP = MarketSetup(rules=EVERY_KIND)
TICKS = tick_series()


def alerts(events: list[NewEvent]) -> list[PriceAlert]:
    """Of the rules on prices."""
    return [
        event.payload
        for event in events
        if isinstance(event.payload, PriceAlert)
        and event.payload.kind is not AlertKind.REGIME_SHIFT
    ]


def test_an_alert_stands_after_its_price_and_names_it_as_its_cause() -> None:
    setup = replace(SETUP, rules=(rule("price_below", "low", threshold="95", severity="critical"),))
    _, (_, events) = play(bars(["100", "94.5"]), initial(setup))
    price, alert = events[0], events[-1]
    assert isinstance(price.payload, PriceUpdate)
    assert isinstance(alert.payload, PriceAlert)
    assert alert.causation_id == alert.correlation_id == price.event_id
    assert alert.payload.alert_id == str(alert.event_id)
    assert alert.payload.severity is AlertSeverity.CRITICAL
    assert (alert.payload.price, alert.payload.threshold) == (Decimal("94.5"), Decimal(95))
    assert alert.payload.timestamp == price.payload.timestamp


def test_a_late_price_raises_no_alert_and_arms_none() -> None:
    setup = replace(SETUP, rules=(rule("price_above", threshold="100", hysteresis="0.1"),))
    series = [bar("101", 0), bar("102", 5), bar("50", 3), bar("500", 4), bar("103", 6)]
    _, batches = play(series, initial(setup))
    assert [len(alerts(batch)) for batch in batches] == [1, 0, 0, 0, 0]


def test_a_first_tick_at_the_last_close_is_measured_from_that_close() -> None:
    setup = replace(SETUP, rules=(rule("volatility_spike", threshold="3"),))
    calm = [str(100 + day % 2) for day in range(40)]
    for opening in ("110", "110.01"):
        prices = enumerate([*calm, "110", opening, "160"])
        ticks = [tick(price, START + day * DAY) for day, price in prices]
        _, batches = play(ticks, initial(setup))
        assert [day for day, batch in enumerate(batches) if alerts(batch)] == [40, 42]


def test_of_the_default_rules_none_but_the_regime_shift_fires_before_21_bars() -> None:
    fall = [f"{100 * 0.9 ** max(0, day - 5):.2f}" for day in range(21)]
    _, batches = play(bars([*fall, "1000"]), initial())
    kinds = [
        {event.payload.kind for event in batch if isinstance(event.payload, PriceAlert)}
        for batch in batches
    ]
    assert set().union(*kinds[:21]) == {AlertKind.REGIME_SHIFT}
    assert kinds[21] - {AlertKind.REGIME_SHIFT}


@given(TICKS)
def test_the_same_ticks_give_the_same_alerts(ticks: list[PriceTick]) -> None:
    state, batches = play(ticks, initial(SETUP))
    again, repeated = play(ticks, initial(SETUP))
    assert again == state
    assert wire(flat(repeated)) == wire(flat(batches))
    ids = [alert.alert_id for alert in alerts(flat(batches))]
    assert len(ids) == len(set(ids))


@given(TICKS, st.integers(0, 40))
def test_a_restart_between_two_ticks_changes_no_alert(ticks: list[PriceTick], cut: int) -> None:
    _, whole = play(ticks, initial(SETUP))
    state, before = play(ticks[:cut], initial(SETUP))
    restored = from_snapshot(json.loads(json.dumps(to_snapshot(state))), SETUP)
    _, after = play(ticks[cut:], restored)
    assert wire(flat([*before, *after])) == wire(flat(whole))


def test_a_snapshot_with_the_memory_of_an_older_version_is_folded_again() -> None:
    state, _ = play(bars(["100", "101"]), initial(SETUP))
    saved = json.loads(json.dumps(to_snapshot(state)))
    del saved["symbols"]["SPX"]["watch"]["format"]
    with pytest.raises(SnapshotError, match="format"):
        from_snapshot(saved, SETUP)


def test_the_documents_count_of_the_default_alerts_is_that_of_the_sample() -> None:
    told = Counter(alert.kind for alert in alerts(flat(play(SAMPLES["SPX"].bars())[1])))
    documented = re.search(
        r"these are (\d+) spikes, (\d+) steps, (\d+) highs and (\d+) lows",
        (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8"),
    )
    assert documented is not None
    kinds = (
        AlertKind.VOLATILITY_SPIKE,
        AlertKind.DRAWDOWN,
        AlertKind.NEW_HIGH,
        AlertKind.NEW_LOW,
    )
    assert [told[kind] for kind in kinds] == [int(count) for count in documented.groups()]
