"""`MarketState` as JSON-able values and back, bit for bit: a saved fold, to start from."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.market import portfolio_dump as portfolios
from app.market.alerts import watch
from app.market.alerts.rules import AlertRule
from app.market.detector.base import Reading
from app.market.rule_book import RuleBook
from app.market.setup import DEFAULT_SETUP, MarketSetup
from app.market.state import MarketState
from app.market.symbol import SymbolState
from events.catalog import Regime
from events.scalars import format_decimal, from_micros, to_micros


class SnapshotError(ValueError):
    """A snapshot that was not made with this setup: fold the log from its start instead."""


def to_snapshot(state: MarketState) -> dict[str, Any]:
    """The state as JSON-able values, stamped with the setup that made it."""
    detector = state.setup.detector
    return {
        "setup": state.setup.fingerprint,
        "symbols": {
            symbol: {**_dump(each), "detector": detector.dump(each.detector)}
            for symbol, each in state.symbols.items()
        },
        "portfolios": {name: portfolios.dump(each) for name, each in state.portfolios.items()},
        "rules": [rule.model_dump(mode="json") for rule in state.rules.by_id.values()],
        "versions": dict(state.versions),
    }


def from_snapshot(snapshot: Mapping[str, Any], setup: MarketSetup = DEFAULT_SETUP) -> MarketState:
    """The state that `to_snapshot` wrote: `from_snapshot(to_snapshot(s), s.setup) == s`.

    Raises:
        SnapshotError: when it was made with another setup, or when it is no snapshot at all.
    """
    if snapshot.get("setup") != setup.fingerprint:
        raise SnapshotError(f"made with {snapshot.get('setup')}, not with {setup.fingerprint}")
    try:
        return MarketState(
            setup,
            {symbol: _load(setup, each) for symbol, each in snapshot["symbols"].items()},
            {name: portfolios.load(each) for name, each in snapshot["portfolios"].items()},
            RuleBook(AlertRule.model_validate(rule) for rule in snapshot["rules"]),
            {stream: int(version) for stream, version in snapshot["versions"].items()},
        )
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise SnapshotError(f"not a snapshot of the market: {error!r}") from error


def _dump(state: SymbolState) -> dict[str, Any]:
    return {
        "reading": None if state.reading is None else asdict(state.reading),
        "shift_id": None if state.shift_id is None else state.shift_id.hex,
        "shown": state.shown,
        "last_at_us": None if state.last_at is None else to_micros(state.last_at),
        "last_price": None if state.last_price is None else format_decimal(state.last_price),
        "bar_open": state.bar_open,
        "prices_version": state.prices_version,
        "watch": watch.dump(state.watch),
    }


def _load(setup: MarketSetup, dumped: Mapping[str, Any]) -> SymbolState:
    reading, at_us, price = dumped["reading"], dumped["last_at_us"], dumped["last_price"]
    shift_id, shown = dumped["shift_id"], dumped["shown"]
    return SymbolState(
        setup.detector.load(dumped["detector"]),
        None if reading is None else _load_reading(reading),
        None if shift_id is None else UUID(hex=shift_id),
        None if shown is None else Regime(shown),
        None if at_us is None else from_micros(at_us),
        None if price is None else Decimal(price),
        dumped["bar_open"],
        dumped["prices_version"],
        watch.load(dumped["watch"]),
    )


def _load_reading(dumped: Mapping[str, Any]) -> Reading:
    bull, bear, crash, side = dumped["probabilities"]
    return Reading(
        Regime(dumped["regime"]),
        (bull, bear, crash, side),
        dumped["confidence"],
        dict(dumped["features"]),
        dumped["warming_up"],
    )
