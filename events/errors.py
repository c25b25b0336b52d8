"""The error tree of the log.

EventError
+-- InvalidEvent              the caller's event cannot be recorded
|   +-- UnknownEventType      its payload class is not in the catalogue
+-- AppendConflict            the append was refused; nothing of it was recorded
|   +-- VersionConflict       a stream is not at the version that was expected
|   +-- DuplicateEvent        an event id is taken by an event with other content
|   +-- IdempotencyConflict   an idempotency key came again with another request
|   +-- FenceLost             the lease under which it was made is somebody else's, or nobody's
+-- InvalidLease              a lease cannot have this name, holder or time
+-- StoreUnavailable          the store cannot be read or written now; retrying may help
|   +-- LogBusy               the append queue is full: slow down and try again
|   +-- StoreLocked           another process writes this log
|   +-- LogReplaced           another log is in the place of the one that was opened
|   +-- MissingUpcaster       this program cannot read payloads that an older one wrote
+-- CorruptLog                what was read contradicts the log's own rules
|   +-- PositionGap           a reader saw a position or version that does not follow the last
|   +-- BrokenChain           an event's hash does not follow from the event and the one before
|   +-- UnreadablePayload     a stored payload does not fit its type
+-- ProjectionParked          a projection met an event that this program cannot read
+-- InvalidCursor             a cursor does not belong to this log
    +-- EpochMismatch         it names another epoch
    +-- PositionBeyondHead    its position has not been recorded yet
"""

from collections.abc import Sequence


class EventError(Exception):
    """The root of every error that the log raises."""

    code = "event_error"


class InvalidEvent(EventError):
    """An event that cannot be recorded."""

    code = "invalid_event"


class UnknownEventType(InvalidEvent):
    """A payload whose class or name is not in the catalogue."""

    code = "unknown_event_type"

    def __init__(self, name: str) -> None:
        super().__init__(f"no event type is known for {name!r}")
        self.name = name


class AppendConflict(EventError):
    """An append that was refused as a whole; nothing of it was recorded."""

    code = "append_conflict"


class VersionConflict(AppendConflict):
    """A stream is not at the version that the writer expected."""

    code = "version_conflict"

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(
            f"stream {stream!r} is at version {actual}, not {expected}: read again and decide again"
        )
        self.stream = stream
        self.expected = expected
        self.actual = actual


class DuplicateEvent(AppendConflict):
    """An event id that is taken by an event with other content.

    `position` is where that one is recorded; None when both are in the refused append.
    """

    code = "duplicate_event"

    def __init__(self, event_id: str, position: int | None) -> None:
        place = "in the same append" if position is None else f"recorded at position {position}"
        super().__init__(f"event {event_id} is {place} with other content")
        self.event_id = event_id
        self.position = position


class IdempotencyConflict(AppendConflict):
    """An idempotency key that came again with another request."""

    code = "idempotency_key_reused"

    def __init__(self, key: str) -> None:
        super().__init__(f"idempotency key {key!r} was used for another request")
        self.key = key


class FenceLost(AppendConflict):
    """An append under a lease that was released, or that has another fence by now; nothing was recorded."""

    code = "fence_lost"

    def __init__(self, name: str, number: int) -> None:
        super().__init__(f"the lease {name!r} is not held under fence {number}: acquire it again")
        self.name = name
        self.number = number


class InvalidLease(EventError):
    """A lease that cannot have this name, holder or time."""

    code = "invalid_lease"


class StoreUnavailable(EventError):
    """The store cannot be read or written now; nothing was acknowledged.

    `is_away`: no server of the database takes us now, and one may later.
    """

    code = "store_unavailable"

    def __init__(self, message: str, *, is_away: bool = False) -> None:
        super().__init__(message)
        self.is_away = is_away


class LogBusy(StoreUnavailable):
    """The queue of waiting appends is full."""

    code = "log_busy"

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} appends are waiting already: slow down and try again")
        self.limit = limit


class StoreLocked(StoreUnavailable):
    """Another process holds the log for writing."""

    code = "store_locked"


class LogReplaced(StoreUnavailable):
    """Another log is there than the one that was opened: a backup of it, or another server's copy."""

    code = "log_replaced"

    def __init__(self) -> None:
        super().__init__("the log was replaced by another one: open it again")


class MissingUpcaster(StoreUnavailable):
    """Stored schema versions from which no steps lead to the present one; each missing step is named."""

    code = "missing_upcaster"

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            f"this program cannot read all of this log, it has no step for: {', '.join(missing)}"
        )
        self.missing = tuple(missing)


class CorruptLog(EventError):
    """What was read contradicts the log's own rules."""

    code = "corrupt_log"


class PositionGap(CorruptLog):
    """A reader saw a place that does not follow the last one."""

    code = "position_gap"

    def __init__(self, where: str, expected: int, actual: int) -> None:
        super().__init__(f"{where}: expected {expected}, read {actual}")
        self.where = where
        self.expected = expected
        self.actual = actual


class BrokenChain(CorruptLog):
    """An event's hash does not follow from its content and the hash before it."""

    code = "broken_chain"

    def __init__(self, position: int) -> None:
        super().__init__(f"the hash chain breaks at position {position}")
        self.position = position


class UnreadablePayload(CorruptLog):
    """A stored payload that does not fit its type and schema version."""

    code = "unreadable_payload"

    def __init__(self, position: int, type_name: str, problem: str) -> None:
        super().__init__(f"position {position}: payload does not fit {type_name}: {problem}")
        self.position = position
        self.type_name = type_name


class ProjectionParked(EventError):
    """A projection that waits before an event which it needs and this program cannot read.

    Everything else goes on; a program that knows the event's schema goes on here as well.
    """

    code = "projection_parked"

    def __init__(self, projection: str, position: int, reason: str) -> None:
        super().__init__(f"{projection} stands before position {position}: {reason}")
        self.projection = projection
        self.position = position
        self.reason = reason


class InvalidCursor(EventError):
    """A cursor that does not belong to this log."""

    code = "invalid_cursor"


class EpochMismatch(InvalidCursor):
    """The cursor was made in another lifetime of the log."""

    code = "epoch_mismatch"

    def __init__(self, given: str, actual: str) -> None:
        super().__init__(
            f"the cursor belongs to epoch {given}, this log is {actual}: start again without a cursor"
        )
        self.given = given
        self.actual = actual


class PositionBeyondHead(InvalidCursor):
    """The cursor's position has not been recorded yet."""

    code = "position_beyond_head"

    def __init__(self, position: int, head: int) -> None:
        super().__init__(f"position {position} is beyond the head, {head}")
        self.position = position
        self.head = head


def first_line(error: BaseException | None) -> str:
    """What an error of a driver or of the system says, without the details that some add below."""
    said = (getattr(error, "strerror", None) or str(error)).strip() or type(error).__name__
    return said.splitlines()[0]
