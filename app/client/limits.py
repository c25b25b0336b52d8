"""How patient the client is: every number that it waits or counts by. Pure."""

from dataclasses import dataclass
from typing import Final

from app.stream.close_codes import CLOSE_FINAL, CLOSE_TOO_BIG

MESSAGE_BYTES_MAX: Final = 16 * 2**20
"""A longer message of the server's ends the subscription with `Refused` (code 1009)."""

SILENT_HEARTBEATS: Final = 2.5
"""A connection on which nothing came for this many heartbeats is dead."""

RECONNECT_ASKED_S_MAX: Final = 300.0
"""A server that goes away is believed up to here when it says when to come back."""

HTTP_PASSING: Final = frozenset({408, 425, 429})
"""HTTP statuses below 500 that may be gone at the next attempt."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The client's limits; the defaults suit a person's program.

    Attributes:
        backoff_s_min, backoff_s_max: between two attempts to connect: the first, doubled with every
            failure up to the second; of that a random part between half and all.
        attempts_max: attempts in a row that may fail before `Unreachable`; None for any number.
        opening_s_max: how long opening, and the first answer, may take.
        closing_s_max: how long saying goodbye may take.
        silence_s_min: a connection is never called dead for less silence than this.
        waiting_max: messages that may wait in memory for the consumer; then the socket is not read.
    """

    backoff_s_min: float = 0.5
    backoff_s_max: float = 15.0
    attempts_max: int | None = None
    opening_s_max: float = 10.0
    closing_s_max: float = 1.0
    silence_s_min: float = 5.0
    waiting_max: int = 256


def backoff_s(attempt: int, limits: Limits, random: float) -> float:
    """How long to wait before an attempt (0, 1, 2, …); `random` in [0, 1) spreads the clients out."""
    ceiling = min(limits.backoff_s_max, limits.backoff_s_min * 2.0 ** min(attempt, 30))
    return ceiling * (0.5 + random / 2)


def is_final_close(code: int) -> bool:
    """Whether a close code says that to come again would not help."""
    return code in CLOSE_FINAL or code == CLOSE_TOO_BIG


def is_final_status(status: int) -> bool:
    """Whether an HTTP status in answer to the handshake says so."""
    return status < 500 and status not in HTTP_PASSING
