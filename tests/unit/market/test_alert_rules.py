"""Which alert rules are taken, which are refused, and what is usual."""

# covers: app.market.alerts.rules, app.market.alerts.shift

import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from app.market.alerts.rules import (
    COOLDOWN_S_MAX,
    DEFAULT_RULES,
    DRAWDOWN_BARS_MIN,
    DRAWDOWN_STEP_MIN,
    MOVE_MAX,
    NEVER_FIRES,
    SPIKE_SD_MAX,
    WINDOW_BARS_MAX,
    WINDOW_S_MAX,
    AlertRule,
    MoveDirection,
    plain,
)
from events.catalog import AlertKind, AlertSeverity
from tests.unit.market.watching import EVERY_KIND, bars, fired_at, rule

SMALLEST = "0.000000000001"
LARGEST = "999999999999999999.999999999999"


def refused(kind: Any, **fields: Any) -> dict[str, tuple[str, str]]:
    """Field -> code and sentence."""
    with pytest.raises(ValidationError) as caught:
        rule(kind, **fields)
    errors = caught.value.errors()
    return {str(error["loc"][0]): (error["type"], error["msg"]) for error in errors}


@pytest.mark.parametrize("each", [*EVERY_KIND, *DEFAULT_RULES])
def test_a_rule_comes_back_from_its_json(each: AlertRule) -> None:
    text = json.dumps(each.model_dump(mode="json"))
    back = AlertRule.model_validate(json.loads(text))
    assert back == each
    assert json.dumps(back.model_dump(mode="json")) == text


def test_the_default_set_covers_what_is_worth_knowing() -> None:
    assert [each.kind.value for each in DEFAULT_RULES] == [
        "regime_shift",
        "volatility_spike",
        "drawdown",
        "new_high",
        "new_low",
    ]
    assert all(each.symbol is None for each in DEFAULT_RULES)


def test_no_default_rule_fires_before_21_bars() -> None:
    wild = [1000, 1, 900, 0.5, 5000] * 4
    assert fired_at(DEFAULT_RULES, bars(*wild)) == []
    assert fired_at(DEFAULT_RULES, bars(*wild, 2000, 1)) != []


def test_what_is_left_out_is_what_is_usual_for_the_kind() -> None:
    level = rule("price_above", threshold="100")
    assert (level.severity, level.hysteresis, level.cooldown_s) == ("info", Decimal("0.01"), 0)
    move = rule("percent_move", threshold="0.05", window_s=60)
    assert (move.direction, move.hysteresis) == (MoveDirection.BOTH, Decimal("0.25"))
    assert rule("drawdown", threshold="0.1").hysteresis == 0
    assert rule("regime_shift").severity is None


def test_equal_rules_are_the_same_text() -> None:
    one = rule("price_above", threshold="100.00", hysteresis="0.010")
    other = rule("price_above", threshold="100", hysteresis="0.01")
    assert one == other
    assert one.model_dump_json() == other.model_dump_json()


@pytest.mark.parametrize(
    ("given", "expected"), [("-0", "0"), ("0.00", "0"), ("1E+3", "1000"), ("9.50", "9.5")]
)
def test_plain_numbers_have_no_exponent_and_no_trailing_zeros(given: str, expected: str) -> None:
    assert str(plain(Decimal(given))) == expected


def test_plain_keeps_every_digit() -> None:
    assert str(plain(Decimal(LARGEST))) == LARGEST


@pytest.mark.parametrize("kind", ["price_above", "price_below", "percent_move", "volatility_spike"])
@pytest.mark.parametrize("threshold", ["0", "-0", "-1"])
def test_a_threshold_that_is_not_positive_never_fires(kind: str, threshold: str) -> None:
    assert refused(kind, threshold=threshold)["threshold"][0] == NEVER_FIRES


@pytest.mark.parametrize(
    ("kind", "fields", "place"),
    [
        ("drawdown", {"threshold": "0"}, "threshold"),
        ("drawdown", {"threshold": "1"}, "threshold"),
        ("drawdown", {"threshold": "1.5"}, "threshold"),
        ("drawdown", {"threshold": "0.1", "window_bars": 1}, "window_bars"),
        ("percent_move", {"threshold": "1", "window_s": 60, "direction": "down"}, "direction"),
        ("percent_move", {"threshold": "2", "window_s": 60, "direction": "down"}, "direction"),
        ("price_above", {"threshold": "5", "hysteresis": "1"}, "hysteresis"),
        ("price_below", {"threshold": LARGEST, "hysteresis": "1.5"}, "hysteresis"),
        ("percent_move", {"threshold": "0.1", "window_s": 60, "hysteresis": "1.1"}, "hysteresis"),
        ("volatility_spike", {"threshold": "4", "hysteresis": "1.1"}, "hysteresis"),
        ("price_above", {"threshold": SMALLEST, "hysteresis": "0"}, "hysteresis"),
        ("price_above", {"threshold": SMALLEST}, "hysteresis"),
        ("price_below", {"threshold": LARGEST, "hysteresis": "0"}, "hysteresis"),
        ("price_below", {"threshold": LARGEST}, "hysteresis"),
        ("new_high", {"window_bars": 5, "hysteresis": "1"}, "hysteresis"),
    ],
)
def test_what_can_never_fire_or_never_again_is_refused(
    kind: str, fields: dict[str, Any], place: str
) -> None:
    code, sentence = refused(kind, **fields)[place]
    assert code == NEVER_FIRES
    assert len(sentence) > 20


