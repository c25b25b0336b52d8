"""How a connection ends whose client asks for too much: an error that says so, then a close code."""

from dataclasses import dataclass
from typing import Final

from app.stream.close_codes import CLOSE_FLOODING, CLOSE_TOO_BIG
from app.stream.protocol import TOO_DEEP, ErrorPayload, Severity

ABUSE_GOODBYE_S_MAX: Final = 2.0
"""How long the error waits for a client that does not read; then it is closed without it."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection, after what was said before."""

    code: int
    reason: str


FLOODING: Final = HangUp(CLOSE_FLOODING, "too many messages")


def hang_ups(answer: ErrorPayload) -> list[HangUp]:
    """What follows an error: nothing mostly, the connection lives on."""
    return [HangUp(CLOSE_TOO_BIG, "too deep")] if answer.code == TOO_DEEP else []


def too_many_messages(per_minute: int) -> ErrorPayload:
    """The answer to one message too many."""
    return ErrorPayload(
        severity=Severity.BUSINESS_LOGIC_ERROR,
        code="too_many_messages",
        message=f"a connection may send {per_minute:,} messages a minute, half of them at once",
        request_msg_id=None,
        details=[],
    )
