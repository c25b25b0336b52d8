"""Payloads and new events as short as they can be said: what a test does not say gets a plain value."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ValidationError

from events.catalog import CATALOG, Payload, Regime
from events.clock import uuid7
from events.envelope import NewEvent
from events.testing.errors import BadExpectation
from events.testing.expectation import Expectation
from events.testing.matchers import Matcher
from events.testing.seen import seen
from events.testing.values import coerced

PLAIN_TIME: Final = datetime(2026, 1, 16, 21, tzinfo=UTC)
"""The market time of an event of which none is said."""

_PLAIN: Final[Mapping[str, Mapping[str, Any]]] = {
    "regime_update": {
        "symbol": "TEST",
        "regime": "SIDEWAYS",
        "previous_regime": None,
        "confidence": 0.7,
        "features": {},
        "detector": {"name": "example", "version": "1", "constants_hash": "0"},
        "provisional": False,
        "warming_up": False,
    },
    "price_alert": {
        "alert_id": "alert-1",
        "rule_id": "rule-1",
        "symbol": "TEST",
        "kind": "price_above",
        "severity": "info",
        "price": "100",
        "threshold": None,
        "message": "an example",
    },
    "portfolio_update": {
        "portfolio_id": "test",
        "total_value": "1000",
        "cash": "1000",
        "exposure": 0.0,
        "pnl": "0",
        "pnl_pct": 0.0,
        "daily_pnl": "0",
        "drawdown_pct": 0.0,
        "benchmark_pnl_pct": None,
        "positions": (),
    },
    "trade_execution": {
        "trade_id": "trade-1",
        "portfolio_id": "test",
        "symbol": "TEST",
        "side": "buy",
        "quantity": "1",
        "price": "100",
        "fees": "0",
        "status": "filled",
        "reason": None,
    },
    "price_update": {
        "symbol": "TEST",
        "price": "100",
        "open": None,
        "high": None,
        "low": None,
        "volume": None,
        "bar_s": None,
        "corrects": None,
    },
    "system_notice": {"kind": "correction", "text": "an example", "details": {}},
}
_OWN: Final = frozenset({"source", "event_id"})
_ADVICE: Final = {
    Regime.BULL: ("trend_following", 1.0),
    Regime.BEAR: ("defensive", 0.0),
    Regime.CRASH: ("capital_preservation", 0.0),
    Regime.SIDEWAYS: ("range_trading", 0.5),
}


def example(said: Expectation) -> Payload:
    """The payload that an expectation without matchers stands for.

    Raises:
        BadExpectation: it is of a type of the user's own, holds a matcher, says what only a log can, or its
            fields make no payload.
    """
    if said.type is None or said.type not in CATALOG:
        raise BadExpectation(f"{said!r} says no type of the catalogue: hand in the payload itself")
    for name, value in said.envelope.items():
        if name not in _OWN or isinstance(value, Matcher):
            raise BadExpectation(
                f"{said!r} stands for an event here: of its envelope only source and event_id can be"
                " said, as values; the log gives the rest, and append(…, caused_by=…) the cause"
            )
    model = CATALOG[said.type].model
    fields = {"timestamp": PLAIN_TIME, **_PLAIN[said.type], **said.fields}
    if said.type == "regime_update":
        fields = {**_consistent(fields), **said.fields}
    try:
        return model.model_validate(
            {k: _value(said, k, v) for k, v in fields.items()}, strict=False
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BadExpectation(f"{said!r} makes no {said.type}: {place}: {first['msg']}") from None


def _consistent(fields: dict[str, Any]) -> dict[str, Any]:
    """A regime's other figures, as its name and confidence make them likely."""
    if isinstance(fields["regime"], Matcher) or isinstance(fields["confidence"], Matcher):
        return fields
    regime, confidence = coerced(fields["regime"], Regime), float(fields["confidence"])
    strategy, exposure = _ADVICE[regime]
    rest = (1 - confidence) / (len(Regime) - 1)
    odds = {one: confidence if one is regime else rest for one in Regime}
    more = {"probabilities": odds, "strategy_recommendation": strategy, "target_exposure": exposure}
    return {**fields, **more}


def _value(said: Expectation, name: str, value: Any) -> Any:
    if isinstance(value, Matcher):
        raise BadExpectation(
            f"{said!r} stands for an event here: {name} needs a value, not {value!r}"
        )
    if isinstance(value, Mapping):
        return {key: _value(said, name, one) for key, one in value.items()}
    kind = CATALOG[said.type or ""].model.model_fields[name].annotation
    if kind is Decimal or (isinstance(value, int | float) and "Decimal" in str(kind)):
        return coerced(value, Decimal)
    if isinstance(value, date | str) and kind is datetime:
        return _moment(coerced(value, datetime))
    return value


def _moment(value: datetime | date) -> datetime:
    """A bare date stands for its usual close."""
    return value if isinstance(value, datetime) else datetime.combine(value, time(21), UTC)


def new_event(thing: Any, source: str = "api", cause: Any = None) -> NewEvent:
    """A new event of a payload, an expectation, or anything that holds both a payload and ids.

    Args:
        thing: what to record; ids and source of its own are kept.
        source: where it comes from, unless it says so itself.
        cause: the event that directly caused it.

    Raises:
        BadExpectation: it is none of these.
        InvalidEvent: its type is not in the catalogue, or it has no such source.
    """
    if isinstance(thing, NewEvent) and cause is None:
        return thing
    one = seen(example(thing)) if isinstance(thing, Expectation) else seen(thing)
    if isinstance(thing, Expectation):
        source = thing.envelope.get("source", source)
    if not isinstance(one.payload, Payload):
        raise BadExpectation(f"{one.payload!r} is no payload of the catalogue")
    correlation, causation = one.correlation_id, one.causation_id
    if cause is not None:
        parent = seen(cause)
        if parent.event_id is None:
            raise BadExpectation(f"{cause!r} has no id: caused_by= is an event that is recorded")
        correlation, causation = parent.correlation_id or parent.event_id, parent.event_id
    return NewEvent(
        payload=one.payload,
        event_id=one.event_id or _id_of(thing) or uuid7(),
        source=one.source or source,
        correlation_id=correlation,
        causation_id=causation,
    )


def _id_of(thing: Any) -> UUID | None:
    given = thing.envelope.get("event_id") if isinstance(thing, Expectation) else None
    return None if given is None else coerced(given, UUID)


def payload_of(thing: Any) -> Any:
    """The payload of anything that stands for an event; the thing itself where it is one."""
    if isinstance(thing, Expectation):
        return example(thing)
    if isinstance(thing, BaseModel):
        return thing
    return seen(thing).payload
