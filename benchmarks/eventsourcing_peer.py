"""The peer `eventsourcing`, used through its application; imported only where it is installed.

Used as its documentation shows: an `Application` over its SQLite recorder, `save()` to write,
`notification_log` (or the recorder) to read and `mapper` to decode. Its connections are in WAL mode, and
`synchronous` stays at SQLite's default, which is FULL: what ours is set to.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from benchmarks.peers import PAYLOAD_BYTES, STREAMS, alert_fields

# Not `import`: the types are looked at with and without the package, and must be the same to mypy.
_APPLICATION: Final[Any] = import_module("eventsourcing.application").Application
_DOMAIN_EVENT: Final[Any] = import_module("eventsourcing.domain").DomainEvent


class AlertRaised(_DOMAIN_EVENT):  # type: ignore[misc]  # a class of the peer's, untyped here
    """The peer's event: the same typed fields as our price alert."""

    alert_id: str
    rule_id: str
    symbol: str
    kind: str
    severity: str
    price: Decimal
    threshold: Decimal | None
    message: str


@dataclass
class Peer:
    """The peer's application on one SQLite file, and a maker of its events."""

    application: Any
    _versions: dict[UUID, int] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> "Peer":
        """Open a fresh file in `folder`."""
        settings = {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(folder / "peer.db"),
        }
        return cls(_APPLICATION(settings))

    def events(self, count: int, first: int = 0) -> list[Any]:
        """Domain events, spread over `STREAMS` aggregates in turn."""
        return [self._event(number) for number in range(first, first + count)]

    def _event(self, number: int) -> Any:
        key = uuid5(NAMESPACE_URL, f"S{number % STREAMS}")
        place = self._versions[key] = self._versions.get(key, 0) + 1
        given = {"originator_id": key, "originator_version": place, **alert_fields(number)}
        given |= {"kind": "price_above", "severity": "info"}
        bare = AlertRaised(**given, message="")
        room = PAYLOAD_BYTES - len(self.stored([bare])[0].state)
        return AlertRaised(**given, message="m" * max(0, room))

    def stored(self, events: list[Any]) -> list[Any]:
        """Events as its recorder takes them: encoded."""
        return [self.application.mapper.to_stored_event(event) for event in events]
