"""The public state: a projection of what was broadcast. Reading it never runs a detector.

The module is a `Projection[PublicState]`. The folded state is JSON-able, so it can be saved as it is;
`present` makes of it what clients see. Folds of single streams are put together by `merge`, which gives what
one fold of all their events in market order gives: so a moment of market time is folded stream by stream.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from typing import Any, Final, TypeAlias

from app.market.persona import Persona
from app.market.state import MANUAL
from events.catalog import Channel, NoticeKind, Regime
from events.codec import payload_fields
from events.envelope import ReadableEvent
from events.projection import schema_of

KEPT: Final = 50
"""How many of the newest alerts and trades the state keeps."""

ACKNOWLEDGEMENTS_KEPT: Final = 10_000
"""How many of the newest acknowledgements a fold remembers, for alerts of streams folded apart from them."""

PublicState: TypeAlias = dict[str, Any]

_SHOWN_OF_REGIME: Final = (
    "regime",
    "confidence",
    "probabilities",
    "strategy_recommendation",
    "target_exposure",
    "features",
    "detector",
    "warming_up",
)
_UNKNOWN_SYMBOL: Final = {
    **dict.fromkeys(_SHOWN_OF_REGIME),
    "since": None,
    "source": None,
    "price": None,
    "price_at_us": None,
    "final": False,
}
_INTERNAL: Final = frozenset({"price_at_us", "final"})
_PRICE_KEYS: Final = ("price", "price_at_us")


def initial() -> PublicState:
    """The state of an empty log."""
    return {
        "symbols": {},
        "portfolios": {},
        "alerts": [],
        "trades": [],
        "alert_rules": {},
        "acknowledged": {},
    }


def apply(state: PublicState, event: ReadableEvent) -> PublicState:
    """The state after `event`. It may be the same dict, changed: the caller gives up the old one.

    Events of unknown types are ignored.
    """
    fold = _FOLDS.get(event.type)
    if fold is not None:
        fold(state, event, payload_fields(event))
    return state


def dump(state: PublicState) -> PublicState:
    """The state as JSON-able values: it is made of nothing else."""
    return state


def load(dumped: Any) -> PublicState:
    """The state that `dump` wrote.

    Raises:
        ValueError: when it is none.
    """
    if not isinstance(dumped, dict) or dumped.keys() != initial().keys():
        raise ValueError("not a public state")
    return dumped


def merge(parts: Iterable[PublicState]) -> PublicState:
    """One state of folds of single streams, each in market order; the parts are given up.

    It is what folding all their events in the order (market time, position) gives.
    """
    parts = list(parts)
    merged = initial()
    for part in parts:
        for name, entry in part["symbols"].items():
            _merge_symbol(_symbol(merged, name), entry)
        for key in ("portfolios", "alert_rules", "acknowledged"):
            merged[key].update(part[key])
    for key in ("alerts", "trades"):
        # Each entry begins with its market time and its position, which no other has.
        merged[key] = sorted(chain.from_iterable(part[key] for part in parts))[-KEPT:]
    _acknowledge(merged)
    return merged


def _merge_symbol(merged: dict[str, Any], entry: Mapping[str, Any]) -> None:
    # Prices and regimes of a symbol are two streams: each part knows one of them.
    if entry["price_at_us"] is not None:
        merged.update({key: entry[key] for key in _PRICE_KEYS})
    if entry["regime"] is not None:
        merged.update({key: value for key, value in entry.items() if key not in _PRICE_KEYS})


def _acknowledge(state: PublicState) -> None:
    acknowledged = state["acknowledged"]
    for at_us, position, alert in state["alerts"]:
        place = acknowledged.get(alert["alert_id"])
        if place is not None and [at_us, position] < place:
            alert["acknowledged"] = True


def visible(state: PublicState, channels: Collection[Channel]) -> PublicState:
    """The state as if nothing had been recorded in other channels; `state` stays as it is.

    It may share values with `state`: it is for showing, not for folding on.
    """
    shown = initial()
    for name, entry in state["symbols"].items():
        part = dict(_UNKNOWN_SYMBOL)
        if Channel.PRICES in channels:
            part.update({key: entry[key] for key in _PRICE_KEYS})
        if Channel.REGIME in channels:
            part.update({key: value for key, value in entry.items() if key not in _PRICE_KEYS})
        if part != _UNKNOWN_SYMBOL:
            shown["symbols"][name] = part
    if Channel.PORTFOLIO in channels:
        shown["portfolios"] = state["portfolios"]
    if Channel.TRADES in channels:
        shown["trades"] = state["trades"]
    if Channel.SYSTEM in channels:
        shown["alert_rules"] = state["alert_rules"]
    if Channel.PRICE_ALERTS in channels:
        # That one was acknowledged is told by a notice.
        hidden = {} if Channel.SYSTEM in channels else {"acknowledged": False}
        shown["alerts"] = [[*place, {**alert, **hidden}] for *place, alert in state["alerts"]]
    return shown


def present(
    state: PublicState, persona: Persona, built_in: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """What clients see: `symbols`, `portfolios`, `alerts` and `trades` (oldest first), `alert_rules`.

    The rules are those that are `built_in`, by id, and on top of them what events set and removed.

    Each symbol gets its `vibe` and its `persona` (`name`, `message`, `look`), null while no regime is
    known. The result shares values with `state`, of which `apply` changes none in place.
    """
    symbols = state["symbols"]
    return {
        "symbols": {name: _present(symbols[name], persona) for name in sorted(symbols)},
        "portfolios": dict(sorted(state["portfolios"].items())),
        "alerts": [dict(alert) for _at_us, _position, alert in state["alerts"]],
        "trades": [trade for _at_us, _position, trade in state["trades"]],
        "alert_rules": [rule for rule in {**built_in, **state["alert_rules"]}.values() if rule],
    }


def _present(entry: Mapping[str, Any], persona: Persona) -> dict[str, Any]:
    shown = {key: value for key, value in entry.items() if key not in _INTERNAL}
    regime = entry["regime"]
    line = None if regime is None else persona.lines[Regime(regime)]
    shown["vibe"] = line and line.vibe
    shown["persona"] = line and {
        "name": persona.name,
        "message": line.message,
        "look": line.look,
    }
    return shown


def _symbol(state: PublicState, symbol: str) -> dict[str, Any]:
    symbols: dict[str, dict[str, Any]] = state["symbols"]
    entry = symbols.get(symbol)
    if entry is None:
        entry = symbols[symbol] = dict(_UNKNOWN_SYMBOL)
    return entry


def _regime(state: PublicState, event: ReadableEvent, payload: dict[str, Any]) -> None:
    entry = _symbol(state, payload["symbol"])
    final = not payload["provisional"]
    # A hand-made one lasts until the next update, whatever that is.
    if entry["final"] and not final and entry["source"] != MANUAL:
        return
    if entry["regime"] != payload["regime"] or (final and not entry["final"]):
        entry["since"] = payload["timestamp"]
    for key in _SHOWN_OF_REGIME:
        entry[key] = payload[key]
    entry["source"] = event.source
    entry["final"] = final


def _price(state: PublicState, event: ReadableEvent, payload: dict[str, Any]) -> None:
    entry = _symbol(state, payload["symbol"])
    newest = entry["price_at_us"]
    if newest is None or event.occurred_at_us >= newest:
        entry["price"] = payload["price"]
        entry["price_at_us"] = event.occurred_at_us


def _alert(state: PublicState, event: ReadableEvent, payload: dict[str, Any]) -> None:
    payload["acknowledged"] = False
    _keep(state["alerts"], event, payload)


def _trade(state: PublicState, event: ReadableEvent, payload: dict[str, Any]) -> None:
    payload["source"] = event.source
    _keep(state["trades"], event, payload)


def _portfolio(state: PublicState, event: ReadableEvent, payload: dict[str, Any]) -> None:
    payload["source"] = event.source
    state["portfolios"][payload["portfolio_id"]] = payload


def _notice(state: PublicState, event: ReadableEvent, payload: dict[str, Any]) -> None:
    kind, details = payload["kind"], payload["details"]
    rules: dict[str, Any] = state["alert_rules"]
    if kind == NoticeKind.ALERT_RULE_SET and "rule_id" in details:
        rules[str(details["rule_id"])] = details
    elif kind == NoticeKind.ALERT_RULE_REMOVED:
        # Remembered, for the rule may be one that is built in.
        rules[str(details.get("rule_id"))] = None
    elif kind == NoticeKind.ALERT_ACKNOWLEDGED and isinstance(details.get("alert_id"), str):
        newest: dict[str, list[int]] = state["acknowledged"]
        newest.pop(details["alert_id"], None)
        newest[details["alert_id"]] = [event.occurred_at_us, event.position]
        if len(newest) > ACKNOWLEDGEMENTS_KEPT:
            del newest[next(iter(newest))]
        for _at_us, _position, alert in state["alerts"]:
            if alert["alert_id"] == details["alert_id"]:
                alert["acknowledged"] = True


def _keep(newest: list[list[Any]], event: ReadableEvent, payload: dict[str, Any]) -> None:
    newest.append([event.occurred_at_us, event.position, payload])
    if len(newest) > KEPT:
        del newest[0]


_FOLDS: Final[Mapping[str, Callable[[PublicState, ReadableEvent, dict[str, Any]], None]]] = {
    "regime_update": _regime,
    "price_update": _price,
    "price_alert": _alert,
    "trade_execution": _trade,
    "portfolio_update": _portfolio,
    "system_notice": _notice,
}

name: Final = "public_state"
handles: Final = frozenset(_FOLDS)
schema: Final = schema_of("3", handles)
