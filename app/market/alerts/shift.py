"""The alert of a regime shift."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from app.market.alerts.rules import AlertRule
from events.catalog import AlertKind, AlertSeverity, PriceAlert, Regime, RegimeUpdate

REGIME_SHIFT_RULE: Final = "regime_shift"
_BUILT_IN: Final = AlertRule(rule_id=REGIME_SHIFT_RULE, kind=AlertKind.REGIME_SHIFT)
_SEVERITIES: Final[Mapping[Regime, AlertSeverity]] = {
    Regime.BULL: AlertSeverity.INFO,
    Regime.SIDEWAYS: AlertSeverity.INFO,
    Regime.BEAR: AlertSeverity.WARNING,
    Regime.CRASH: AlertSeverity.CRITICAL,
}


def is_shift(update: RegimeUpdate) -> bool:
    """True when the regime differs from the one before; the first update of a symbol is no shift."""
    return (
        not update.provisional
        and update.previous_regime is not None
        and update.regime is not update.previous_regime
    )


def regime_shift_alert(
    update: RegimeUpdate, price: Decimal, alert_id: str, rule: AlertRule = _BUILT_IN
) -> PriceAlert:
    """The alert of a shift, at the price that closed the bar.

    Severity is the rule's; without one it is critical for CRASH, warning for BEAR, else info. There is no
    threshold.
    """
    doubt = "; the detector is still warming up" if update.warming_up else ""
    return PriceAlert(
        alert_id=alert_id,
        rule_id=rule.rule_id,
        symbol=update.symbol,
        kind=AlertKind.REGIME_SHIFT,
        severity=rule.severity or _SEVERITIES[update.regime],
        price=price,
        threshold=None,
        message=f"{update.symbol} went from {update.previous_regime} to {update.regime} "
        f"(confidence {update.confidence:.0%}{_risk_off(update)}{doubt})",
        timestamp=update.timestamp,
    )


def _risk_off(update: RegimeUpdate) -> str:
    """Beside the confidence of BEAR or CRASH the two together: near a crash each alone may be small."""
    if update.regime not in {Regime.BEAR, Regime.CRASH}:
        return ""
    both = update.probabilities[Regime.BEAR] + update.probabilities[Regime.CRASH]
    return f", BEAR or CRASH {both:.0%}"
