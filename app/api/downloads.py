"""How many downloads there may be, and how long one waits for a client that takes nothing, or little.

A download holds a page, an encoder and a thread's turn for as long as its client takes; so there are few at a
time, and who stops reading loses his place.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import Final

from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.api.problems import ApiProblem
from app.stream.crowd import client_of
from app.stream.direct import CUT_OFF

EXPORTS_MAX: Final = 4
"""Exports under way at a time; one more is refused with 503, `too_many_exports`."""

EXPORTS_PER_CLIENT_MAX: Final = 2
"""The same of one client address: nobody has all places."""

EXPORT_RETRY_S: Final = 10
"""When whom that hit may ask again (`Retry-After`)."""

EXPORT_STALL_S: Final = 60.0
"""A client that takes nothing of what waits for it for so long is cut off."""

EXPORT_PIECE_BYTES: Final = 256 * 1024
"""An export is sent in pieces of at most so many bytes; slower than one in `EXPORT_STALL_S` is taken for stalled."""

EXPORT_GRACE_S: Final = 60.0
"""How long a client may keep an export waiting in all, at whatever pace; and beyond that …"""

EXPORT_BYTES_PER_S_MIN: Final = 64 * 1024
"""… one second for every so many bytes that it took."""


class ExportCut(Exception):
    """An export that could not be brought to its end."""


class Downloads:
    """Counts the exports that are under way, in all and by client."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()

    def begin(self, address: str) -> Callable[[], None]:
        """Take a place for whoever comes from an address; what is returned gives it back, once.

        Raises:
            ApiProblem: 503, all are taken, or all that one client may have.
        """
        client = client_of(address)
        if self._under_way.total() >= EXPORTS_MAX:
            raise _too_many(f"{EXPORTS_MAX} exports are under way, as many as there may be")
        if self._under_way[client] >= EXPORTS_PER_CLIENT_MAX:
            raise _too_many(
                f"{EXPORTS_PER_CLIENT_MAX} exports from your address are under way, as many as one may have"
            )
        self._under_way[client] += 1
        return partial(self._end, client)

    def _end(self, client: str) -> None:
        self._under_way[client] -= 1
        self._under_way += Counter()  # forgets whoever has none


def _too_many(what: str) -> ApiProblem:
    return ApiProblem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "too_many_exports",
        f"{what}: ask again later",
        headers={"Retry-After": str(EXPORT_RETRY_S)},
    )


class Patience:
    """How long a client may keep its export waiting: by what it has taken."""

    def __init__(self) -> None:
        self._waited_s = 0.0
        self._taken = 0

    @property
    def left_s(self) -> float:
        """How long the next piece may wait for it."""
        allowed = max(EXPORT_GRACE_S, self._taken / EXPORT_BYTES_PER_S_MIN)
        return min(EXPORT_STALL_S, allowed - self._waited_s)

    def took(self, size: int, after_s: float) -> None:
        """A piece was taken, so long after it was there."""
        self._taken += size
        self._waited_s += after_s


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
        self._patience = Patience()
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
        clock = asyncio.get_running_loop().time
        try:
            for piece in _pieces(message):
                begun = clock()
                async with asyncio.timeout(self._patience.left_s):
                    await send(piece)
                self._patience.took(len(piece.get("body", b"")), clock() - begun)
        except TimeoutError as error:
            if self._cut_off is not None:
                self._cut_off()
            told = (
                f"its client took nothing for {EXPORT_STALL_S:g} s,"
                f" or less than {EXPORT_BYTES_PER_S_MIN} bytes a second"
            )
            raise ExportCut(told) from error


def _pieces(message: Message) -> Iterator[Message]:
    body = message.get("body", b"")
    if len(body) <= EXPORT_PIECE_BYTES:
        yield message
        return
    for start in range(0, len(body), EXPORT_PIECE_BYTES):
        end = start + EXPORT_PIECE_BYTES
        is_last = end >= len(body) and not message["more_body"]
        yield {**message, "body": body[start:end], "more_body": not is_last}
