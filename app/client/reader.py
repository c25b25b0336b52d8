"""A thread that reads a subscription ahead of a consumer that has no event loop."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from app.client.aio import Subscription
from app.client.continuity import Cursor
from app.client.messages import Event

READY_EVENTS_MAX: Final = 256
"""Events that the thread reads ahead; then it waits for the consumer."""

Ready = deque[tuple[Event, Cursor | None]]
"""Events, each with the cursor that holds once it is taken."""


class Reader:
    """Runs a subscription on an event loop in a thread of its own, from now on."""

    def __init__(self, subscription: Subscription) -> None:
        self._ready: Ready = deque()
        self._changed = threading.Condition()
        self._room = asyncio.Event()
        self._ended = False
        self._error: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(self._read(subscription))
        self._thread = threading.Thread(target=self._run, name="synapse-client", daemon=True)
        self._thread.start()

    def take(self) -> Ready:
        """All that is ready, as soon as there is something; nothing once it has ended.

        Raises:
            ClientError: what ended the subscription.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended)
            taken, self._ready = self._ready, deque()
        if not taken and self._error is not None:
            raise self._error
        self._on_loop(self._room.set)
        return taken

    def stop(self) -> None:
        """Make it end, without waiting until it has."""
        self._on_loop(self._task.cancel)

    def join(self) -> None:
        """Wait until it has ended (not in the thread itself, as where an observer calls)."""
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _on_loop(self, call: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed: it has ended
            self._loop.call_soon_threadsafe(call)

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass  # stopped: an end like any other
        except BaseException as caught:  # noqa: BLE001  # handed to the consumer
            error = caught
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    async def _read(self, subscription: Subscription) -> None:
        async with subscription:
            async for event in subscription:
                with self._changed:
                    self._ready.append((event, subscription.cursor))
                    self._changed.notify()
                # The consumer makes room from its thread, but sets the event in this one: never in between.
                while len(self._ready) >= READY_EVENTS_MAX:
                    self._room.clear()
                    await self._room.wait()
