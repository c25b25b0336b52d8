"""With which codes a socket ends, and what each means: the one place that has the numbers. Pure.

Clients may come back after 4000 to 4399, and must not after 4400 to 4799.
"""

from collections.abc import Mapping
from typing import Final

from app.stream.deadlines import FIRST_MESSAGE_S_MAX

CLOSE_NORMAL: Final = 1000
CLOSE_GOING_AWAY: Final = 1001
CLOSE_NO_FRAME: Final = 1002
CLOSE_NO_TEXT: Final = 1007
CLOSE_REFUSED: Final = 1008
"""Of a handshake where the server cannot say more; clients see its HTTP status."""

CLOSE_TOO_BIG: Final = 1009
CLOSE_FAULT: Final = 1011
CLOSE_RESTART: Final = 1012
CLOSE_STORE_UNAVAILABLE: Final = 4001
CLOSE_TOO_SLOW: Final = 4008
CLOSE_UNAUTHORISED: Final = 4401
CLOSE_FORBIDDEN: Final = 4403
CLOSE_FIRST_MESSAGE: Final = 4408
CLOSE_FLOODING: Final = 4429

CLOSED_WITHOUT_A_WORD: Final = 1006
"""The close code of a connection that ended without one."""

CLOSE_FINAL: Final = range(4400, 4800)
"""To come again would not help."""

CLOSE_CODES: Final[Mapping[int, str]] = {
    CLOSE_NORMAL: "the client said goodbye",
    CLOSE_GOING_AWAY: "the page was left",
    CLOSE_NO_FRAME: "what came breaks the rules of WebSocket",
    CLOSE_NO_TEXT: "what came is not UTF-8",
    CLOSE_TOO_BIG: "a message was too big, or nested too deep",
    CLOSE_FAULT: "a fault of the server's",
    CLOSE_RESTART: "the server restarts: come back after the time that `shutdown` named",
    CLOSE_STORE_UNAVAILABLE: "the store cannot be read now: come back later",
    CLOSE_TOO_SLOW: "too slow to drain control messages: come back",
    CLOSE_UNAUTHORISED: "the token is missing, wrong, expired or revoked: do not come back with it",
    CLOSE_FORBIDDEN: "the token does not allow what the connection holds: do not come back with it",
    CLOSE_FIRST_MESSAGE: f"no message came within {FIRST_MESSAGE_S_MAX:.0f} s of the handshake",
    CLOSE_FLOODING: "too many messages, or pings: do not come back like this",
}
"""What the server closes with, and what clients usually do."""

_UNTOLD: Final = frozenset({1005, CLOSED_WITHOUT_A_WORD, CLOSE_REFUSED})
"""That no code came, that no goodbye came at all, and a handshake that was refused."""

COUNTED_CODES: Final = frozenset(CLOSE_CODES) | _UNTOLD
"""Those that are counted one by one."""
