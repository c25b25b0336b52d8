"""One example of every message, for the published contract. A test holds each against its model."""

from collections.abc import Mapping
from typing import Any, Final

from app.stream.message_schemas import message_kinds

_REQUEST: Final = "test-001"
_SERVER_ID: Final = "0190c7a2-5f3e-7000-8000-000000000001"
_EVENT_ID: Final = "5b1c1b0e-58a5-5c3e-9f2e-3f1c0f6a2d11"
_EPOCH: Final = "5b72f0d19c1e4a64"
_CLOSE: Final = "2026-01-15T21:00:00.000000Z"
_NOW: Final = "2026-01-16T12:00:00.000000Z"

_EVENTS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "regime_update": (
        "regime:SPX",
        {
            "symbol": "SPX",
            "regime": "BULL",
            "previous_regime": "SIDEWAYS",
            "confidence": 0.82,
            "probabilities": {"BULL": 0.82, "BEAR": 0.05, "CRASH": 0.01, "SIDEWAYS": 0.12},
            "strategy_recommendation": "trend_following",
            "target_exposure": 1.0,
            "features": {"volatility": 0.11, "trend": 0.04},
            "detector": {"name": "online", "version": "1", "constants_hash": "9f2c6e1a"},
            "provisional": False,
            "warming_up": False,
        },
    ),
    "price_alert": (
        "price_alerts:SPX",
        {
            "alert_id": "alert-17",
            "rule_id": "regime_shift",
            "symbol": "SPX",
            "kind": "regime_shift",
            "severity": "info",
            "price": "6940.01",
            "threshold": None,
            "message": "SPX: SIDEWAYS to BULL",
        },
    ),
    "portfolio_update": (
        "portfolio:main",
        {
            "portfolio_id": "main",
            "total_value": "104000.50",
            "cash": "54000.50",
            "exposure": 0.48,
            "pnl": "4000.50",
            "pnl_pct": 0.04,
            "daily_pnl": "120",
            "drawdown_pct": 0.01,
            "benchmark_pnl_pct": None,
            "positions": [
                {
                    "symbol": "SPX",
                    "quantity": "10",
                    "average_price": "4880",
                    "market_price": "5000",
                    "market_value": "50000",
                    "unrealised_pnl": "1200",
                }
            ],
        },
    ),
    "trade_execution": (
        "trades:main",
        {
            "trade_id": "trade-9",
            "portfolio_id": "main",
            "symbol": "SPX",
            "side": "buy",
            "quantity": "10",
            "price": "4880",
            "fees": "1.25",
            "status": "filled",
            "reason": {"regime": "BULL", "confidence": 0.82, "rule": "follow-regime"},
        },
    ),
    "price_update": (
        "prices:SPX",
        {
            "symbol": "SPX",
            "price": "6940.01",
            "open": "6926.6",
            "high": "6951.35",
            "low": "6920.1",
            "volume": "5271000000",
            "bar_s": 86400,
            "corrects": None,
        },
    ),
    "system_notice": (
        "system:synapse",
        {
            "kind": "feed_started",
            "text": "feed sim started: SIM",
            "details": {"feed": "sim", "symbols": ["SIM"]},
        },
    ),
}

_PAYLOADS: Final[Mapping[str, dict[str, Any]]] = {
    "subscribe": {"channels": ["regime"], "user_id": "test"},
    "unsubscribe": {"channels": ["regime"], "symbols": ["SPX"]},
    "ping": {},
    "authenticate": {"token": "TOKEN"},
    "subscription_confirmed": {
        "request_msg_id": _REQUEST,
        "channels": ["regime"],
        "epoch": _EPOCH,
        "head": 19309,
        "resumed": False,
        "protocol_version": 1,
        "schema_hash": "41e0c6f0",
        "heartbeat_s": 15.0,
    },
    "caught_up": {"request_msg_id": _REQUEST, "position": 19309},
    "unsubscribed": {"request_msg_id": _REQUEST, "channels": ["regime"], "symbols": ["SPX"]},
    "pong": {"request_msg_id": _REQUEST},
    "heartbeat": {
        "head": 19309,
        "server_time": _NOW,
        "channels": {"regime": 19309, "prices": 19308},
    },
    "lagging": {"request_msg_id": _REQUEST, "from_position": 19100},
    "shutdown": {"reconnect_after_s": 2.75},
    "error": {
        "severity": "validation_error",
        "code": "invalid_message",
        "message": "the message does not fit its type",
        "request_msg_id": _REQUEST,
        "details": [{"path": "payload.channels", "problem": "Field required"}],
    },
    "replay_start": {
        "channels": ["regime", "prices"],
        "symbols": ["SPX"],
        "after": 0,
        "speed": 86400.0,
    },
    "replay_pause": {},
    "replay_resume": {},
    "replay_seek": {"time": "2008-10-10T21:00:00Z"},
    "replay_speed": {"speed": {"events_per_s": 20.0}},
    "replay_step": {"events": 1},
    "replay_next_shift": {},
    "replay_previous_shift": {},
    "replay_state": {
        "request_msg_id": _REQUEST,
        "status": "playing",
        "clock": "2008-10-10T21:00:00.000000Z",
        "position": 4711,
        "begin": 0,
        "end": 19309,
        "speed": 86400.0,
    },
    "replay_snapshot": {
        "request_msg_id": _REQUEST,
        "position": 4711,
        "state_hash": "3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b",
        "state": {"position": 4711, "symbols": {}},
    },
}


def example_of(name: str) -> dict[str, Any]:
    """A whole message of this type, as it is on the wire.

    Raises:
        KeyError: there is no example of it: add one to the table.
    """
    kind = message_kinds()[name]
    if name in _EVENTS:
        stream, payload = _EVENTS[name]
        place = {"position": 19309, "stream": stream, "version": 4822, "occurred_at": _CLOSE}
        return {
            **_message(_EVENT_ID, name, {"timestamp": _CLOSE, **payload}, "s2c"),
            **place,
            "source": "feed:sim",
        }
    if kind.from_client:
        return _message(_REQUEST, name, _PAYLOADS[name], "c2s")
    return _message(_SERVER_ID, name, _PAYLOADS[name], "s2c")


def _message(msg_id: str, name: str, payload: dict[str, Any], direction: str) -> dict[str, Any]:
    return {
        "msg_id": msg_id,
        "type": name,
        "payload": payload,
        "direction": direction,
        "timestamp": _NOW,
    }