@pytest.mark.parametrize(
    ("kind", "fields", "place", "said"),
    [
        ("volatility_spike", {"threshold": "100.1"}, "threshold", "must be at most 100"),
        (
            "percent_move",
            {"threshold": "1000.1", "window_s": 60, "direction": "up"},
            "threshold",
            "must be at most 1000",
        ),
        # It would rise by so much, but it could not fall by it.
        ("percent_move", {"threshold": "1", "window_s": 60}, "direction", 'the direction "up"'),
        ("drawdown", {"threshold": "0.0099"}, "threshold", "must be at least 0.01"),
        ("new_high", {"window_bars": 1_001}, "window_bars", "less than or equal to 1000"),
        # A price can double, a move can shrink to none.
        ("price_below", {"threshold": "5", "hysteresis": "1"}, "hysteresis", "less than 1"),
        ("new_low", {"window_bars": 5, "hysteresis": "1.5"}, "hysteresis", "less than 1"),
        ("volatility_spike", {"threshold": "4", "hysteresis": "1"}, "hysteresis", "less than 1"),
        (
            "percent_move",
            {"threshold": "0.1", "window_s": 60, "hysteresis": "1"},
            "hysteresis",
            "less than 1",
        ),
        ("drawdown", {"threshold": "0.1", "hysteresis": "1"}, "hysteresis", "has no hysteresis"),
    ],
)
def test_what_could_fire_beyond_a_limit_is_not_said_never_to_fire(
    kind: str, fields: dict[str, Any], place: str, said: str
) -> None:
    code, sentence = refused(kind, **fields)[place]
    assert code != NEVER_FIRES
    assert said in sentence


@pytest.mark.parametrize(
    ("kind", "fields", "place"),
    [
        ("price_above", {}, "threshold"),
        ("drawdown", {"threshold": "0.009"}, "threshold"),
        ("price_above", {"threshold": "5", "window_s": 60}, "window_s"),
        ("price_above", {"threshold": "5", "window_bars": 60}, "window_bars"),
        ("price_above", {"threshold": "5", "direction": "up"}, "direction"),
        ("price_above", {"threshold": "5", "severity": None}, "severity"),
        ("price_above", {"threshold": "5", "severity": "loud"}, "severity"),
        ("price_above", {"threshold": "5", "hysteresis": "-0.1"}, "hysteresis"),
        ("price_above", {"threshold": "5", "cooldown_s": -1}, "cooldown_s"),
        ("price_above", {"threshold": "5", "symbol": "A B"}, "symbol"),
        ("price_above", {"threshold": "5", "rule_id": "a b"}, "rule_id"),
        ("price_above", {"threshold": "5", "when": "now"}, "when"),
        ("price_above", {"threshold": 5}, "threshold"),
        ("price_above", {"threshold": "NaN"}, "threshold"),
        ("percent_move", {"threshold": "0.1"}, "window_s"),
        ("percent_move", {"threshold": "0.1", "window_s": 60, "direction": None}, "direction"),
        ("percent_move", {"threshold": "0.1", "window_s": 60, "window_bars": 5}, "window_bars"),
        ("volatility_spike", {"threshold": "4", "window_bars": 5}, "window_bars"),
        ("new_high", {}, "window_bars"),
        ("new_low", {"window_bars": 5, "threshold": "5"}, "threshold"),
        ("regime_shift", {"threshold": "5"}, "threshold"),
        ("regime_shift", {"hysteresis": "0.5"}, "hysteresis"),
        ("regime_shift", {"cooldown_s": 5}, "cooldown_s"),
        ("drawdown", {"threshold": "0.1", "hysteresis": "0.5"}, "hysteresis"),
        ("drawdown", {"threshold": "0.1", "cooldown_s": 5}, "cooldown_s"),
        ("price_beside", {"threshold": "5"}, "kind"),
        (None, {}, "kind"),
        ([], {}, "kind"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(
    kind: Any, fields: dict[str, Any], place: str
) -> None:
    assert place in refused(kind, **fields)


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(ValidationError):
        AlertRule.model_validate(["price_above"])


def test_the_limits_hold_at_their_very_ends() -> None:
    for ends in (1, WINDOW_S_MAX):
        assert rule("percent_move", threshold="0.1", window_s=ends).window_s == ends
    for ends in (1, WINDOW_BARS_MAX):
        assert rule("new_low", window_bars=ends).window_bars == ends
    for beyond in (0, WINDOW_S_MAX + 1):
        assert "window_s" in refused("percent_move", threshold="0.1", window_s=beyond)
    for beyond in (0, WINDOW_BARS_MAX + 1):
        assert "window_bars" in refused("new_high", window_bars=beyond)
    rule("price_above", threshold=LARGEST, cooldown_s=COOLDOWN_S_MAX)
    rule("price_below", threshold=SMALLEST)
    rule("volatility_spike", threshold=str(SPIKE_SD_MAX))
    rule("drawdown", threshold=str(DRAWDOWN_STEP_MIN), window_bars=WINDOW_BARS_MAX)
    rule("drawdown", threshold="0.1", window_bars=DRAWDOWN_BARS_MIN)
    rule("percent_move", threshold=str(MOVE_MAX), window_s=60, direction="up")
    assert "cooldown_s" in refused("price_above", threshold="5", cooldown_s=COOLDOWN_S_MAX + 1)


def test_only_a_regime_shift_goes_without_a_severity() -> None:
    assert rule("regime_shift", severity="critical").severity is AlertSeverity.CRITICAL
    assert rule("new_high", window_bars=5, severity="warning").severity is AlertSeverity.WARNING
    assert {each.kind for each in EVERY_KIND} == set(AlertKind)
