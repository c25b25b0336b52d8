"""A server's log, exported over HTTP. A download that is cut off is no export."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from app.analysis.export import MEDIA_TYPES, TABLES, ExportFormat, FormatUnavailable, module_of
from app.client.errors import LogUnavailable, QuestionRefused
from app.client.opening import untrusted
from app.client.refusals import with_hint
from app.exporting.asked import Asked, Span
from app.exporting.contents import contents_of
from app.exporting.manifest import Outcome
from app.exporting.sources import Download
from events.chain import GENESIS

SILENCE_S_MAX: Final = 60.0
"""A server that sends nothing for so long, in seconds, is given up."""

_PROBLEM: Final = "application/problem+json"


class ServerSource:
    """A server's log; see `app.exporting.sources.Source`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        """`http` has the server's address, and is closed by whoever made it."""
        self._http = http

    @asynccontextmanager
    async def begin(self, format_: ExportFormat, asked: Asked) -> AsyncGenerator[Download, None]:
        """See `Source`; what comes is counted here, which takes what reads the format."""
        asked.check()
        if format_ in TABLES:
            await asyncio.to_thread(module_of, format_)
        params = {name: _text(value) for name, value in asked.said().items()}
        with _told(self._http):
            request = self._http.stream(
                "GET", "/api/events", params={**params, "format": format_.value}
            )
            async with request as response:
                if _media_type(response) != MEDIA_TYPES[format_].partition(";")[0]:
                    await response.aread()
                    raise _refusal(self._http, response)
                yield ServerDownload(self, response, format_, asked.limit)

    async def epoch_and_head(self) -> tuple[str, int]:
        """See `Source`."""
        page = await self._get("/api/events", {"limit": "1", "order": "desc"})
        return page["epoch"], page["head"]

    async def hash_at(self, position: int) -> str | None:
        """See `Source`."""
        if position == 0:
            return GENESIS.hex()
        told: str | None = (await self._get(f"/api/events/{position}", {}))["hash"]
        return told

    async def symbols(self) -> Sequence[str]:
        """See `Source`."""
        return sorted((await self._get("/api/state", {}))["symbols"])

    async def _get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        with _told(self._http):
            response = await self._http.get(path, params=params)
        if _media_type(response) != "application/json":
            raise _refusal(self._http, response)
        answer: dict[str, Any] = response.json()
        return answer


class ServerDownload:
    """A download under way; see `Download`."""

    def __init__(
        self,
        source: ServerSource,
        response: httpx.Response,
        format_: ExportFormat,
        limit: int | None,
    ) -> None:
        self._source = source
        self._response = response
        self._format = format_
        self._limit = limit
        try:
            self.span = Span.of_headers(response.headers)
        except (KeyError, ValueError):
            raise LogUnavailable(
                f"{response.url.host} is a server that does not tell what its exports hold: update it"
            ) from None

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """See `Download`.

        Raises:
            LogUnavailable: the connection was cut off.
        """
        async for chunk in self._response.aiter_bytes():
            yield chunk

    def position(self) -> int | None:
        """See `Download`: only its bytes are seen."""
        return None

    async def outcome(self, file: Path | None) -> Outcome:
        """See `Download`: the file is looked into."""
        assert file is not None, "what is not kept has no outcome"
        found = await asyncio.to_thread(contents_of, file, self._format)
        upto, upto_hash = self.span.upto, self.span.upto_hash
        if found.last is not None and found.events == self._limit:
            upto = found.last
            upto_hash = upto_hash and await self._source.hash_at(upto)
        return Outcome(found.events, found.first, found.last, upto, upto_hash)


@contextmanager
def _told(http: httpx.AsyncClient) -> Iterator[None]:
    """What went wrong on the way, in the words of whoever asked."""
    try:
        yield
    except httpx.RemoteProtocolError as error:
        raise LogUnavailable(f"{http.base_url} cut the download off: {error}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = untrusted(error) or str(error) or type(error).__name__
        raise LogUnavailable(f"{http.base_url}: {reason}") from error


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list | tuple) else str(value)


def _media_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "").partition(";")[0])


def _refusal(http: httpx.AsyncClient, response: httpx.Response) -> Exception:
    problem = response.json() if _media_type(response) == _PROBLEM else {"code": "not_found"}
    if problem["code"] == "not_found":
        return LogUnavailable(
            f"{http.base_url} does not answer like a Synapse server (status {response.status_code})"
        )
    if problem["code"] == FormatUnavailable.code:
        return FormatUnavailable(f"{http.base_url}: {problem['detail']}")
    if response.is_server_error:
        return LogUnavailable(f"{http.base_url}: {problem['detail']}")
    return QuestionRefused(problem["code"], with_hint(response.status_code, problem["detail"]))
