"""`SyncSynapseClient`: the same subscription for a program without an event loop, or with one of its own.

A thread runs the async client; the consumer takes what has come from it, many events at a time.
"""

import weakref
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Self

from app.client.aio import Observer, OnEpochChange, Subscription, SynapseClient
from app.client.continuity import Cursor
from app.client.limits import Limits
from app.client.messages import Event
from app.client.reader import Reader, Ready
from app.client.request import History


class SyncSynapseClient:
    """`SynapseClient` without `async`."""

    def __init__(self, url: str, *, token: str | None = None, limits: Limits | None = None) -> None:
        """See `SynapseClient`."""
        self._client = SynapseClient(url, token=token, limits=limits)

    def subscribe(
        self,
        channels: Sequence[str],
        symbols: Sequence[str] | None = None,
        *,
        history: History = {"last": 50},  # noqa: B006  # never changed
        epoch: str | None = None,
        delivery: Literal["every", "latest"] = "every",
        user_id: str | None = None,
        on_epoch_change: OnEpochChange = "raise",
        observer: Observer | None = None,
    ) -> "SyncSubscription":
        """See `SynapseClient.subscribe`; the observer is called in another thread."""
        return SyncSubscription(
            self._client.subscribe(
                channels,
                symbols,
                history=history,
                epoch=epoch,
                delivery=delivery,
                user_id=user_id,
                on_epoch_change=on_epoch_change,
                observer=observer,
            )
        )


class SyncSubscription:
    """The events of one subscribe: iterate it, once; `close` it, or drop it, to end it.

    As a context manager it ends with its block.
    """

    def __init__(self, subscription: Subscription) -> None:
        self._reader = Reader(subscription)
        self._ready: Ready = deque()
        self._closed = False
        self._cursor: Cursor | None = None
        # The reader does not know this: whoever drops the subscription stops the thread.
        self._stop = weakref.finalize(self, self._reader.stop)

    @property
    def cursor(self) -> Cursor | None:
        """What to keep to resume after the event that was taken last; None before the first."""
        return self._cursor

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        if not self._ready and not self._closed:
            self._ready = self._reader.take()
        if not self._ready:
            raise StopIteration
        event, self._cursor = self._ready.popleft()
        return event

    def close(self) -> None:
        """Close the connection and end the thread; the iteration is over."""
        # What the reader had ready by then is not given any more, either.
        self._closed = True
        self._ready.clear()
        self._stop()
        self._reader.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
