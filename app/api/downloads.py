"""How many downloads there may be, and how long one waits for a client that takes nothing.

A download holds a page, an encoder and a thread's turn for as long as its client takes; so there are few at a
time, and who stops reading loses his place.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import Final

from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.api.problems import ApiProblem
from app.stream.direct import CUT_OFF

EXPORTS_MAX: Final = 4
"""Exports under way at a time; one more is refused with 503, `too_many_exports`."""

EXPORT_RETRY_S: Final = 10
"""When whom that hit may ask again (`Retry-After`)."""

EXPORT_STALL_S: Final = 60.0
"""A client that takes nothing of what waits for it for so long is cut off."""

EXPORT_PIECE_BYTES: Final = 256 * 1024
"""An export is sent in pieces of at most so many bytes; slower than one in `EXPORT_STALL_S` is taken for stalled."""


class ExportCut(Exception):
    """An export that could not be brought to its end."""


class Downloads:
    """Counts the exports that are under way."""

    def __init__(self) -> None:
        self._under_way = 0

    def begin(self) -> None:
        """Take a place; `end` gives it back.

        Raises:
            ApiProblem: 503, all are taken.
        """
        if self._under_way >= EXPORTS_MAX:
            detail = (
                f"{EXPORTS_MAX} exports are under way, as many as there may be: ask again later"
            )
            retry = {"Retry-After": str(EXPORT_RETRY_S)}
            raise ApiProblem(
                HTTPStatus.SERVICE_UNAVAILABLE, "too_many_exports", detail, headers=retry
            )
        self._under_way += 1

    def end(self) -> None:
        """One has ended, whichever way."""
        self._under_way -= 1


class DownloadResponse(StreamingResponse):
    """A body that lets go of all that it holds when it ends, when its client goes, or takes nothing any more."""

    def __init__(
        self,
        body: AsyncGenerator[bytes, None],
        headers: Mapping[str, str],
        media_type: str,
        ended: Callable[[], None],
    ) -> None:
        """`ended` is called once, in the end."""
        super().__init__(body, 200, headers, media_type)
        self._body = body
        self._ended = ended
        self._cut_off: Callable[[], None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the body.

        Raises:
            ExportCut: it could not be read to its end, or its client took nothing for too long.
        """
        self._cut_off = scope.get("extensions", {}).get(CUT_OFF)
        try:
            await super().__call__(scope, receive, send)
        finally:
            try:
                # A body that nobody asks for more would be let go of whenever the garbage is collected.
                await self._body.aclose()
            finally:
                self._ended()

    async def stream_response(self, send: Send) -> None:
        """The same, with an end of all patience."""
        await super().stream_response(partial(self._send, send))

    async def _send(self, send: Send, message: Message) -> None:
        try:
            for piece in _pieces(message):
                async with asyncio.timeout(EXPORT_STALL_S):
                    await send(piece)
        except TimeoutError as error:
            if self._cut_off is not None:
                self._cut_off()
            raise ExportCut(f"its client took nothing for {EXPORT_STALL_S:g} s") from error


def _pieces(message: Message) -> Iterator[Message]:
    body = message.get("body", b"")
    if len(body) <= EXPORT_PIECE_BYTES:
        yield message
        return
    for start in range(0, len(body), EXPORT_PIECE_BYTES):
        end = start + EXPORT_PIECE_BYTES
        is_last = end >= len(body) and not message["more_body"]
        yield {**message, "body": body[start:end], "more_body": not is_last}
