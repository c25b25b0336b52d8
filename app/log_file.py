"""`FileSource`: a log's own file (or database) as what `app.client` asks; loaded by its name, from `connect`.

An event loop in a thread of its own runs the same queries that the endpoints run.
"""

import asyncio
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, TypeVar

import orjson

from app.client.errors import LogUnavailable, QuestionRefused
from app.client.events import event_of
from app.client.messages import Event
from app.client.request import History
from app.client.source import EventQuery, Params, Text
from app.config import Settings
from app.database_url import DatabaseUrlError
from app.opened import open_reader
from app.queries.bars import bars
from app.queries.compare import compare
from app.queries.episodes import episodes, transitions
from app.queries.event import one_event
from app.queries.explain import explain
from app.queries.followed import Follower
from app.queries.reader import LogReader
from app.queries.selected import read_query
from app.queries.state import state
from app.stream.transport import present_text
from events.catalog import Channel
from events.errors import EventError, InvalidCursor, InvalidEvent

Result = TypeVar("Result")
Query = Callable[..., Awaitable[dict[str, Any]]]

_QUERIES: Final[Mapping[str, Query]] = {
    "/api/bars": bars,
    "/api/compare": compare,
    "/api/episodes": episodes,
    "/api/explain": explain,
    "/api/state": state,
    "/api/transitions": transitions,
}
_EVENT: Final = "/api/events/"


class FileSource:
    """A log in a file or a database, read only; see `app.client.source.Source`."""

    def __init__(self, name: str) -> None:
        """Open it.

        Raises:
            LogUnavailable: there is no such log, or it cannot be read by this program.
        """
        try:
            settings = Settings(database_url=name)
        except DatabaseUrlError as error:
            raise LogUnavailable(str(error)) from None
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(target=_run, args=(self._loop,), name="log-file", daemon=True)
        opened = list[LogReader]()
        # The thread does not know this: whoever drops the source, or forgets to close it, ends the thread too.
        self._end = weakref.finalize(self, _end, self._loop, thread, opened)
        thread.start()
        try:
            self._reader = self._run(open_reader(settings))
            opened.append(self._reader)
        except BaseException as error:
            self._end()
            if isinstance(error, DatabaseUrlError | EventError):
                raise LogUnavailable(str(error)) from None
            raise

    def channels(self) -> Sequence[str]:
        """See `Source`."""
        return tuple(channel.value for channel in Channel)

    def answer(self, path: str, params: Params) -> bytes:
        """See `Source`."""
        return self._asked(_answered(self._reader, path, params))

    def page(self, query: EventQuery, limit: int, *, newest: bool = False) -> Sequence[Text]:
        """See `Source`."""
        return self._asked(_page(self._reader, query, limit, newest=newest))

    def follow(
        self, channels: Sequence[str], symbols: Sequence[str] | None, history: History
    ) -> Iterator[Event]:
        """See `Source`; looks for what is new four times a second."""
        follower = Follower(self._reader, channels, symbols)
        self._asked(follower.begin(history))
        while True:
            for text in self._asked(follower.next_page()):
                yield event_of(text)

    def close(self) -> None:
        """See `Source`."""
        self._end()

    def _asked(self, question: Coroutine[Any, Any, Result]) -> Result:
        if not self._end.alive:
            question.close()
            raise LogUnavailable("the log is closed")
        try:
            return self._run(question)
        except (InvalidEvent, InvalidCursor) as error:
            raise QuestionRefused(error.code, str(error)) from None
        except EventError as error:
            raise LogUnavailable(str(error)) from error

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            future: Future[Result] = asyncio.run_coroutine_threadsafe(work, self._loop)
        except BaseException:
            work.close()  # Ctrl-C came first: it was never begun
            raise
        try:
            return future.result()
        except BaseException:
            future.cancel()  # as after Ctrl-C: nobody waits for it any more
            raise


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


def _end(
    loop: asyncio.AbstractEventLoop, thread: threading.Thread, opened: Sequence[LogReader]
) -> None:
    """Close the log, and end the thread."""
    loop.call_soon_threadsafe(lambda: loop.create_task(_leave(loop, opened)))
    if threading.current_thread() is not thread:  # as where the thread itself collects garbage
        thread.join()


async def _leave(loop: asyncio.AbstractEventLoop, opened: Sequence[LogReader]) -> None:
    for reader in opened:
        with suppress(Exception):  # as when the interpreter ends: no thread is started any more
            await reader.log.close()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    loop.stop()


async def _answered(reader: LogReader, path: str, params: Params) -> bytes:
    await reader.refresh()
    if path == "/api/events":  # asked for the end of the log only
        head = reader.log.head
        return orjson.dumps({"epoch": head.epoch, "head": head.position})
    if path.startswith(_EVENT):
        ref = path.removeprefix(_EVENT)
        found = await one_event(reader, ref)
        if found is None:
            raise QuestionRefused("unknown_event", f"there is no event {ref!r}")
    else:
        given = {name: value for name, value in params.items() if value is not None}
        found = await _QUERIES[path](reader, **given)
    return orjson.dumps(found)


async def _page(
    reader: LogReader, wanted: EventQuery, limit: int, *, newest: bool
) -> Sequence[Text]:
    await reader.refresh()
    query = read_query(wanted, reader.log.head.position, limit, newest=newest)
    found = [event.text for event in await reader.log.store.read_texts(query, present_text)]
    return found[::-1] if newest else found
