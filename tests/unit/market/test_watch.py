"""What holds for every price series: one crossing one alert, bounded memory, restarts, causality."""

import json
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.market.alerts import watch as watches
from app.market.alerts.price_sensors import EXACT_PRICES, WINDOW_SLOTS
from app.market.alerts.rules import DEFAULT_RULES, AlertRule
from app.market.alerts.watch import UNWATCHED, observe
from events.catalog import PriceAlert
from tests.unit.market.builders import DAY, DAY_S, START
from tests.unit.market.watching import (
    EVERY_KIND,
    SEEN,
    Seen,
    bars,
    fired_at,
    rule,
    ticks,
    watch_all,
)

SERIES = st.lists(SEEN, max_size=60)
NEAR = st.lists(st.decimals("80", "120", places=2), max_size=80)


@given(SERIES)
def test_no_series_of_prices_breaks_a_rule(seen: list[Seen]) -> None:
    alert = TypeAdapter(PriceAlert)
    for each, fired in zip(seen, watch_all(EVERY_KIND, seen)[1], strict=True):
        names = [firing.rule.rule_id for firing in fired]
        assert len(names) == len(set(names))
        assert not {"shift", "of-another"} & set(names)
        for firing in fired:
            # What fires must fit the event that tells of it.
            alert.validate_python(
                {
                    "alert_id": "a",
                    "rule_id": firing.rule.rule_id,
                    "symbol": "SPX",
                    "kind": firing.rule.kind,
                    "severity": firing.severity,
                    "price": each.price,
                    "threshold": firing.threshold,
                    "message": firing.message,
                    "timestamp": START,
                }
            )


@given(SERIES, SERIES)
def test_a_watch_comes_back_bit_for_bit_and_goes_on_alike(
    seen: list[Seen], more: list[Seen]
) -> None:
    before, _ = watch_all(EVERY_KIND, seen)
    text = json.dumps(watches.dump(before))
    back = watches.load(json.loads(text))
    assert back == before
    assert json.dumps(watches.dump(back)) == text
    later = 60 * 40 * DAY_S
    on, fired = watch_all(EVERY_KIND, more, before, later)
    on_again, fired_again = watch_all(EVERY_KIND, more, back, later)
    assert on_again == on
    assert fired_again == fired
    assert watches.dump(on_again) == watches.dump(on)


@given(SERIES, SERIES)
def test_what_follows_changes_nothing_of_before(seen: list[Seen], more: list[Seen]) -> None:
    _, alone = watch_all(EVERY_KIND, seen)
    _, followed = watch_all(EVERY_KIND, [*seen, *more])
    assert followed[: len(seen)] == alone


@given(SERIES, st.permutations(EVERY_KIND))
def test_the_order_of_the_rules_is_only_the_order_of_the_alerts(
    seen: list[Seen], mixed: list[AlertRule]
) -> None:
    _, firings = watch_all(EVERY_KIND, seen)
    _, again = watch_all(mixed, seen)
    for one, other in zip(firings, again, strict=True):
        assert set(one) == set(other)
        assert [firing.rule for firing in other] == [
            each for each in mixed if each in {firing.rule for firing in one}
        ]


@given(SERIES)
def test_the_thread_s_decimal_context_has_no_say(seen: list[Seen]) -> None:
    usual = watch_all(EVERY_KIND, seen)
    with localcontext(prec=3):
        assert watch_all(EVERY_KIND, seen) == usual


@given(NEAR, st.sampled_from(["0", "0.01", "0.1"]))
def test_between_two_alerts_the_price_went_back_by_the_hysteresis(
    prices: list[Decimal], hysteresis: str
) -> None:
    seen = ticks(*map(str, prices))
    above = fired_at(rule("price_above", threshold="100", hysteresis=hysteresis), seen)
    below = fired_at(rule("price_below", threshold="100", hysteresis=hysteresis), seen)
    back = 100 * Decimal(hysteresis)
    for one, following in pairwise(above):
        assert min(prices[one:following]) <= 100 - back
    for one, following in pairwise(below):
        assert max(prices[one:following]) >= 100 + back
    assert bool(above) == (max(prices, default=Decimal(0)) >= 100)


@given(SERIES, st.integers(0, 10 * DAY_S))
def test_alerts_of_a_rule_lie_a_cool_down_apart(seen: list[Seen], cooldown_s: int) -> None:
    spike = rule("volatility_spike", threshold="0.1", hysteresis="0.1", cooldown_s=cooldown_s)
    level = rule("price_above", "level", threshold="100", cooldown_s=cooldown_s)
    at = START
    last: dict[str, datetime] = {}
    for each, fired in zip(seen, watch_all([spike, level], seen)[1], strict=True):
        at += timedelta(seconds=each.after_s)
        for firing in fired:
            before = last.get(firing.rule.rule_id)
            assert before is None or at - before >= timedelta(seconds=cooldown_s)
            last[firing.rule.rule_id] = at


