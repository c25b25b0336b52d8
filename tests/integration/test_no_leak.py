"""No way of reading shows anything of a channel that a token does not cover: all sets of channels, all endpoints.

Each channel of the log says words that no other one does. Sockets: test_no_leak_sockets; writes: test_no_leak_writes.
"""

# covers: app.access.rules, app.api.auth

import io
from typing import Any, Final

import httpx
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from pyarrow import ipc

from app.access.grant import Scope
from events.catalog import Channel
from tests.endpoints import endpoints
from tests.integration.leaking import (
    ALL,
    EVERY_CHANNELS,
    EVERY_SCOPES,
    LANE,
    SHARED,
    SOME_CHANNELS,
    Channels,
    Leaking,
    Scopes,
    heard,
    named,
    token_of,
)

READ: Final = frozenset({Scope.READ})
PRICED: Final = frozenset({Channel.REGIME, Channel.PRICES})
NONE: Final = frozenset[Channel]()
OPEN: Final = {
    *("/healthz", "/readyz", "/openapi.json", "/schemas/price_update.json", "/api/session"),
    *("/asyncapi", "/asyncapi.json", "/asyncapi.css", "/"),
}
FILTERED: Final = (
    "/api/state",
    "/api/state?position=11",
    "/api/state?at=2026-02-01T00:00:00Z",
    "/api/state?known_at=2099-01-01T00:00:00Z",
    f"/api/state?symbol={SHARED}",
    f"/api/lanes/{LANE}/state",
    f"/api/lanes/{LANE}/state?position=12",
    f"/api/lanes/{LANE}/state?at=2026-02-01T00:00:00Z&symbol={SHARED}",
    "/api/events",
    "/api/events?limit=1000&order=desc",
    "/api/events?raw=true",
    "/api/events?channels=",
    "/api/events?channels=,&format=ndjson",
    f"/api/events?symbols={SHARED}",
    "/api/events?types=trade_execution,system_notice",
    "/api/events?since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z",
    "/api/events?format=ndjson",
    "/api/events?format=csv",
    "/api/events?format=cloudevents",
    f"/api/events?format=csv&types=price_update&symbols={SHARED}",
)
"""Answers without what a token does not cover."""

WHOLE: Final = {
    f"/api/bars?symbol={SHARED}": PRICED,
    f"/api/bars?symbol={SHARED}&position=12&points=1": PRICED,
    "/api/episodes": PRICED,
    f"/api/episodes?symbol={SHARED}&position=12": PRICED,
    "/api/transitions": PRICED,
    f"/api/explain?symbol={SHARED}": PRICED,
    "/api/compare?a=0": ALL,
    f"/api/compare?a=3&b=head&symbol={SHARED}": ALL,
    "/api/lanes": PRICED,
    f"/api/lanes/{LANE}/episodes": PRICED,
    "/api/alert-rules": frozenset({Channel.SYSTEM}),
    "/metrics": NONE,
}
"""Answers that are made of several channels, all of which a token must cover."""

BINARY: Final = ("parquet", "arrow")
ONE_EVENT, STREAM, CONNECTIONS = "/api/events/1", "/api/stream", "/api/connections"


class Reader:
    """Asks with one token, and hears nothing that it does not cover."""

    def __init__(self, room: Leaking, scopes: Scopes, channels: Channels) -> None:
        self.room, self.channels = room, channels
        self.headers = {"Authorization": f"Bearer {token_of(scopes, channels)}"}
        self.heard = NONE

    def get(self, path: str, **headers: str) -> httpx.Response:
        """An answer, in which nothing is heard that must not be."""
        answer = self.room.served.http.get(path, headers={**self.headers, **headers})
        self.hear(path, answer.text + str(answer.headers))
        return answer

    def hear(self, path: str, text: str) -> None:
        found = heard(text)
        assert found <= self.channels, f"{path} tells of {sorted(found - self.channels)}"
        self.heard |= found

    def is_refused(self, path: str, code: str, status: int = 403) -> None:
        answer = self.get(path)
        assert answer.status_code == status, (path, answer.text)
        assert answer.json()["code"] == code


def is_of(event: dict[str, Any], channels: Channels) -> bool:
    return event["stream"].partition(":")[0] in channels


def rows_of(format_: str, content: bytes) -> list[dict[str, Any]]:
    if format_ == "parquet":
        return list(pq.read_table(io.BytesIO(content)).to_pylist())
    return list(ipc.open_file(io.BytesIO(content)).read_all().to_pylist())


# --- every set of channels ----------------------------------------------------------------------


