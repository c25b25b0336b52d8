"""Where a log is asked: over HTTP, or in its file. Both give the very same answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import httpx
import orjson

from app.client.errors import LogUnavailable, QuestionRefused
from app.client.messages import Event
from app.client.opening import untrusted
from app.client.refusals import with_hint
from app.client.request import History
from app.client.sync import SyncSynapseClient
from events.catalog import Channel
from events.scalars import format_time

Param = str | int | datetime | None
Params = Mapping[str, Param]
Text = str | bytes

ANSWER_S_MAX: Final = 60.0
"""How long an answer over HTTP may take, in seconds."""

_NO_PATH: Final = "not_found"
_NOT_OURS: Final = "does not answer like a Synapse server"


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events: between positions (exclusive) and market times (inclusive), of some streams and types."""

    after: int = 0
    before: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    channels: tuple[str, ...] | None = None
    symbols: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None


class Source(Protocol):
    """A log that answers. Its methods raise `LogUnavailable` and `QuestionRefused`."""

    def answer(self, path: str, params: Params) -> bytes:
        """The JSON that `GET path` answers."""

    def page(self, query: EventQuery, limit: int, *, newest: bool = False) -> Sequence[Text]:
        """The messages of the first `limit` events that match, or of the newest; always oldest first."""

    def follow(
        self, channels: Sequence[str], symbols: Sequence[str] | None, history: History
    ) -> Iterator[Event]:
        """Events as they are recorded, for ever, after what of the past is asked for."""

    def channels(self) -> Sequence[str]:
        """The channels that may be read: all of a file; at a server those that the token covers."""

    def close(self) -> None:
        """Let go of the file or the connections."""


class HttpSource:
    """A server's log."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """`url`: such as `http://127.0.0.1:8000`; nothing is asked yet."""
        self._url = url.rstrip("/")
        self._token = token
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            self._http = httpx.Client(base_url=self._url, headers=headers, timeout=ANSWER_S_MAX)
        except httpx.InvalidURL as error:
            raise LogUnavailable(f"{url} is no address: {error}") from None

    def answer(self, path: str, params: Params) -> bytes:
        """See `Source`."""
        return self._get(path, _texts(params), "application/json")

    def page(self, query: EventQuery, limit: int, *, newest: bool = False) -> Sequence[Text]:
        """See `Source`."""
        params = _texts(_params(query) | {"limit": limit})
        if newest:
            body = self._get("/api/events", params | {"order": "desc"}, "application/json")
            return [orjson.dumps(event) for event in reversed(orjson.loads(body)["events"])]
        lines = self._get("/api/events", params | {"format": "ndjson"}, "application/x-ndjson")
        return lines.splitlines()

    def _get(self, path: str, params: Mapping[str, str], media_type: str) -> bytes:
        try:
            response = self._http.get(path, params=params)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = untrusted(error) or str(error) or type(error).__name__
            raise LogUnavailable(f"{self._url}: {reason}") from error
        given = response.headers.get("content-type", "").partition(";")[0]
        if response.is_success and given == media_type:
            return response.content
        problem = response.json() if given == "application/problem+json" else {"code": _NO_PATH}
        if problem["code"] == _NO_PATH:
            raise LogUnavailable(f"{self._url} {_NOT_OURS} (status {response.status_code})")
        if response.is_server_error:
            raise LogUnavailable(f"{self._url}: {problem['detail']}")
        raise QuestionRefused(problem["code"], with_hint(response.status_code, problem["detail"]))

    def follow(
        self, channels: Sequence[str], symbols: Sequence[str] | None, history: History
    ) -> Iterator[Event]:
        """See `Source`; it comes back by itself when the connection breaks."""
        client = SyncSynapseClient(self._url, token=self._token)
        with client.subscribe(channels, symbols, history=history) as events:
            yield from events

    def channels(self) -> Sequence[str]:
        """See `Source`."""
        try:
            found = orjson.loads(self.answer("/api/session", {}))
        except LogUnavailable:
            found = {}  # an older server has no sessions
        # Of a token that covers none, a server says itself what is wrong with it.
        return tuple(found.get("channels") or [channel.value for channel in Channel])

    def close(self) -> None:
        """See `Source`."""
        self._http.close()


def _params(query: EventQuery) -> dict[str, Param]:
    lists = {"channels": query.channels, "symbols": query.symbols, "types": query.types}
    return {
        "after": query.after,
        "before": query.before,
        "since": query.since,
        "until": query.until,
        **{name: None if given is None else ",".join(given) for name, given in lists.items()},
    }


def _texts(params: Params) -> dict[str, str]:
    return {
        name: format_time(value) if isinstance(value, datetime) else str(value)
        for name, value in params.items()
        if value is not None
    }
