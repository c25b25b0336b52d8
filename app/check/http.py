"""The server over HTTP: who it is, its log, and one request of a writer."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import orjson

from app.check.span import Logged
from events.scalars import parse_time, to_micros

PAGE_EVENTS: Final = 1_000
"""Events in a page of the log: as many as a server gives at once."""

ASKED_S_MAX: Final = 30.0
"""How long a page of the log may take."""

PROBLEM_SHOWN: Final = 200
"""Characters of an answer that an error shows."""


class CannotCheck(Exception):
    """The check cannot be made, or not to its end; the text says why, in one line."""


class Http:
    """One server."""

    def __init__(self, url: str, token: str | None) -> None:
        """`token` goes in a header, never in the address."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        limits = httpx.Limits(max_connections=None)
        self.url = url
        self.client = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=ASKED_S_MAX, limits=limits, trust_env=False
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self.client.aclose()

    async def head(self) -> tuple[str, int]:
        """The log's epoch and head."""
        page = _object(await self._get("/api/events?limit=1&order=desc"))
        try:
            return str(page["epoch"]), int(page["head"])
        except (KeyError, ValueError) as error:
            raise CannotCheck(f"{self.url} does not answer as a Synapse server does") from error

    async def version(self) -> str:
        """The server's version, as its contract tells it; empty where it does not."""
        try:
            told = _object(await self._get("/openapi.json"))
        except CannotCheck:
            return ""
        return str(told.get("info", {}).get("version", ""))

    async def log(self, after: int, head: int) -> AsyncIterator[list[Logged]]:
        """The log after a position, page after page, up to its head, or until nothing more comes."""
        while after < head:
            text = await self._get(f"/api/events?after={after}&limit={PAGE_EVENTS}")
            page = page_events(text)
            yield page
            if not page or page[-1].position <= after:
                return
            after = page[-1].position

    async def _get(self, path: str) -> str:
        try:
            answer = await self.client.get(path)
        except httpx.HTTPError as error:
            raise CannotCheck(f"{self.url} cannot be reached: {told(error)}") from error
        if answer.status_code != httpx.codes.OK:
            raise CannotCheck(f"{self.url}{path} is answered with {problem(answer)}")
        return answer.text


def page_events(text: str) -> list[Logged]:
    """The events of a page of the log, each with the very characters that stand there.

    Raises:
        CannotCheck: it is no such page.
    """
    decoder, begin = json.JSONDecoder(), '{"events":['
    if not text.startswith(begin):
        raise CannotCheck(f"no page of a log: {text[:PROBLEM_SHOWN]}")
    found: list[Logged] = []
    at = len(begin)
    try:
        while text[at] != "]":
            event, end = decoder.raw_decode(text, at)
            found.append(_logged(event, text[at:end]))
            at = end + (text[end] == ",")
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise CannotCheck(f"no page of a log: {told(error)}") from error
    return found


def _logged(event: dict[str, Any], text: str) -> Logged:
    occurred_at_us = to_micros(parse_time(event["occurred_at"]))
    return Logged(event["position"], event["stream"], event["version"], occurred_at_us, text)


def told(error: Exception) -> str:
    """An error in words."""
    return str(error) or type(error).__name__


def problem(answer: httpx.Response) -> str:
    """The status of an answer, and what it says."""
    try:
        detail = str(_object(answer.text)["detail"])
    except (CannotCheck, KeyError):
        detail = answer.text[:PROBLEM_SHOWN].strip()
    return f"{answer.status_code}: {detail}" if detail else str(answer.status_code)


def _object(text: str) -> dict[str, Any]:
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise CannotCheck(f"the server's answer is no JSON: {text[:PROBLEM_SHOWN]}") from error
    if not isinstance(parsed, dict):
        raise CannotCheck(f"the server's answer is no object: {text[:PROBLEM_SHOWN]}")
    return parsed
