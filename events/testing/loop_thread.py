"""An event loop in a thread of its own: what is asynchronous, for callers that are not, or have another loop."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


class LoopThread:
    """One thread, one loop; `close` ends both and leaves nothing behind."""

    def __init__(self, name: str) -> None:
        self._ready, self._lock = threading.Event(), threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._leave: Callable[[], Coroutine[Any, Any, None]] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        # It cancels what is left, and shuts generators and executors down.
        asyncio.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._stop.wait()
        if self._leave is not None:
            with suppress(Exception):  # as when the interpreter ends: no thread is started any more
                await self._leave()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._loop is None

    def submit(self, work: Coroutine[Any, Any, Result]) -> "Future[Result]":
        """Begin some work in the loop, from any thread.

        Raises:
            RuntimeError: the loop is closed.
        """
        # Under the lock, so that it is either begun before the loop stops, or refused.
        with self._lock:
            if self._loop is None:
                work.close()
                raise RuntimeError("it is closed")
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Callable[[], object]) -> None:
        """Call something in the loop, soon; nothing once it is closed."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(work)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do some work in the loop, and wait for it; its errors are the caller's.

        Raises:
            RuntimeError: the loop is closed, or this is its own thread, which would wait for ever.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("this runs in the log's own loop: await the log instead")
        return self.submit(work).result()

    def close(self, leave: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Stop, and wait until the thread has ended. A second time it does nothing.

        Args:
            leave: what is done in the loop before it stops, as far as that can still be done.
        """
        with self._lock:
            loop, self._loop = self._loop, None
            if loop is not None and self._stop is not None:
                self._leave = leave
                loop.call_soon_threadsafe(self._stop.set)
        if threading.current_thread() is not self._thread:  # where a forgotten one may be collected
            self._thread.join()
