"""The public state: a projection of what was broadcast. Reading it never runs a detector.

The folded state is JSON-able, so it can be saved as it is; `present` makes of it what clients see.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import orjson

from app.market.persona import Persona
from events.catalog import NoticeKind, Regime
from events.envelope import RecordedEvent

KEPT: Final = 50
"""How many of the newest alerts and trades the state keeps."""

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


def initial() -> PublicState:
    """The state of an empty log."""
    return {"symbols": {}, "portfolios": {}, "alerts": [], "trades": [], "alert_rules": {}}


def apply(state: PublicState, event: RecordedEvent) -> PublicState:
    """The state after `event`. It may be the same dict, changed: the caller gives up the old one.

    Events of unknown types are ignored.
    """
    fold = _FOLDS.get(event.type)
    if fold is not None:
        fold(state, event, orjson.loads(event.payload_json))
    return state


def present(state: PublicState, persona: Persona) -> dict[str, Any]:
    """What clients see: `symbols`, `portfolios`, `alerts` and `trades` (oldest first), `alert_rules`.

    Each symbol gets its `vibe` and its `persona` (`name`, `message`, `look`), null while no regime is
    known. The result shares values with `state`: encode it before the next `apply`.
    """
    symbols = state["symbols"]
    return {
        "symbols": {name: _present(symbols[name], persona) for name in sorted(symbols)},
        "portfolios": state["portfolios"],
        "alerts": state["alerts"],
        "trades": state["trades"],
        "alert_rules": list(state["alert_rules"].values()),
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


def _regime(state: PublicState, event: RecordedEvent, payload: dict[str, Any]) -> None:
    entry = _symbol(state, payload["symbol"])
    final = not payload["provisional"]
    if entry["final"] and not final:
        return
    if entry["regime"] != payload["regime"] or (final and not entry["final"]):
        entry["since"] = payload["timestamp"]
    for key in _SHOWN_OF_REGIME:
        entry[key] = payload[key]
    entry["source"] = event.source
    entry["final"] = final


def _price(state: PublicState, event: RecordedEvent, payload: dict[str, Any]) -> None:
    entry = _symbol(state, payload["symbol"])
    newest = entry["price_at_us"]
    if newest is None or event.occurred_at_us >= newest:
        entry["price"] = payload["price"]
        entry["price_at_us"] = event.occurred_at_us


def _alert(state: PublicState, _event: RecordedEvent, payload: dict[str, Any]) -> None:
    payload["acknowledged"] = False
    _keep(state["alerts"], payload)


def _trade(state: PublicState, _event: RecordedEvent, payload: dict[str, Any]) -> None:
    _keep(state["trades"], payload)


def _portfolio(state: PublicState, _event: RecordedEvent, payload: dict[str, Any]) -> None:
    state["portfolios"][payload["portfolio_id"]] = payload


def _notice(state: PublicState, _event: RecordedEvent, payload: dict[str, Any]) -> None:
    kind, details = payload["kind"], payload["details"]
    rules: dict[str, Any] = state["alert_rules"]
    if kind == NoticeKind.ALERT_RULE_SET and "rule_id" in details:
        rules[str(details["rule_id"])] = details
    elif kind == NoticeKind.ALERT_RULE_REMOVED:
        rules.pop(str(details.get("rule_id")), None)
    elif kind == NoticeKind.ALERT_ACKNOWLEDGED:
        for alert in state["alerts"]:
            if alert["alert_id"] == details.get("alert_id"):
                alert["acknowledged"] = True


def _keep(newest: list[dict[str, Any]], payload: dict[str, Any]) -> None:
    newest.append(payload)
    if len(newest) > KEPT:
        del newest[0]


_FOLDS: Final[Mapping[str, Callable[[PublicState, RecordedEvent, dict[str, Any]], None]]] = {
    "regime_update": _regime,
    "price_update": _price,
    "price_alert": _alert,
    "trade_execution": _trade,
    "portfolio_update": _portfolio,
    "system_notice": _notice,
}
