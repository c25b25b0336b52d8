"""How long a client may take, and how much it may say, before it has said what it wants."""

from dataclasses import dataclass, field
from typing import Final

from app.stream.crowd import SOCKETS_MAX, SOCKETS_PER_CLIENT_MAX, Crowd

HEADER_S_MAX: Final = 10.0
"""A connection on which no request's headers are whole so long after it was opened, or, between two requests,
after the next one's first byte: 408 and closed; without a word where nothing came."""

BODY_S_MAX: Final = 10.0
"""A request's body may take so long, and a second more for every `BODY_BYTES_PER_S_MIN` that came: then 408."""

BODY_TOTAL_S_MAX: Final = 60.0
"""A request's body may take so long in all, however steadily it comes: then 408."""

BODY_BYTES_PER_S_MIN: Final = 4_096
"""How fast a body must come in the long run, in bytes a second."""

FIRST_MESSAGE_S_MAX: Final = 10.0
"""A socket on which no message came so long after its handshake is closed with 4408."""

HEADERS_MAX: Final = 100
"""Headers of one request; one more is answered with 431."""

HEAD_BYTES_MAX: Final = 65_536
"""Bytes of a request's line and headers together; more are answered with 431."""

KEEP_ALIVE_S: Final = 5
"""How long a connection is kept for the next request after an answer."""

LINGER_S: Final = 2.0
"""How long what a refused client still sends is read and thrown away, so that the refusal reaches it."""

UNTAKEN_S_MAX: Final = 300.0
"""A client that takes not one byte more of an answer that is still being made is cut off after so long: a
download may wait for a disk, or for somebody who answers a question."""

UNTAKEN_REST_S_MAX: Final = 60.0
"""The same once the answer has been made, and only its rest waits."""

PINGS_PER_MINUTE_MAX: Final = 600
"""WebSocket pings and pongs of one client within a minute; one more closes its connection with 4429."""

FRAGMENTS_MAX: Final = 1_024
"""Frames that one message may come in; one more closes the connection with 1009."""

SLICE_BYTES: Final = 512
"""Bytes of one socket taken apart at once; then everybody else has a turn. Tiny frames cost 10 us each."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The times among these limits, in seconds; a test shortens them."""

    header_s: float = HEADER_S_MAX
    body_s: float = BODY_S_MAX
    body_total_s: float = BODY_TOTAL_S_MAX
    body_bytes_per_s: float = BODY_BYTES_PER_S_MIN
    first_message_s: float = FIRST_MESSAGE_S_MAX
    untaken_s: float = UNTAKEN_S_MAX
    untaken_rest_s: float = UNTAKEN_REST_S_MAX


def _everyone() -> Crowd:
    return Crowd(SOCKETS_MAX, SOCKETS_PER_CLIENT_MAX)


@dataclass(frozen=True, slots=True)
class Guard:
    """What the connections of one server are watched by.

    Attributes:
        deadlines: how long each may take.
        sockets: who has a TCP connection.
    """

    deadlines: Deadlines = field(default_factory=Deadlines)
    sockets: Crowd = field(default_factory=_everyone)
