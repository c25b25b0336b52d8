"""Personas, strategies and the regime's own alert: tables that must be complete."""

# covers: app.market.alerts.shift, app.market.persona, app.market.strategy

from dataclasses import replace
from decimal import Decimal

import pytest

from app.market.alerts.shift import is_shift, regime_shift_alert
from app.market.persona import DEFAULT_PERSONA, PERSONAS
from app.market.strategy import DISCLAIMER, RECOMMENDATIONS
from events.catalog import AlertKind, AlertSeverity, Regime, RegimeUpdate, Strategy
from tests.unit.market.builders import bars, falling, flat, play, regimes


@pytest.mark.parametrize("persona", PERSONAS.values(), ids=PERSONAS)
def test_every_persona_has_a_line_for_every_regime(persona: object) -> None:
    assert set(persona.lines) == set(Regime)  # type: ignore[attr-defined]


def test_big_pickle_is_the_default_and_speaks_as_agreed() -> None:
    persona = PERSONAS[DEFAULT_PERSONA]
    assert persona.name == "Big Pickle"
    assert {regime: line.message for regime, line in persona.lines.items()} == {
        Regime.BULL: "TO THE MOON! 🚀",
        Regime.BEAR: "Time to be careful 🐻",
        Regime.CRASH: "SELL EVERYTHING! 🔥",
        Regime.SIDEWAYS: "Steady as she goes 😐",
    }


def test_personas_differ_in_words_only() -> None:
    looks = [{r: (x.vibe, x.look) for r, x in p.lines.items()} for p in PERSONAS.values()]
    assert all(look == looks[0] for look in looks)


def test_exposure_falls_with_the_regime() -> None:
    assert {r: (x.strategy, x.target_exposure) for r, x in RECOMMENDATIONS.items()} == {
        Regime.BULL: (Strategy.TREND_FOLLOWING, 1.0),
        Regime.SIDEWAYS: (Strategy.RANGE_TRADING, 0.5),
        Regime.BEAR: (Strategy.DEFENSIVE, 0.2),
        Regime.CRASH: (Strategy.CAPITAL_PRESERVATION, 0.0),
    }


def test_the_disclaimer_says_what_was_measured() -> None:
    assert DISCLAIMER.startswith("Not investment advice.")
    assert "daily bars of equity indices only" in DISCLAIMER


def an_update(regime: Regime, previous: Regime | None) -> RegimeUpdate:
    update = regimes(flat(play(bars(falling(calm=2, fall=0)))[1]))[0]
    return update.model_copy(update={"regime": regime, "previous_regime": previous})


@pytest.mark.parametrize(
    ("regime", "severity"),
    [
        (Regime.CRASH, AlertSeverity.CRITICAL),
        (Regime.BEAR, AlertSeverity.WARNING),
        (Regime.SIDEWAYS, AlertSeverity.INFO),
        (Regime.BULL, AlertSeverity.INFO),
    ],
)
def test_the_severity_of_a_shift_follows_the_new_regime(
    regime: Regime, severity: AlertSeverity
) -> None:
    alert = regime_shift_alert(an_update(regime, Regime.BULL), Decimal("99.5"), "alert-1")
    assert (alert.kind, alert.severity) == (AlertKind.REGIME_SHIFT, severity)
    assert (alert.price, alert.threshold) == (Decimal("99.5"), None)
    assert f"from BULL to {regime.value}" in alert.message


def test_only_a_final_change_is_a_shift() -> None:
    shift = an_update(Regime.BEAR, Regime.BULL)
    assert is_shift(shift)
    assert not is_shift(an_update(Regime.BEAR, Regime.BEAR))
    assert not is_shift(an_update(Regime.BEAR, None))
    assert not is_shift(shift.model_copy(update={"provisional": True}))


def test_personas_are_frozen() -> None:
    persona = PERSONAS[DEFAULT_PERSONA]
    with pytest.raises(AttributeError):
        persona.name = "Pickle"  # type: ignore[misc]
    assert replace(persona, name="Pickle").lines is persona.lines
