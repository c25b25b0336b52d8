"""The alert of a regime shift under the rule that asks for it."""

from decimal import Decimal

import pytest

from app.market.alerts.shift import REGIME_SHIFT_RULE, regime_shift_alert
from events.catalog import AlertSeverity, Regime
from tests.unit.market.builders import bars, flat, play, regimes
from tests.unit.market.watching import rule


@pytest.mark.parametrize(
    ("regime", "severity"),
    [
        (Regime.BULL, AlertSeverity.INFO),
        (Regime.SIDEWAYS, AlertSeverity.INFO),
        (Regime.BEAR, AlertSeverity.WARNING),
        (Regime.CRASH, AlertSeverity.CRITICAL),
    ],
)
def test_severity_follows_the_regime_unless_the_rule_has_one(
    regime: Regime, severity: AlertSeverity
) -> None:
    (first,) = regimes(flat(play(bars(["100"]))[1]))
    update = first.model_copy(update={"regime": regime, "previous_regime": Regime.BULL})
    by_regime = regime_shift_alert(update, Decimal(100), "a", rule("regime_shift", "mine"))
    assert (by_regime.rule_id, by_regime.severity) == ("mine", severity)
    quiet = rule("regime_shift", "mine", severity="info")
    assert regime_shift_alert(update, Decimal(100), "a", quiet).severity is AlertSeverity.INFO
    assert regime_shift_alert(update, Decimal(100), "a").rule_id == REGIME_SHIFT_RULE


def test_a_shift_out_of_the_market_tells_how_likely_either_is() -> None:
    (first,) = regimes(flat(play(bars(["100"]))[1]))
    odds = {Regime.BULL: 0.3, Regime.BEAR: 0.0, Regime.CRASH: 0.55, Regime.SIDEWAYS: 0.15}
    fields = {
        "regime": Regime.BEAR,
        "previous_regime": Regime.BULL,
        "confidence": 0.0,
        "probabilities": odds,
        "warming_up": False,
    }
    update = first.model_copy(update=fields)
    assert regime_shift_alert(update, Decimal(100), "a").message == (
        "SPX went from BULL to BEAR (confidence 0%, BEAR or CRASH 55%)"
    )
    up = update.model_copy(
        update={"regime": Regime.BULL, "previous_regime": Regime.BEAR, "confidence": 0.3}
    )
    assert regime_shift_alert(up, Decimal(100), "a").message == (
        "SPX went from BEAR to BULL (confidence 30%)"
    )
