"""What a server's refusal means, and what its user can do about it. Pure: no text here ever holds a token."""

from collections.abc import Mapping
from typing import Final

import orjson

from app.stream.close_codes import (
    CLOSE_FIRST_MESSAGE,
    CLOSE_FLOODING,
    CLOSE_FORBIDDEN,
    CLOSE_UNAUTHORISED,
)

SEND_ONE: Final = (
    "give a token that is right and may read: --token, or SYNAPSE_TOKEN (in Python token=…)"
)
TOO_LITTLE: Final = "a token that allows more is needed"

HINTS: Final[Mapping[int, str]] = {
    401: SEND_ONE,
    403: TOO_LITTLE,
    421: "its operator can add the name to SYNAPSE_ALLOWED_HOSTS",
    429: "it has as much to do as it takes: try again later, or ask for less at once",
    CLOSE_UNAUTHORISED: f"the token is missing, wrong, expired or revoked: {SEND_ONE}",
    CLOSE_FORBIDDEN: TOO_LITTLE,
    CLOSE_FIRST_MESSAGE: "the network is too slow, or something before the server holds messages back",
    CLOSE_FLOODING: "it takes so much and no more from one client: send less at once",
}
"""By HTTP status or close code; of others the server's own words are all there is."""

SAID_MAX: Final = 500
"""Characters of a server's words that are told."""


def with_hint(code: int, said: str) -> str:
    """What the server said, on one line, and what to do about it."""
    line = " ".join(said.split())[:SAID_MAX]
    hint = HINTS.get(code)
    return line if hint is None else f"{line}; {hint}" if line else hint


def detail_of(body: bytes | bytearray) -> str:
    """What a problem (RFC 9457) says; nothing of another body."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    detail = found.get("detail") if isinstance(found, dict) else None
    return detail if isinstance(detail, str) else ""
