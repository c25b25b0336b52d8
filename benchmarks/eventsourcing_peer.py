"""The peer `eventsourcing`, used through its application; imported only where it is installed.

Used as its documentation shows: an `Application` over its SQLite or PostgreSQL recorder, `save()` to write,
`repository.get()` or the recorder to read and `mapper` to decode. Its SQLite connections are in WAL mode, and
`synchronous` stays at SQLite's default, which is FULL: what ours is set to.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from benchmarks.peers import PAYLOAD_BYTES, STREAMS, alert_fields

# Not `import`: the types are looked at with and without the package, and must be the same to mypy.
_APPLICATION: Final[Any] = import_module("eventsourcing.application").Application
_DOMAIN: Final[Any] = import_module("eventsourcing.domain")

ALERTS_KEPT: Final = 50
"""Alerts that one of the peer's aggregates keeps: the newest."""

SAVED_AT_ONCE: Final = 1_000
"""Events that `Books.fill` saves in one transaction."""

_CHOSEN: Final = {"kind": "price_above", "severity": "info"}


class AlertRaised(_DOMAIN.DomainEvent):  # type: ignore[misc]  # a class of the peer's, untyped here
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
    """The peer's application on one database of its own, and a maker of its events."""

    application: Any
    _versions: dict[UUID, int] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> "Peer":
        """Open a fresh file in `folder`."""
        return cls(_APPLICATION(sqlite_environment(folder)))

    @classmethod
    def open_postgres(cls, url: str) -> "Peer":
        """Open a database that is reached through a socket: `postgresql://user@/database?host=folder`."""
        return cls(_APPLICATION(postgres_environment(url)))

    def close(self) -> None:
        """Let go of its connections."""
        self.application.close()

    def events(self, count: int, first: int = 0) -> list[Any]:
        """Domain events, spread over `STREAMS` aggregates in turn."""
        return [self._event(number) for number in range(first, first + count)]

    def _event(self, number: int) -> Any:
        key = uuid5(NAMESPACE_URL, f"S{number % STREAMS}")
        place = self._versions[key] = self._versions.get(key, 0) + 1
        given = {"originator_id": key, "originator_version": place, **alert_fields(number)}
        given |= _CHOSEN
        bare = AlertRaised(**given, message="")
        room = PAYLOAD_BYTES - len(self.stored([bare])[0].state)
        return AlertRaised(**given, message="m" * max(0, room))

    def stored(self, events: list[Any]) -> list[Any]:
        """Events as its recorder takes them: encoded."""
        return [self.application.mapper.to_stored_event(event) for event in events]


class Book(_DOMAIN.Aggregate):  # type: ignore[misc]  # a class of the peer's, untyped here
    """The peer's aggregate: the newest alerts of one symbol, folded by a method with `@event`."""

    @_DOMAIN.event("Opened")  # type: ignore[untyped-decorator]  # so is its decorator
    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.newest: list[dict[str, Any]] = []

    @_DOMAIN.event("AlertRaised")  # type: ignore[untyped-decorator]
    def raise_alert(
        self,
        timestamp: datetime,
        alert_id: str,
        rule_id: str,
        symbol: str,
        kind: str,
        severity: str,
        price: Decimal,
        threshold: Decimal | None,
        message: str,
    ) -> None:
        """Keep one more alert; beyond `ALERTS_KEPT` the oldest goes."""
        self.newest.append(
            {
                "timestamp": timestamp,
                "alert_id": alert_id,
                "rule_id": rule_id,
                "symbol": symbol,
                "kind": kind,
                "severity": severity,
                "price": price,
                "threshold": threshold,
                "message": message,
            }
        )
        if len(self.newest) > ALERTS_KEPT:
            del self.newest[0]


class Books:
    """The peer's application with aggregates: neither a cache nor snapshots, as by default."""

    def __init__(self, application: Any) -> None:
        """Use `open_books`."""
        self._application = application
        self._rooms: dict[int, int] = {}
        self.repository: Any = application.repository

    def fill(self, events: int) -> list[UUID]:
        """Save so many alerts, spread over `STREAMS` aggregates in turn; returns the aggregates' keys."""
        books = [Book(symbol=f"S{number}") for number in range(STREAMS)]
        for start in range(0, events, SAVED_AT_ONCE):
            for number in range(start, min(start + SAVED_AT_ONCE, events)):
                message = "m" * self._room(number)
                books[number % STREAMS].raise_alert(
                    **alert_fields(number), **_CHOSEN, message=message
                )
            self._application.save(*books)
        return [book.id for book in books]

    def _room(self, number: int) -> int:
        """How long a message makes `PAYLOAD_BYTES` of an alert: it hangs on how long the texts are."""
        fields = alert_fields(number)
        texts = sum(len(value) for value in fields.values() if isinstance(value, str))
        if texts not in self._rooms:
            probe = Book(symbol="")
            probe.raise_alert(**fields, **_CHOSEN, message="")
            *_, event = probe.collect_events()
            state = self._application.mapper.to_stored_event(event).state
            self._rooms[texts] = max(0, PAYLOAD_BYTES - len(state))
        return self._rooms[texts]


def open_books(folder: Path) -> Books:
    """Open a fresh file in `folder`."""
    return Books(_APPLICATION(sqlite_environment(folder)))


def sqlite_environment(folder: Path) -> dict[str, str]:
    """What tells the peer to keep its events in a file in `folder`."""
    return {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(folder / "peer.db"),
    }


def postgres_environment(url: str) -> dict[str, str]:
    """What tells the peer to keep its events in a database that is reached through a socket."""
    parts = urlsplit(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.removeprefix("/"),
        "POSTGRES_HOST": parse_qs(parts.query)["host"][0],
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": "",
    }
