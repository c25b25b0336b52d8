"""The walk along the stored rows: chain, density, versions, times. No SQL here, only rows.

Rows are judged as the database gives them, without building events: a proof reads the whole log, and is
worth having only if it is quick enough to be run often. The quick loop judges a row as a whole; only a
row that fails is looked at column by column, to say what is wrong with it.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

from events.chain import GENESIS, hash_row, names_part
from events.verify_report import Findings

COLUMNS: Final = (
    "position, stream_id, version, event_id, type, schema_version, occurred_at, occurred_max, "
    "recorded_at, source, correlation_id, causation_id, payload, hash"
)
"""The columns of a row that is walked over, in this order."""

_NAMES: Final = tuple(COLUMNS.split(", "))
ID_BYTES: Final = 16
_NIL: Final = bytes(ID_BYTES)
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
Place = dict[str, Any]
"""How far a walk has come, as JSON-able values: position, hash, recorded_at, and the streams' ends."""


class StreamWalk:
    """How far one stream has been walked."""

    __slots__ = ("name", "occurred_max", "position", "version")

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = 0
        self.position = 0
        self.occurred_max = _NEVER


class Walk:
    """A walk along the log from its first event; `feed` it rows in position order.

    Attributes:
        position, hash, recorded_at: those of the last row, as stored; the hash is None where the rows
            before the next one are missing, so that its own cannot be proven.
        streams: how far each stream has come, by id.
        types: the first position of each type and schema version.
        events: rows seen.
    """

    def __init__(self, names: Mapping[int, str], findings: Findings) -> None:
        """`names`: the streams' names by id."""
        self.streams = {number: StreamWalk(name) for number, name in names.items()}
        self.types: dict[tuple[str, int], int] = {}
        self.position = 0
        self.hash: bytes | None = GENESIS
        self.recorded_at = 0
        self.events = 0
        self._findings = findings
        self._names: dict[tuple[int, str, str, int], bytes] = {}
        # What the last row's hash should have been: whether the row or only its hash was altered
        # shows in the row after it.
        self._computed: bytes | None = None

    def place(self) -> Place:
        """How far it has come; `resume` goes on from there."""
        ends = {
            str(number): [stream.version, stream.position, stream.occurred_max]
            for number, stream in self.streams.items()
            if stream.version
        }
        hash_ = self.hash.hex() if self.hash is not None else None
        at = {"position": self.position, "hash": hash_, "recorded_at": self.recorded_at}
        return {**at, "streams": ends}

    def resume(self, place: Place) -> None:
        """Go on from where another walk has come to."""
        self.position, self.recorded_at = place["position"], place["recorded_at"]
        self.hash = bytes.fromhex(place["hash"])
        for number, end in place["streams"].items():
            stream = self.streams[int(number)]
            stream.version, stream.position, stream.occurred_max = end

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
        names, streams, start = self._names, self.streams, self.position
        for row in rows:
            (
                at, stream_id, version, event_id, type_name, schema_version, occurred_at,
                occurred_max, recorded_at, source, correlation_id, causation_id, payload, stored,
            ) = row  # fmt: skip
            try:
                stream = streams[stream_id]
                known = names.get((stream_id, type_name, source, schema_version))
                if known is None:
                    known = self._remember(stream, stream_id, type_name, source, schema_version, at)
                newest = stream.occurred_max
                if occurred_at > newest:  # noqa: PLR1730  # max() costs a call for each event
                    newest = occurred_at
                computed = hash_row(
                    hash_,
                    (at, version, schema_version, occurred_at, recorded_at),
                    (event_id, correlation_id, causation_id),
                    known,
                    payload,
                )
                if (
                    computed != stored
                    or at != position + 1
                    or version != stream.version + 1
                    or occurred_max != newest
                    or recorded_at < recorded
                    or len(event_id) != ID_BYTES
                    or len(correlation_id) != ID_BYTES
                    or (causation_id is not None and not _is_id(causation_id))
                ):
                    break
            except (*_LOOSE, KeyError):
                break
            hash_, position, recorded = stored, at, recorded_at
            stream.version, stream.position, stream.occurred_max = version, at, newest
        self.hash, self.position, self.recorded_at = hash_, position, recorded
        self.events += position - start
        return position - start

    def _remember(
        self, stream: StreamWalk, stream_id: int, type_name: str, source: str, schema: int, at: int
    ) -> bytes:
        self.types.setdefault((type_name, schema), at)
        known = names_part(stream.name, type_name, source)
        self._names[stream_id, type_name, source, schema] = known
        return known

    def _mend(self, row: Row) -> None:
        """Go on from the hash that the next row was chained to, if the stored one was altered."""
        computed, self._computed = self._computed, None
        if computed is not None and _hash_after(computed, row, self.streams) == row[-1]:
            self.hash = computed

    def skip(self, position: int, text: str) -> None:
        """Pass over a row that the database cannot read."""
        self._found(position, f"cannot be read: {text}")
        self.position, self.hash, self._computed = position, None, None

    def _examine(self, row: Row) -> None:
        """Say what is wrong with a row, and go on behind it as if what it holds were right."""
        values = dict(zip(_NAMES, row, strict=True))
        position, stream = values["position"], self.streams.get(values["stream_id"])
        if position != self.position + 1:
            self._examine_gap(position)
        loose = _loose(values)
        for name in loose:
            self._found(position, f"{name} is stored as something else than it must be")
        if stream is None:
            self._found(position, f"its stream, {values['stream_id']!r}, is not in table streams")
        computed = None if self.hash is None else _hash_after(self.hash, row, self.streams)
        if self.hash is not None and not loose and stream and computed != values["hash"]:
            self._found(position, "the hash does not follow: the event or its hash was altered")
        if stream is not None and not loose:
            self._examine_places(stream, values)
            self.types.setdefault((values["type"], values["schema_version"]), position)
        self._go_on(values, computed)

    def _examine_gap(self, position: int) -> None:
        if position <= self.position:
            self._found(position, f"stands behind position {self.position}")
        else:
            missing = f"positions {self.position + 1} to {position - 1} are missing"
            self._found(self.position + 1, missing)
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
        self._findings.add("event", text, position)


def _is_id(value: object) -> bool:
    # All zero stands for a missing id in the hash, so it must never be stored.
    return isinstance(value, bytes) and len(value) == ID_BYTES and value != _NIL


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


def _hash_after(previous: bytes, row: Row, streams: Mapping[int, StreamWalk]) -> bytes | None:
    """The hash that a row should have after `previous`; None when it cannot be worked out."""
    values = dict(zip(_NAMES, row, strict=True))
    try:
        names = names_part(streams[values["stream_id"]].name, values["type"], values["source"])
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