@pytest.mark.parametrize("channels", EVERY_CHANNELS, ids=named)
def test_answers_hold_what_is_covered_and_nothing_else(room: Leaking, channels: Channels) -> None:
    reader = Reader(room, READ, channels)
    for path in FILTERED:
        assert reader.get(path).status_code == 200, path
    assert reader.heard == channels, "what it covers is there"
    for path, needed in WHOLE.items():
        if needed <= channels:
            assert reader.get(path).status_code == 200, path
        else:
            reader.is_refused(path, "forbidden_channel")


@pytest.mark.parametrize("channels", EVERY_CHANNELS, ids=named)
def test_one_event_comes_without_causes_and_effects_of_others(
    room: Leaking, channels: Channels
) -> None:
    reader = Reader(room, READ, channels)
    # The first of each channel, and the last.
    for event in [*room.events[:6], *room.events[-2:]]:
        of = Channel(event["stream"].partition(":")[0])
        for ref in (
            (event["position"], event["msg_id"])
            if channels in SOME_CHANNELS
            else (event["position"],)
        ):
            if of in channels:
                assert reader.get(f"/api/events/{ref}").status_code == 200
            elif ref == event["position"]:
                reader.is_refused(f"/api/events/{ref}", "forbidden_channel")
            else:
                # Ids follow from what an event says: whoever guesses one must not learn that he was right.
                reader.is_refused(f"/api/events/{ref}", "unknown_event", 404)
    assert reader.heard == channels


@pytest.mark.parametrize("channels", EVERY_CHANNELS, ids=named)
def test_an_id_of_a_hidden_event_is_told_nowhere(room: Leaking, channels: Channels) -> None:
    reader = Reader(room, READ, channels)
    hidden = {event["msg_id"] for event in room.events if not is_of(event, channels)}
    paths = [f"/api/events/{event['position']}" for event in room.events if is_of(event, channels)]
    for path in [*paths, "/api/events", "/api/state", "/api/events?format=cloudevents"]:
        text = reader.get(path).text
        assert not any(one in text for one in hidden), path
    own = room.events[-1]
    if is_of(own, channels) and channels != ALL:
        found = reader.get(f"/api/events/{own['position']}").json()
        assert (found["hash"], found["correlation_id"]) == (None, own["msg_id"])


def test_a_hidden_event_is_answered_as_one_that_is_not_there(room: Leaking) -> None:
    nothing = "00000000-0000-5000-8000-000000000000"
    for channels in SOME_CHANNELS:
        reader = Reader(room, READ, channels)
        unknown = reader.get(f"/api/events/{nothing}")
        for event in room.events:
            if not is_of(event, channels):
                answer = reader.get(f"/api/events/{event['msg_id']}")
                assert answer.status_code == unknown.status_code == 404
                assert answer.text.replace(event["msg_id"], nothing) == unknown.text


@pytest.mark.parametrize("channels", SOME_CHANNELS, ids=named)
def test_a_state_tells_no_time_of_a_hidden_event(room: Leaking, channels: Channels) -> None:
    reader, known = Reader(room, READ, channels), None
    for event in room.events:
        if is_of(event, channels):
            known = event["occurred_at"], event["timestamp"]
        for path in (
            f"/api/state?position={event['position']}",
            f"/api/lanes/{LANE}/state?position=0",
        ):
            as_of = reader.get(path).json()["as_of"]
            told = as_of["occurred_at"], as_of["recorded_at"]
            if channels == ALL:
                continue
            if path.startswith("/api/lanes"):
                assert told == (None, None)
            else:
                assert told[0] == (known and known[0]), path
                assert told[1] == (known and known[1]), path


@pytest.mark.parametrize("format_", ["ndjson", "csv", "cloudevents", *BINARY])
def test_an_export_tells_a_hash_only_to_who_sees_all(room: Leaking, format_: str) -> None:
    for channels in SOME_CHANNELS:
        reader = Reader(room, READ, channels)
        with room.served.http.stream(
            "GET", f"/api/events?format={format_}&after=2&before=9", headers=reader.headers
        ) as answer:
            told = {name for name in answer.headers if name.endswith("-hash")}
            assert answer.headers["x-synapse-to"] == "8"
        of_all = {f"x-synapse-{end}-hash" for end in ("from", "to", "head")}
        assert told == (of_all if channels == ALL else set())


@pytest.mark.parametrize("channels", SOME_CHANNELS, ids=named)
def test_a_channel_that_is_named_must_be_covered(room: Leaking, channels: Channels) -> None:
    reader = Reader(room, READ, channels)
    for channel in Channel:
        for query in (channel.value, f"regime&channels={channel}", f"{channel},prices"):
            asked = {*query.replace("&channels=", ",").split(",")}
            for more in ("", "&format=ndjson", "&raw=true"):
                path = f"/api/events?channels={query}{more}"
                if asked <= channels:
                    assert reader.get(path).status_code == 200
                else:
                    reader.is_refused(path, "forbidden_channel")
            if not asked <= channels:
                reader.is_refused(f"{STREAM}?channels={query}", "forbidden_channel")


