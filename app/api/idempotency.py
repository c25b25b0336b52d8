"""`Idempotency-Key`: how a caller's key becomes one of the log's, for every endpoint that takes one."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Header

from events.envelope import Idempotency
from events.errors import IdempotencyConflict

KEY_MAX: Final = 190
"""Characters in an `Idempotency-Key`, at most: with an `Endpoint` before it, the log keeps 200."""

IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=KEY_MAX)]


class Endpoint(StrEnum):
    """What the log puts before a caller's key: each endpoint has keys of its own.

    At most 10 characters: what `events.envelope.KEY_MAX` leaves beside a key of `KEY_MAX`.
    """

    PRICES = "prices:"
    TRADES = "trades:"
    RULE_SET = "rule-set:"
    RULE_REMOVED = "rule-del:"
    ACKNOWLEDGED = "alert-ack:"


@contextmanager
def keyed(endpoint: Endpoint, key: str | None, request: str) -> Iterator[Idempotency | None]:
    """The idempotency of a request, if the caller sent a key; `request`: what has to be the same again.

    Raises:
        IdempotencyConflict: one that is raised inside, with the key as the caller knows it.
    """
    if key is None:
        yield None
        return
    try:
        yield Idempotency(endpoint + key, hashlib.sha256(request.encode()).digest(), "")
    except IdempotencyConflict:
        raise IdempotencyConflict(key) from None
