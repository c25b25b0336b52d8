"""Deterministic event ids for what a tick causes.

A tick's events get their ids from the tick itself, so feeding the same tick twice names the same events,
and the log records them once.
"""

from datetime import datetime
from decimal import Decimal
from hashlib import sha1
from typing import Final
from uuid import UUID

from events.scalars import format_decimal, to_micros

TICK_NAMESPACE: Final = UUID("6f1c2a52-3f0e-5d2b-9a3e-53796e617073")

_NAMED: Final = sha1(TICK_NAMESPACE.bytes, usedforsecurity=False)
_VERSION: Final = 5 << 76
_VARIANT: Final = 2 << 62
_FREE: Final = (1 << 128) - 1 - (0xF << 76) - (3 << 62)


def tick_event_id(feed: str, symbol: str, at: datetime, price: Decimal, rule: str) -> UUID:
    """The id of the event that `rule` makes of one tick of `feed` (RFC 9562, version 5)."""
    name = f"{feed}|{symbol}|{to_micros(at)}|{_shortest(price)}|{rule}"
    return named_id(name)


def named_id(name: str) -> UUID:
    """`uuid5(TICK_NAMESPACE, name)`, in half its time: every event of a tick has one of these."""
    digest = _NAMED.copy()
    digest.update(name.encode())
    bits = int.from_bytes(digest.digest()[:16], "big")
    return UUID(int=bits & _FREE | _VERSION | _VARIANT)


def _shortest(price: Decimal) -> str:
    # Not `normalize`: that rounds to the context's 28 digits, and a price may have 30.
    text = format_decimal(price)
    return text.rstrip("0").rstrip(".") if "." in text else text
