"""`MarketState` as JSON-able values and back, bit for bit: a saved fold, to start from."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from app.market.detector.anchored import ANCHORED
from app.market.detector.base import Reading
from app.market.state import MarketState, SymbolState
from events.catalog import Regime
from events.scalars import format_decimal, from_micros, to_micros


class SnapshotError(ValueError):
    """A snapshot that this detector did not make: fold the log from its start instead."""


def to_snapshot(state: MarketState) -> dict[str, Any]:
    """The state as JSON-able values, stamped with the detector that made it."""
    return {
        "detector": _stamp(),
        "symbols": {symbol: _dump(each) for symbol, each in state.symbols.items()},
    }


def from_snapshot(snapshot: Mapping[str, Any]) -> MarketState:
    """The state that `to_snapshot` wrote: `from_snapshot(to_snapshot(s)) == s`.

    Raises:
        SnapshotError: when another detector, another version or other constants made it, or when it
            is no snapshot at all.
    """
    if snapshot.get("detector") != _stamp():
        raise SnapshotError(f"made by {snapshot.get('detector')}, not by {_stamp()}")
    try:
        return MarketState({symbol: _load(each) for symbol, each in snapshot["symbols"].items()})
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise SnapshotError(f"not a snapshot of the market: {error!r}") from error


def _stamp() -> dict[str, str]:
    return {
        "name": ANCHORED.name,
        "version": ANCHORED.version,
        "constants_hash": ANCHORED.constants_hash,
    }


def _dump(state: SymbolState) -> dict[str, Any]:
    return {
        "detector": ANCHORED.dump(state.detector),
        "reading": None if state.reading is None else asdict(state.reading),
        "last_at_us": None if state.last_at is None else to_micros(state.last_at),
        "last_price": None if state.last_price is None else format_decimal(state.last_price),
        "bar_open": state.bar_open,
        "prices_version": state.prices_version,
    }


def _load(dumped: Mapping[str, Any]) -> SymbolState:
    reading, at_us, price = dumped["reading"], dumped["last_at_us"], dumped["last_price"]
    return SymbolState(
        ANCHORED.load(dumped["detector"]),
        None if reading is None else _load_reading(reading),
        None if at_us is None else from_micros(at_us),
        None if price is None else Decimal(price),
        dumped["bar_open"],
        dumped["prices_version"],
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
