"""The error tree of the client: what it cannot mend by connecting again.

ClientError
+-- InvalidSubscription   what was asked for does not fit the protocol; nothing was sent
+-- Refused               the server closed for good: a close code from 4400 to 4799, or an HTTP status
+-- SubscriptionRefused   the server answered the subscribe with an error
+-- Unreachable           as many attempts in a row failed as `Limits.attempts_max` allows
+-- CursorRefused         the cursor does not belong to this log
|   +-- EpochChanged      the log is in another lifetime: begin again without the cursor
|   +-- PositionBeyondHead  its position has not been recorded
+-- BrokenStream          what came contradicts what the protocol promises
|   +-- MissedEvents      a stream's versions have a hole
|   +-- OutOfOrder        a position or a version fell
+-- LogUnavailable        a log that questions cannot be put to
+-- QuestionRefused       a question that makes no sense, or none to this log
"""

from collections.abc import Sequence

from app.client.refusals import with_hint
from app.stream.protocol import Problem


class ClientError(Exception):
    """The root of every error that the client raises."""


class InvalidSubscription(ClientError, ValueError):
    """A subscription, or an address, that does not fit the protocol."""


class Refused(ClientError):
    """The server does not want this client, and to come again would not help.

    Attributes:
        code: the socket's close code, or the HTTP status of a refused handshake.
        reason: what the server said, for people.
    """

    def __init__(self, code: int, reason: str) -> None:
        told = with_hint(code, f"{reason or 'no reason'} ({code})")
        super().__init__(f"the server refused the connection: {told}")
        self.code = code
        self.reason = reason


class SubscriptionRefused(ClientError):
    """The server's `error` in answer to the subscribe."""

    def __init__(self, code: str, message: str, details: Sequence[Problem] = ()) -> None:
        told = "".join(f"; {one.path}: {one.problem}" for one in details)
        super().__init__(f"{code}: {message}{told}")
        self.code = code
        self.details = tuple(details)


class Unreachable(ClientError):
    """Too many attempts in a row failed."""

    def __init__(self, attempts: int, reason: str) -> None:
        super().__init__(f"gave up after {attempts} attempts; the last one: {reason}")
        self.attempts = attempts


class CursorRefused(ClientError):
    """A cursor that does not belong to the log as it is now."""

    wire_code = ""
    """The code of the server's `error` that says so."""


class EpochChanged(CursorRefused):
    """The log is in another lifetime than the cursor: its positions mean something else now."""

    wire_code = "epoch_mismatch"

    def __init__(self, epoch: str | None, now: str | None = None) -> None:
        told = f" (it is {now})" if now else ""
        super().__init__(f"the cursor's epoch {epoch} is not the log's{told}: begin again")
        self.epoch = epoch


class PositionBeyondHead(CursorRefused):
    """The cursor's position has not been recorded in this log."""

    wire_code = "position_beyond_head"

    def __init__(self, position: int) -> None:
        super().__init__(f"position {position} is beyond the log's head: begin again")
        self.position = position


class BrokenStream(ClientError):
    """A message that the protocol does not allow."""


class MissedEvents(BrokenStream):
    """A hole in a stream: its versions do not follow one another.

    Attributes:
        stream: which one.
        expected: the version that had to come.
        got: the one that came.
        position: where in the log it is.
    """

    def __init__(self, stream: str, expected: int, got: int, position: int) -> None:
        missed = got - expected
        super().__init__(
            f"{missed} of {stream} missed before position {position}: version {got} came, not {expected}"
        )
        self.stream = stream
        self.expected = expected
        self.got = got
        self.position = position


class OutOfOrder(BrokenStream):
    """An event that came after one that follows it."""

    def __init__(self, stream: str, version: int, position: int, after: int) -> None:
        super().__init__(
            f"version {version} of {stream} at position {position} came after position {after}"
        )
        self.stream = stream
        self.version = version
        self.position = position
        self.after = after


class LogUnavailable(ClientError):
    """The log cannot be read: no such file, no server there, or one that has a fault."""


class QuestionRefused(ClientError, ValueError):
    """A question that makes no sense, or none to this log.

    Attributes:
        code: what is wrong, for programs: `invalid_request`, `empty_range`, `unknown_symbol`,
            `position_beyond_head`, …
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
