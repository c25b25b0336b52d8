"""The walk along the stored rows: chain, density, versions, times. No SQL here, only rows.

Rows are judged as the database gives them, without building events: a proof reads the whole log, and is
worth having only if it is quick enough to be run often. The quick loop judges a row as a whole; only a
row that fails is looked at column by column, to say what is wrong with it.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from events.chain import GENESIS, NIL_ID, hash_row, names_part, packer

COLUMNS: Final = (
    "position, stream_id, version, event_id, type, schema_version, occurred_at, occurred_max, "
    "recorded_at, source, correlation_id, causation_id, payload, hash"
)
"""The columns of a row that is walked over, in this order."""

_NAMES: Final = tuple(COLUMNS.split(", "))
ID_BYTES: Final = 16
_NEVER: Final = -(2**63)
_LOOSE: Final = (struct.error, TypeError, AttributeError, UnicodeEncodeError)
"""What comes of a value that has not its column's type, in the quick loop."""

_KINDS: Final[Mapping[str, type]] = {
    "version": int,
    "event_id": bytes,
    "type": str,
    "schema_version": int,
    "occurred_at": int,
    "occurred_max": int,
    "recorded_at": int,
    "source": str,
    "correlation_id": bytes,
    "payload": str,
    "hash": bytes,
}

Row = Sequence[Any]
Found = Callable[[str, str, int], None]
"""Told of what is wrong: `event`, a text and the position."""


class StreamWalk:
    """How far one stream has been walked."""

    __slots__ = ("name", "occurred_max", "position", "version")

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = 0
        self.position = 0
        self.occurred_max = _NEVER


_Known = tuple[StreamWalk, Callable[..., bytes], bytes]
"""Of events that differ in neither stream, type, source nor schema: the stream, `packer`, `names_part`."""


