"""The server over HTTP: who it is, its log, and one request of a writer."""

import asyncio
from collections.abc import AsyncIterator
from ssl import create_default_context
from typing import Any, Final

import httpx
import orjson

from app.check.findings import Finding, one_line
from app.check.page import PAGE_EVENTS, Page, falling_faults, parse_page, rising_faults
from app.client.opening import untrusted
from app.client.refusals import with_hint

ASKED_S_MAX: Final = 30.0
"""How long a page of the log may take."""


class CannotCheck(Exception):
    """The check cannot be made, or not to its end; the text says why, in one line."""


class Http:
    """One server."""

    def __init__(self, url: str, token: str | None, asked_s_max: float = ASKED_S_MAX) -> None:
        """`token` goes in a header, never in the address. An answer may take `asked_s_max`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        limits = httpx.Limits(max_connections=None)
        self.url = url
        self.asked_s_max = asked_s_max
        self.client = httpx.AsyncClient(
            base_url=url,
            headers=headers,
            timeout=ASKED_S_MAX,
            limits=limits,
            trust_env=False,  # no proxy; but the authorities that SSL_CERT_FILE names are trusted
            verify=create_default_context() if url.startswith("https:") else True,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self.client.aclose()

    async def head(self) -> tuple[str, int]:
        """The log's epoch and head."""
        page = _object(await self._get("/api/events?limit=1&order=desc"))
        try:
            return str(page["epoch"]), int(page["head"])
        except (KeyError, TypeError, ValueError) as error:
            raise CannotCheck(f"{self.url} does not answer as a Synapse server does") from error

    async def version(self) -> str:
        """The server's version, as its contract tells it; empty where it does not."""
        try:
            told = _object(await self._get("/openapi.json"))
        except CannotCheck:
            return ""
        info = told.get("info")
        return one_line(str(info.get("version", ""))) if isinstance(info, dict) else ""

    async def log(
        self, after: int, head: int, epoch: str, found: list[Finding]
    ) -> AsyncIterator[Page]:
        """The log after a position, page after page, up to its head, or until nothing more comes.

        What is untrue in a page goes into `found`.
        """
        while after < head:
            page = await self._page(f"after={after}")
            found += rising_faults(page, after, epoch)
            yield page
            if not page.events or page.events[-1].position <= after:
                return
            after = page.events[-1].position

    async def falling(
        self, after: int, head: int, epoch: str, found: list[Finding]
    ) -> AsyncIterator[Page]:
        """The same part of the log, from its head back."""
        before = head + 1
        while before > after + 1:
            page = await self._page(f"after={after}&before={before}&order=desc")
            found += falling_faults(page, before, after, epoch)
            yield page
            if not page.events or page.events[-1].position >= before:
                return
            before = page.events[-1].position

    async def _page(self, asked: str) -> Page:
        text = await self._get(f"/api/events?{asked}&limit={PAGE_EVENTS}")
        try:
            return parse_page(text)
        except ValueError as error:
            shown = f"{one_line(text, 100)} ({one_line(told(error), 100)})"
            raise CannotCheck(f"no page of a log: {shown}") from error

    async def _get(self, path: str) -> str:
        try:
            async with asyncio.timeout(self.asked_s_max):
                answer = await self.client.get(path)
        except TimeoutError as error:
            raise CannotCheck(f"{self.url} does not answer in {self.asked_s_max:g} s") from error
        except httpx.HTTPError as error:
            reason = untrusted(error) or told(error)
            raise CannotCheck(f"{self.url} cannot be reached: {reason}") from error
        if answer.status_code != httpx.codes.OK:
            said = with_hint(answer.status_code, problem(answer))
            if answer.status_code in {401, 403} and "Authorization" in self.client.headers:
                raise CannotCheck(
                    f"{self.url} refuses the token (--token, --token-file or SYNAPSE_TOKEN): {said}"
                )
            raise CannotCheck(f"{self.url}{path} is answered with {said}")
        return answer.text


def told(error: Exception) -> str:
    """An error in words, on one line."""
    return one_line(str(error)) or type(error).__name__


def problem(answer: httpx.Response) -> str:
    """The status of an answer, and what it says."""
    try:
        detail = one_line(str(_object(answer.text)["detail"]))
    except (CannotCheck, KeyError):
        detail = one_line(answer.text)
    return f"{answer.status_code}: {detail}" if detail else str(answer.status_code)


def _object(text: str) -> dict[str, Any]:
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise CannotCheck(f"the server's answer is no JSON: {one_line(text)}") from error
    if not isinstance(parsed, dict):
        raise CannotCheck(f"the server's answer is no object: {one_line(text)}")
    return parsed
