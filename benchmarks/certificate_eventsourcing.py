"""The peer `eventsourcing`, as its documentation shows it: an `Application` for each process, aggregates, `save()`.

PostgreSQL subscribers are `ApplicationSubscription(app, gt=position)`, one application each. SQLite's recorder has
no subscriptions (it raises NotImplementedError): there the notification log is read from the last position on, again
and again, as its documentation shows for readers in general. Writers are threads of one application, an aggregate each:
none runs into another's versions.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Final
from uuid import uuid4

from benchmarks.certificate_history import History, Item, Stretch, View, Write
from benchmarks.certificate_load import LOOK_S, SLOW_PAUSE_S, SLOW_READ, Kind, Load, Settling

# Not `import`: the types are looked at with and without the package, and must be the same to mypy.
_APPLICATION: Final[Any] = import_module("eventsourcing.application").Application
_SUBSCRIPTION: Final[Any] = import_module("eventsourcing.projection").ApplicationSubscription
_DOMAIN: Final[Any] = import_module("eventsourcing.domain")

FAST: Final = {"POSTGRES_ENABLE_DB_FUNCTIONS": "y"}
"""The setting of its fast mode: one call of a function in the database saves, and takes no lock on the table."""

PAGE: Final = 10
"""Notifications in a section of the notification log, as the peer has it."""


class Wrote(_DOMAIN.DomainEvent):  # type: ignore[misc]  # a class of the peer's, untyped here
    """The peer's event: the number of a writer."""

    writer: int
    number: int


class Reader(threading.Thread):
    """One subscriber, with an application of its own, as another process would have one."""

    def __init__(self, environment: dict[str, str], load: Load, view: View) -> None:
        super().__init__(name=view.name)
        self.view = view
        self.failed: BaseException | None = None
        self._application = _APPLICATION(environment)
        self._load = load
        self._ending = threading.Event()
        self._subscription: Any = None
        self._subscribes = "postgres" in environment["PERSISTENCE_MODULE"]

    def run(self) -> None:
        """Read until it is told to end."""
        chance = self._load.cuts(self.view)
        try:
            while not self._ending.is_set():
                stretch = Stretch(self.view.cursor)
                self.view.stretches.append(stretch)
                stays = self.view.kind == Kind.RECONNECTING
                self._follow(stretch, self._load.stay(chance) if stays else None)
        except BaseException as error:  # noqa: BLE001  # told where the run ends
            self.failed = error

    def _follow(self, stretch: Stretch, upto: int | None) -> None:
        """One subscription: until so many events have come, or the end."""
        for item in self._items(stretch.after):
            stretch.came.append(item)
            count = len(stretch.came)
            if count == upto:
                return
            if self.view.kind == Kind.SLOW and count % SLOW_READ == 0:
                time.sleep(SLOW_PAUSE_S)

    def _items(self, after: int) -> Iterator[Item]:
        if not self._subscribes:
            yield from self._sections(after)
            return
        with _SUBSCRIPTION(self._application, gt=after) as self._subscription:
            for event, tracking in self._subscription:
                yield Item(tracking.notification_id, event.writer, event.number)

    def _sections(self, after: int) -> Iterator[Item]:
        """The notification log from a position on, asked for again and again."""
        while not self._ending.is_set():
            found = self._application.notification_log.select(start=after + 1, limit=PAGE)
            for notification in found:
                event = self._application.mapper.to_domain_event(notification)
                after = notification.id
                yield Item(after, event.writer, event.number)
            if not found:
                time.sleep(LOOK_S)

    def end(self) -> None:
        """Have it go away, and wait until it has.

        Raises:
            RuntimeError: it had failed on the way.
        """
        self._ending.set()
        while self.is_alive():
            if self._subscription is not None:
                self._subscription.stop()
            self.join(LOOK_S)
        self._application.close()
        if self.failed is not None:
            raise RuntimeError(f"{self.view.name} of eventsourcing failed") from self.failed


def run(environment: dict[str, str], load: Load) -> History:
    """Write and follow; what came of it."""
    application = _APPLICATION(environment)
    writes: list[Write] = []
    views = load.views()
    readers = [Reader(environment, load, view) for view in views]
    try:
        for reader in readers:
            if reader.view.kind != Kind.LATE:
                reader.start()
        with ThreadPoolExecutor(load.writers) as pool:
            writing = [
                pool.submit(_write, application, n, load, writes) for n in range(load.writers)
            ]
            while len(writes) < load.events / 3 and not any(one.done() for one in writing):
                time.sleep(LOOK_S)
            for reader in readers:
                if reader.view.kind == Kind.LATE:
                    reader.start()
        for one in writing:
            one.result()
        stored = _stored(application)
        settling = Settling(views, stored[-1].position)
        while not settling.is_over():
            time.sleep(LOOK_S)
    finally:
        for reader in readers:
            reader.end()
        application.close()
    return History(stored, writes, views)


def _write(application: Any, writer: int, load: Load, writes: list[Write]) -> None:
    """Save one event after the other, each when the one before is told to be recorded."""
    key = uuid4()
    for number in range(load.each):
        event = Wrote(
            originator_id=key,
            originator_version=number + 1,
            timestamp=_DOMAIN.datetime_now_with_tzinfo(),
            writer=writer,
            number=number,
        )
        write = Write(writer, number)
        writes.append(write)
        [recording] = application.save(event)
        write.position, write.acknowledged = recording.notification.id, True


def _stored(application: Any) -> list[Item]:
    """Everything that the store holds, in its order."""
    found: list[Item] = []
    while True:
        after = found[-1].position if found else 0
        page = application.notification_log.select(start=after + 1, limit=PAGE)
        if not page:
            return found
        for notification in page:
            event = application.mapper.to_domain_event(notification)
            found.append(Item(notification.id, event.writer, event.number))