class Walk:
    """A walk along the log from its first event; `feed` it rows in position order.

    Attributes:
        position, hash, recorded_at: those of the last row, as stored; the hash is None where the rows
            before the next one are missing, so that its own cannot be proven.
        streams: how far each stream that was met has come, by id.
        types: the first position of each type and schema version.
        events: rows seen.
        firsts: for a walk that began in the middle, the first version, occurred_at and occurred_max of each
            stream, which nothing here proves; None for one from the start.
    """

    def __init__(self, names: Mapping[int, str], found: Found) -> None:
        """`names`: the streams' names by id; `found`: told of what is wrong."""
        self.streams: dict[int, StreamWalk] = {}
        self.types: dict[tuple[str, int], int] = {}
        self.position = 0
        self.hash: bytes | None = GENESIS
        self.recorded_at = 0
        self.events = 0
        self.firsts: dict[int, tuple[int, int, int]] | None = None
        self._stream_names = names
        self._found_what = found
        self._known: dict[tuple[int, str, str, int], _Known] = {}
        # What the last row's hash should have been: whether the row or only its hash was altered
        # shows in the row after it.
        self._computed: bytes | None = None

    def begin_after(self, position: int, hash_: bytes, recorded_at: int) -> None:
        """Begin in the middle, behind an event of this hash: the streams are taken as they come."""
        self.position, self.hash, self.recorded_at = position, hash_, recorded_at
        self.firsts = {}

    def feed(self, rows: Sequence[Row]) -> None:
        """Judge the next rows; what is wrong goes into the findings, and the walk goes on."""
        at = 0
        while at < len(rows):
            if self._computed is not None:
                self._mend(rows[at])
            at += self._prove(rows[at:] if at else rows)
            if at < len(rows):
                self._examine(rows[at])
                at += 1

    def _prove(self, rows: Sequence[Row]) -> int:
        """Take in rows until one is not as it must be; returns how many were."""
        if self.hash is None:
            return 0
        hash_, position, recorded = self.hash, self.position, self.recorded_at
        known, start = self._known, self.position
        for row in rows:
            (
                at, stream_id, version, event_id, type_name, schema_version, occurred_at,
                occurred_max, recorded_at, source, correlation_id, causation_id, payload, stored,
            ) = row  # fmt: skip
            try:
                try:
                    stream, pack, names = known[stream_id, type_name, source, schema_version]
                except KeyError:
                    stream, pack, names = self._remember(row)
                newest = stream.occurred_max
                if occurred_at > newest:  # noqa: PLR1730  # max() costs a call for each event
                    newest = occurred_at
                if causation_id is None:
                    causation_id = NIL_ID
                elif causation_id == NIL_ID or len(causation_id) != ID_BYTES:
                    break
                text = payload.encode()
                hashed = pack(
                    hash_, at, version, schema_version, occurred_at, recorded_at,
                    event_id, correlation_id, causation_id, names, len(text),
                )  # fmt: skip
                if (
                    sha256(hashed + text).digest() != stored
                    or at != position + 1
                    or version != stream.version + 1
                    or occurred_max != newest
                    or recorded_at < recorded
                    or len(event_id) != ID_BYTES
                    or len(correlation_id) != ID_BYTES
                ):
                    break
            except (*_LOOSE, KeyError):
                break
            hash_, position, recorded = stored, at, recorded_at
            stream.version, stream.position, stream.occurred_max = version, at, newest
        self.hash, self.position, self.recorded_at = hash_, position, recorded
        self.events += position - start
        return position - start

    def _remember(self, row: Row) -> _Known:
        """What many rows have in common; raises KeyError where there is no such stream."""
        values = dict(zip(_NAMES, row, strict=True))
        number, type_name, source = values["stream_id"], values["type"], values["source"]
        schema = values["schema_version"]
        names = names_part(self._stream_names[number], type_name, source)
        stream = self.streams.get(number)
        if stream is None:
            stream = self._met(values)
        self.types.setdefault((type_name, schema), values["position"])
        known = self._known[number, type_name, source, schema] = stream, packer(names), names
        return known

    def _met(self, values: Mapping[str, Any]) -> StreamWalk:
        """A stream's first row here."""
        number = values["stream_id"]
        stream = self.streams[number] = StreamWalk(self._stream_names[number])
        if self.firsts is not None:
            version, newest = values["version"], values["occurred_max"]
            self.firsts[number] = version, values["occurred_at"], newest
            stream.version, stream.occurred_max = version - 1, newest
        return stream

    def _mend(self, row: Row) -> None:
        """Go on from the hash that the next row was chained to, if the stored one was altered."""
        computed, self._computed = self._computed, None
        if computed is not None and _hash_after(computed, row, self._stream_names) == row[-1]:
            self.hash = computed

    def skip(self, position: int, text: str) -> None:
        """Pass over a row that the database cannot read."""
        self._found(position, f"cannot be read: {text}")
        self.position, self.hash, self._computed = position, None, None

    def _examine(self, row: Row) -> None:
        """Say what is wrong with a row, and go on behind it as if what it holds were right."""
        values = dict(zip(_NAMES, row, strict=True))
        position, stream = values["position"], self._stream_of(values)
        if position != self.position + 1:
            self._examine_gap(position)
        loose = _loose(values)
        for name in loose:
            self._found(position, f"{name} is stored as something else than it must be")
        if stream is None:
            self._found(position, f"its stream, {values['stream_id']!r}, is not in table streams")
        computed = None if self.hash is None else _hash_after(self.hash, row, self._stream_names)
        if self.hash is not None and not loose and stream and computed != values["hash"]:
            self._found(position, "the hash does not follow: the event or its hash was altered")
        if stream is not None and not loose:
            self._examine_places(stream, values)
            self.types.setdefault((values["type"], values["schema_version"]), position)
        self._go_on(values, computed)

    def _stream_of(self, values: Mapping[str, Any]) -> StreamWalk | None:
        number = values["stream_id"]
        if number not in self._stream_names:
            return None
        return self.streams.get(number) or self._met(values)

    def _examine_gap(self, position: int) -> None:
        if position <= self.position:
            self._found(position, f"stands behind position {self.position}")
        else:
            self._found(self.position + 1, missing(self.position + 1, position - 1))
        self.hash = None

    def _examine_places(self, stream: StreamWalk, values: Mapping[str, Any]) -> None:
        position, version = values["position"], values["version"]
        if version != stream.version + 1:
            wrong = f"{stream.name} is at version {version}, not {stream.version + 1}"
            self._found(position, wrong)
        newest = max(stream.occurred_max, values["occurred_at"])
        if values["occurred_max"] != newest:
            self._found(position, f"occurred_max is {values['occurred_max']}, not {newest}")
        if values["recorded_at"] < self.recorded_at:
            self._found(position, "recorded_at falls")

    def _go_on(self, values: Mapping[str, Any], computed: bytes | None) -> None:
        self.position = values["position"]
        self.events += 1
        stored = values["hash"]
        self._computed = computed if computed != stored else None
        self.hash = stored if _is_hash(stored) else computed
        self.recorded_at = _integer(values["recorded_at"], self.recorded_at)
        stream = self.streams.get(values["stream_id"])
        if stream is not None:
            stream.position = self.position
            stream.version = _integer(values["version"], stream.version + 1)
            stream.occurred_max = _integer(values["occurred_max"], stream.occurred_max)

    def _found(self, position: int, text: str) -> None:
        self._found_what("event", text, position)


def missing(first: int, last: int) -> str:
    """What is said of positions that are not there."""
    if first == last:
        return f"position {first} is missing"
    return f"positions {first} to {last} are missing"


def _is_id(value: object) -> bool:
    # All zero stands for a missing id in the hash, so it must never be stored.
    return isinstance(value, bytes) and len(value) == ID_BYTES and value != NIL_ID


def _is_sized(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == ID_BYTES


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == len(GENESIS)


def _integer(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _loose(values: Mapping[str, Any]) -> list[str]:
    """The names of the columns that hold something of another kind or length."""
    wrong = {name for name, kind in _KINDS.items() if type(values[name]) is not kind}
    wrong |= {name for name in ("event_id", "correlation_id") if not _is_sized(values[name])}
    if not _is_hash(values["hash"]):
        wrong.add("hash")
    if values["causation_id"] is not None and not _is_id(values["causation_id"]):
        wrong.add("causation_id")
    return [name for name in _NAMES if name in wrong]


def _hash_after(previous: bytes, row: Row, streams: Mapping[int, str]) -> bytes | None:
    """The hash that a row should have after `previous`; None when it cannot be worked out."""
    values = dict(zip(_NAMES, row, strict=True))
    try:
        names = names_part(streams[values["stream_id"]], values["type"], values["source"])
        return hash_row(
            previous,
            (
                values["position"],
                values["version"],
                values["schema_version"],
                values["occurred_at"],
                values["recorded_at"],
            ),
            (values["event_id"], values["correlation_id"], values["causation_id"]),
            names,
            values["payload"],
        )
    except (*_LOOSE, KeyError):
        return None
