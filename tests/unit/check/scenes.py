"""Small runs to judge: a log of two symbols, and what a subscriber saw of it."""

import json
from decimal import Decimal
from typing import Any

from app.check.history import Connection, Seen, Sent
from app.check.span import Span
from events.scalars import format_time
from tests.simulation.spans import span_of
from tests.unit.events.builders import at, price, recorded, regime
from tests.unit.stream.talk import subscribe

SYMBOLS = ["A", "B"]
ALL = subscribe("prices", "regime", symbols=SYMBOLS, history="all")


def log_of(count: int) -> Span:
    """So many prices, each with its regime, of two symbols in turn."""
    payloads = []
    for number in range(count):
        symbol = SYMBOLS[number % 2]
        payloads += [price(symbol, str(100 + number), number), regime(symbol, number)]
    return span_of(recorded(payloads), "e")


def sent_of(count: int) -> list[Sent]:
    """What a writer sent to make that log, acknowledged."""
    return [
        Sent(
            SYMBOLS[number % 2],
            format_time(at(number)),
            Decimal(100 + number),
            "writer 1",
            acknowledged=True,
            positions=(2 * number + 1, 2 * number + 2),
        )
        for number in range(count)
    ]


def control(kind: str, **payload: Any) -> str:
    """A control message."""
    return json.dumps({"type": kind, "payload": payload})


def confirmed(head_: int, said: str = ALL, **changed: Any) -> str:
    """What a subscribe is answered; with some of it changed, or left out by None."""
    asked = json.loads(said)
    history = asked["payload"].get("history")
    fields = {
        "request_msg_id": asked["msg_id"],
        "channels": asked["payload"]["channels"],
        "epoch": "e",
        "head": head_,
        "resumed": isinstance(history, dict) and "after" in history,
        "protocol_version": 1,
        "schema_hash": "5c",
        "heartbeat_s": 15.0,
    }
    told = {name: value for name, value in (fields | changed).items() if value is not None}
    return control("subscription_confirmed", **told)


def opening(head: int = 0, said: str = ALL) -> list[str]:
    """A confirmation and the end of an empty history."""
    return [confirmed(head, said), control("caught_up", request_msg_id="s1", position=head)]


def seen_of(*connections: Connection, name: str = "fast 1") -> Seen:
    """A subscriber over some connections."""
    return Seen(name, "fast", list(connections))


def whole(texts: list[str]) -> Seen:
    """A subscriber that had all of its events live, on one connection."""
    return seen_of(Connection([ALL], [*opening(), *texts]))


def resumed(texts: list[str], cut: int, after: int, rest: list[str]) -> Seen:
    """A subscriber that was cut off after some events, and went on after a position."""
    again = subscribe("prices", "regime", symbols=SYMBOLS, history={"after": after}, epoch="e")
    return seen_of(
        Connection([ALL], [*opening(), *texts[:cut]]),
        Connection([again], [*opening(after, again), *rest]),
    )