@given(NEAR)
def test_steps_of_a_drawdown_deepen_until_a_new_high(prices: list[Decimal]) -> None:
    fallen = rule("drawdown", threshold="0.03")
    _, firings = watch_all([fallen], ticks(*map(str, prices)))
    peak, told = Decimal(0), Decimal(0)
    for price, fired in zip(prices, firings, strict=True):
        if price >= peak:
            peak, told = price, Decimal(0)
        depth = (1 - price / peak) // Decimal("0.03") * Decimal("0.03")
        assert [firing.threshold for firing in fired] == [depth] * (depth > told)
        told = max(told, depth)


@given(SERIES)
def test_what_is_remembered_is_bounded(seen: list[Seen]) -> None:
    watch, _ = watch_all(EVERY_KIND, seen * 8)
    numbers = json.dumps(watches.dump(watch)).count(",")
    assert numbers <= 4 * (2 * (EXACT_PRICES + WINDOW_SLOTS) + 7 + 3 + 3) + 4 * len(EVERY_KIND)


def test_a_dump_of_an_older_version_is_refused() -> None:
    # It held the slots of a window where there are times now: read as times, they would all be too old.
    watch, _ = watch_all([rule("percent_move", threshold="0.05", window_s=DAY_S)], bars(100))
    older = {name: each for name, each in watches.dump(watch).items() if name != "format"}
    with pytest.raises(ValueError, match="not a watch of alert rules: KeyError\\('format'"):
        watches.load(older)


def test_a_price_that_changes_nothing_leaves_the_same_watch() -> None:
    watch, _ = watch_all(DEFAULT_RULES, bars(*range(100, 130)))
    rules = watch.rules
    assert rules is not None
    at = START + timedelta(days=40)
    watch, _ = observe(rules, watch, "SPX", Decimal("128.5"), at, (), ready=False)
    after, fired = observe(rules, watch, "SPX", Decimal("128.4"), at + DAY, (), ready=False)
    assert after is watch
    assert fired == ()


def test_a_changed_rule_begins_afresh_and_a_removed_one_is_forgotten() -> None:
    one, other = rule("price_above", threshold="100"), rule("price_above", threshold="99")
    kept = rule("drawdown", "kept", threshold="0.5")
    watch, (fired,) = watch_all([one, kept], ticks(120))
    assert fired
    watch, (fired,) = watch_all([kept, one], ticks(119), watch, 10)
    assert not fired
    watch, (fired,) = watch_all([other, kept], ticks(118), watch, 20)
    assert [firing.rule for firing in fired] == [other]
    watch, _ = watch_all([kept], ticks(117), watch, 30)
    assert [key.split("|")[1] for key in watch.keys] == ["kept"]
    _, (fired,) = watch_all([one, kept], ticks(59), watch, 40)
    assert [firing.rule for firing in fired] == [kept]


def test_bars_are_counted_without_any_rule() -> None:
    watch, _ = watch_all([], [*bars(100, 101, 102), *ticks(103)])
    assert (watch.bars, watch.close, watch.keys) == (3, 102.0, ())
    assert watch.variance > 0


@pytest.mark.parametrize(
    "damage",
    [
        {"format": 1},
        {"bars": None},
        {"close": "high"},
        {"variance": []},
        {"memories": None},
        {"memories": []},
        {"memories": {"price_beside|r|1": [True, None]}},
        {"memories": {"regime_shift|r|1": [True, None]}},
        {"memories": {"price_above|r|1": [1, None]}},
        {"memories": {"price_above|r|1": [True, True]}},
        {"memories": {"price_above|r|1": [True]}},
        {"memories": {"percent_move|r|1": [[[True, None], [["0", "5"]]]]}},
        {"memories": {"percent_move|r|1": [[[True, None], [[0, 5.0]]]]}},
        {"memories": {"drawdown|r|1": [[[0, "5"]], True, "4"]}},
        {"memories": {"drawdown|r|1": [[[0, "5"]], 0, 4]}},
        {"memories": {"drawdown|r|1": [[[0, "5"]], 0, "many"]}},
        {"memories": {"new_high|r|1": [[True, None], 0.5, 0.0, []]}},
        {"memories": {"new_high|r|1": [[True, None], 1, 0.0, [[0, "5"]]]}},
        {"memories": {"new_high|r|1": 5}},
    ],
)
def test_what_is_no_dump_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a watch of alert rules"):
        watches.load({**watches.dump(UNWATCHED), **damage})
    with pytest.raises(ValueError, match="not a watch of alert rules"):
        watches.load({})
