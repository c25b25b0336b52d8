"""The hash chain: each event's hash covers the event and the hash before it.

`hash = SHA-256(previous hash || fixed columns || length-prefixed texts)`, where

- the previous hash is 32 bytes, all zero before the first event;
- the fixed columns are position, version, schema_version, occurred_at, recorded_at as signed 64-bit
  big-endian integers (times in microseconds since 1970), then event_id, correlation_id and causation_id
  as 16 bytes each (a missing causation_id is 16 zero bytes);
- the texts are stream, type, source and payload, each as a 32-bit big-endian length and its UTF-8 bytes.

Whoever changes one byte of one event has to change every hash after it.
"""

import hashlib
import struct
from collections.abc import Iterable
from typing import Final

from events.envelope import RecordedEvent
from events.errors import BrokenChain, PositionGap

GENESIS: Final = bytes(32)
_FIXED: Final = struct.Struct(">32s5q16s16s16s")
_LENGTH: Final = struct.Struct(">I")
_NIL: Final = bytes(16)


def link(previous: bytes, event: RecordedEvent) -> bytes:
    """The hash of `event` (its `hash` field is not read), 32 bytes, after an event hashed `previous`."""
    fixed = _FIXED.pack(
        previous,
        event.position,
        event.version,
        event.schema_version,
        event.occurred_at_us,
        event.recorded_at_us,
        event.event_id.bytes,
        event.correlation_id.bytes,
        event.causation_id.bytes if event.causation_id else _NIL,
    )
    parts = [fixed]
    for text in (event.stream, event.type, event.source, event.payload_json):
        encoded = text.encode()
        parts.append(_LENGTH.pack(len(encoded)))
        parts.append(encoded)
    return hashlib.sha256(b"".join(parts)).digest()


def check_chain(previous: bytes, after: int, events: Iterable[RecordedEvent]) -> tuple[bytes, int]:
    """Prove that `events` follow densely and unaltered on position `after`, whose hash is `previous`.

    Returns:
        The last hash and position, to go on from.

    Raises:
        PositionGap: where a position is missing, doubled or out of order.
        BrokenChain: at the first event whose hash does not follow.
    """
    for event in events:
        if event.position != after + 1:
            raise PositionGap("log", after + 1, event.position)
        if link(previous, event) != event.hash:
            raise BrokenChain(event.position)
        previous, after = event.hash, event.position
    return previous, after
