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
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from events.errors import BrokenChain, PositionGap

if TYPE_CHECKING:  # a process that only proves rows need not load what events are made of
    from events.envelope import RecordedEvent

GENESIS: Final = bytes(32)
NIL_ID: Final = bytes(16)
"""What is hashed for a missing causation_id."""

_FIXED: Final = ">32s5q16s16s16s"
_pack_fixed: Final = struct.Struct(_FIXED).pack
_pack_length: Final = struct.Struct(">I").pack
_pack_lease: Final = struct.Struct(">2q").pack
_sha256: Final = hashlib.sha256


def names_part(stream: str, type_name: str, source: str) -> bytes:
    """The hashed bytes of an event's three short texts; few differ in a log, so callers remember them."""
    return b"".join(_with_length(text.encode()) for text in (stream, type_name, source))


def hash_row(
    previous: bytes,
    numbers: tuple[int, int, int, int, int],
    ids: tuple[bytes, bytes, bytes | None],
    names: bytes,
    payload: str,
) -> bytes:
    """The hash of one stored event, 32 bytes; the one place that knows how the bytes are laid out.

    Args:
        previous: the hash before it, 32 bytes.
        numbers: position, version, schema_version, occurred_at and recorded_at.
        ids: event_id, correlation_id and causation_id, 16 bytes each; other lengths are not noticed.
        names: `names_part` of its stream, type and source.
        payload: the stored text.

    Raises:
        struct.error, TypeError, AttributeError: a value is not of its column's type or range.
    """
    text = payload.encode()
    event_id, correlation_id, causation_id = ids
    fixed = _pack_fixed(previous, *numbers, event_id, correlation_id, causation_id or NIL_ID)
    return _sha256(fixed + names + _pack_length(len(text)) + text).digest()


def packer(names: bytes) -> Callable[..., bytes]:
    """Lays out what stands before the payloads of events of one `names_part`, in one call an event.

    SHA-256 of what it gives and the payload's UTF-8 bytes is `hash_row`, in half the time. It takes, in this
    order, the hash before, position, version, schema_version, occurred_at, recorded_at, event_id,
    correlation_id, causation_id (or `NIL_ID`), `names`, and the number of the payload's bytes; it raises as
    `hash_row` does.
    """
    return struct.Struct(f"{_FIXED}{len(names)}sI").pack


def hash_answer(
    key: str, fingerprint: bytes, answer: str, positions: str, recorded_at_us: int
) -> bytes:
    """What proves a stored answer to an idempotency key, 32 bytes: it stands beside the chain, not in it.

    Raises:
        struct.error, TypeError, AttributeError: a value is not of its column's type or range.
    """
    parts = (key.encode(), fingerprint, answer.encode(), positions.encode())
    hashed = b"".join(map(_with_length, parts)) + recorded_at_us.to_bytes(8, "big", signed=True)
    return _sha256(hashed).digest()


def hash_lease(name: str, holder: str, fence: int, expires_at_us: int) -> bytes:
    """What proves a stored lease, 32 bytes; it stands beside the chain as well, and raises likewise."""
    texts = b"".join(_with_length(text.encode()) for text in (name, holder))
    return _sha256(texts + _pack_lease(fence, expires_at_us)).digest()


def hash_home(place: str, hint_key: bytes) -> bytes:
    """What proves the row that says where the log lives, 32 bytes; beside the chain as well, and raises likewise."""
    return _sha256(_with_length(place.encode()) + _with_length(hint_key)).digest()


def _with_length(encoded: bytes) -> bytes:
    return _pack_length(len(encoded)) + encoded


def link(previous: bytes, event: "RecordedEvent") -> bytes:
    """The hash of `event` (its `hash` field is not read), 32 bytes, after an event hashed `previous`."""
    causation_id = event.causation_id
    return hash_row(
        previous,
        (
            event.position,
            event.version,
            event.schema_version,
            event.occurred_at_us,
            event.recorded_at_us,
        ),
        (
            event.event_id.bytes,
            event.correlation_id.bytes,
            causation_id.bytes if causation_id else None,
        ),
        names_part(event.stream, event.type, event.source),
        event.payload_json,
    )


def check_chain(
    previous: bytes, after: int, events: "Iterable[RecordedEvent]"
) -> tuple[bytes, int]:
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