@pytest.mark.parametrize("channels", SOME_CHANNELS, ids=named)
def test_a_stream_is_of_what_is_covered(room: Leaking, channels: Channels) -> None:
    reader = Reader(room, READ, channels)
    epoch = reader.get("/api/events?limit=1").json()["epoch"]
    for path, headers in (
        (f"{STREAM}?history=all", {}),
        (f"{STREAM}?since=2020-01-01T00:00:00Z", {}),
        (f"{STREAM}?channels={','.join(channels)}&last=50", {}),
        (f"{STREAM}?after=0&delivery=latest", {}),
        (STREAM, {"Last-Event-ID": f"{epoch}:0"}),
    ):
        with room.served.http.stream("GET", path, headers={**reader.headers, **headers}) as answer:
            assert answer.status_code == 200
            text = ""
            for piece in answer.iter_text():
                text += piece
                if "event: caught_up" in text:
                    break
        assert heard(text) == channels
        reader.hear(path, text)


@pytest.mark.parametrize("format_", BINARY)
@pytest.mark.parametrize("channels", SOME_CHANNELS, ids=named)
def test_a_table_is_of_what_is_covered(room: Leaking, channels: Channels, format_: str) -> None:
    answer = room.served.http.get(
        f"/api/events?format={format_}", headers=Reader(room, READ, channels).headers
    )
    assert answer.status_code == 200
    rows = rows_of(format_, answer.content)
    assert heard(str(rows)) == channels
    assert {row["channel"] for row in rows} == set(channels)


# --- every set of scopes ------------------------------------------------------------------------


@pytest.mark.parametrize("scopes", EVERY_SCOPES, ids=named)
def test_reading_needs_its_scope_whatever_else_there_is(room: Leaking, scopes: Scopes) -> None:
    for channels in SOME_CHANNELS:
        reader = Reader(room, scopes, channels)
        for path in [*FILTERED, *WHOLE, ONE_EVENT, STREAM]:
            if Scope.READ not in scopes:
                reader.is_refused(path, "forbidden")
        if Scope.ADMIN in scopes:
            assert reader.get(CONNECTIONS).status_code == 200
        else:
            reader.is_refused(CONNECTIONS, "forbidden")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic d3Jvbmc6d3Jvbmc="},
        {"Cookie": "synapse_session=2.e30.AA"},
    ],
    ids=str,
)
def test_who_shows_nothing_that_counts_sees_nothing(room: Leaking, headers: dict[str, str]) -> None:
    asked = {"Authorization": "", **headers}
    if not asked["Authorization"]:
        del asked["Authorization"]
    with httpx.Client(base_url=room.served.url, headers=asked) as http:
        for path in [*FILTERED, *WHOLE, ONE_EVENT, STREAM, CONNECTIONS, "/api/none"]:
            answer = http.get(path)
            assert answer.status_code == 401, path
            assert answer.json()["code"] == "unauthorised"
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert heard(answer.text) == NONE
            assert "synapse.db" not in answer.text
        for path in OPEN:
            answer = http.get(path)
            # What a token may do is asked with one that is right, or with none.
            is_wrong = path == "/api/session" and "Authorization" in asked
            assert answer.status_code == (401 if is_wrong else 200), path
            assert heard(answer.text + str(answer.headers)) == NONE


def test_a_token_in_the_address_is_not_taken(room: Leaking) -> None:
    token = token_of(READ, ALL)
    for name in ("token", "access_token", "Token", "tok%65n", "api_key", "authorization"):
        answer = room.stranger.get(f"/api/events?{name}={token}")
        assert (answer.status_code, answer.json()["code"]) == (400, "token_in_query")
        assert heard(answer.text) == NONE
        assert token not in answer.text


def test_a_path_with_a_line_end_is_no_way_around_a_rule(room: Leaking) -> None:
    reader = Reader(room, READ, frozenset({Channel.SYSTEM}))
    for path in [*WHOLE, CONNECTIONS, *FILTERED]:
        place, _, query = path.partition("?")
        for end in ("%0A", "%0a", "%0D", "%0D%0A", "%00"):
            assert reader.get(f"{place}{end}?{query}").status_code == 404


def test_every_endpoint_that_reads_was_asked(room: Leaking) -> None:
    asked = {path.partition("?")[0] for path in [*FILTERED, *WHOLE, *OPEN]}
    asked |= {ONE_EVENT, STREAM, CONNECTIONS}
    values = {"{name}": LANE, "{ref}": "1", "{type}": "price_update"}
    for endpoint in endpoints(room.served.app):
        path = endpoint.path
        for place, value in values.items():
            path = path.replace(place, value)
        assert endpoint.method not in {"GET", "HEAD"} or path in asked, f"ask {path} here"
