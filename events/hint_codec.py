"""Hints to bytes and back, proved by a key that only the nodes of one log have.

A message is one byte of `FORMAT`, 32 bytes of HMAC-SHA256 over that byte and the body, then the body: JSON, the
epoch and the events column by column, in a third of the time that event by event takes. A payload's text travels as a
text, so that it arrives byte for byte as it is stored. A hint without events is the epoch alone.
"""

import hmac
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from events.envelope import RecordedEvent
from events.hints import Hint

HINT_BYTES_MAX: Final = 512 * 1024
"""Bytes of one message, half of what NATS carries by default; a longer batch is told as "look for yourself"."""

FORMAT: Final = 1
"""The layout's number. A node that meets another one refuses the hint, and finds the events by asking."""

_MAC_BYTES: Final = 32
_BODY_AT: Final = 1 + _MAC_BYTES
_FORMAT_BYTE: Final = bytes([FORMAT])
_TEXTS: Final = ("stream", "type", "source", "payload_json")
_NUMBERS: Final = ("position", "version", "schema_version", "occurred_at_us", "recorded_at_us")
_IDS: Final = ("event_id", "correlation_id", "causation_id")
_PLACE: Final = {name: place for place, name in enumerate(RecordedEvent._fields)}
_ENVELOPE_BYTES: Final = 200
"""What the columns beside the payload take at least, for each event."""


class InvalidHint(ValueError):
    """Bytes that are no hint of this log's: of another key, cut, altered, or of another format."""


def encode_hint(
    key: bytes, epoch: str | None, events: Sequence[RecordedEvent], bytes_max: int = HINT_BYTES_MAX
) -> bytes:
    """One message; without the events if it were longer than `bytes_max`."""
    message = b""
    # What is sure to be too long is not encoded first.
    if sum(len(event.payload_json) + _ENVELOPE_BYTES for event in events) <= bytes_max:
        message = _sealed(key, [epoch, *_columns(events)])
    if not message or len(message) > bytes_max:
        message = _sealed(key, [epoch])
    return message


def _columns(events: Sequence[RecordedEvent]) -> list[Any]:
    columns: list[Any] = list(zip(*events, strict=True))
    if columns:
        columns[-1] = b"".join(columns[-1]).hex()
    return columns


def _sealed(key: bytes, content: list[Any]) -> bytes:
    body = orjson.dumps(content)
    return _FORMAT_BYTE + hmac.digest(key, _FORMAT_BYTE + body, "sha256") + body


def decode_hint(key: bytes, message: bytes) -> Hint:
    """What a message tells. That the events continue a log, their hashes must prove still.

    Raises:
        InvalidHint: it is too long or too short, of another format, not of this key, or no hint.
    """
    if not _BODY_AT < len(message) <= HINT_BYTES_MAX:
        raise InvalidHint(f"a hint has no {len(message)} bytes")
    if message[0] != FORMAT:
        raise InvalidHint(f"a hint of format {message[0]}, not {FORMAT}")
    body = message[_BODY_AT:]
    if not hmac.compare_digest(
        hmac.digest(key, _FORMAT_BYTE + body, "sha256"), message[1:_BODY_AT]
    ):
        raise InvalidHint("a hint of another key, or altered")
    try:
        return _hint(orjson.loads(body))
    except (ValueError, TypeError) as error:
        # Only who has the key comes this far: a program that was changed without its format's number.
        raise InvalidHint(f"a hint that cannot be read: {error}") from error


def _hint(content: Any) -> Hint:
    if not isinstance(content, list) or not content:
        raise ValueError("it is no list")
    epoch, *columns = content
    if not (epoch is None or isinstance(epoch, str)):
        raise ValueError("its epoch is no text")
    return Hint(epoch, _events(columns) if columns else ())


def _events(columns: list[Any]) -> list[RecordedEvent]:
    if len(columns) != len(_PLACE):
        raise ValueError(f"it has {len(columns)} columns")
    count = len(columns[0])
    for name in _NUMBERS:
        _check_numbers(columns[_PLACE[name]], 1 if name == "position" else -(2**63))
    for name in _TEXTS:
        _check_types(columns[_PLACE[name]], {str})
    for name in _IDS:
        place = _PLACE[name]
        optional = name == "causation_id"
        _check_types(columns[place], {str, type(None)} if optional else {str})
        # Few differ: an event's own id is most often its correlation id too.
        known = {text: None if text is None else UUID(text) for text in set(columns[place])}
        columns[place] = [known[text] for text in columns[place]]
    hashes = bytes.fromhex(columns[-1])
    if len(hashes) != 32 * count:
        raise ValueError("its hashes are not one an event")
    columns[-1] = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
    return [RecordedEvent._make(row) for row in zip(*columns, strict=True)]


def _check_numbers(column: Any, least: int) -> None:
    _check_types(column, {int})
    if not (least <= min(column) and max(column) < 2**63):
        raise ValueError("a number is out of its range")


def _check_types(column: Any, types: set[type]) -> None:
    if not isinstance(column, list) or not column or not set(map(type, column)) <= types:
        raise ValueError("a column holds what it must not")
