"""What surrounds the endpoints: who may write, health, the contract, errors, limits, the dashboard."""

# covers: app.main, app.serving, app.api.auth, app.api.health, app.api.dashboard, app.api.limits

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from openapi_spec_validator import validate
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app import serving as serving_module
from app.api import dashboard
from app.api.limits import BODY_BYTES_MAX
from app.feeds.base import FeedError, ResumePoint
from app.market.ticks import PriceTick
from app.serving import CannotServe, address_of, bind, listens_everywhere
from events.clock import now_us
from events.scalars import from_micros
from events.sql_store import SqlEventStore
from tests.integration.served import Json, Served, daily, new_symbol, serving
from tests.waiting import eventually

JSON = {"Content-Type": "application/json"}


class FailingFeed:
    """A feed that fails until it is mended; then it gives one price and stays open."""

    name = "failing"
    source = "feed:failing"
    symbols = ("FAIL",)
    stalls_after_s = None
    gap_bars = None
    mended = False

    async def ticks(self, resume: Mapping[str, ResumePoint]) -> AsyncIterator[PriceTick]:
        if not self.mended:
            raise FeedError("prices.csv", 7, "close", "is gone")
        yield PriceTick(symbol="FAIL", price=Decimal(5), timestamp=from_micros(now_us()))
        await asyncio.Event().wait()


class SilentFeed:
    """A feed that gives one price when it is started, and no more."""

    name = "silent"
    source = "feed:silent"
    symbols = ("HUSH",)
    stalls_after_s = 0.2
    gap_bars = None

    async def ticks(self, resume: Mapping[str, ResumePoint]) -> AsyncIterator[PriceTick]:
        yield PriceTick(symbol="HUSH", price=Decimal(5), timestamp=from_micros(now_us()))
        await asyncio.Event().wait()


# --- who may write ------------------------------------------------------------------------------


WRITES: dict[str, Json] = {
    "/api/prices": {"prices": [daily("AUTH", "5", 0)]},
    "/api/broadcast/regime": {"symbol": "AUTH", "regime": "BULL"},
    "/api/broadcast/price-alert": {"symbol": "AUTH", "price": "1", "message": "m"},
    "/api/broadcast/portfolio": {"total_value": "1"},
    "/api/broadcast/trade": {"symbol": "AUTH", "side": "buy", "quantity": "1", "price": "1"},
}


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    "authorization", [None, b"Bearer", b"Bearer wrong", b"Basic d3Jvbmc6d3Jvbmc=", b"Bearer \xff"]
)
def test_writing_needs_the_token(served: Served, path: str, authorization: bytes | None) -> None:
    head = served.head()
    headers = {} if authorization is None else {b"Authorization": authorization}
    answer = httpx.post(served.url + path, json=WRITES[path], headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert answer.headers["www-authenticate"] == 'Bearer realm="synapse"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert served.head() == head


def test_reading_needs_no_token(served: Served) -> None:
    for path in ("/api/state", "/api/events", "/api/bars?symbol=X", "/healthz", "/readyz"):
        assert httpx.get(served.url + path).status_code == 200


# --- health -------------------------------------------------------------------------------------


def test_a_healthy_server_says_so(served: Served) -> None:
    assert served.get("/healthz") == {"status": "ok"}
    ready = served.get("/readyz")
    assert ready["status"] == "ready"
    assert ready["database"] == {"head": served.head(), "error": None}


def test_a_failing_feed_makes_the_server_unready_until_it_recovers(tmp_path: Path) -> None:
    feed = FailingFeed()
    with serving(tmp_path, [feed]) as served:

        def status() -> int:
            return served.http.get("/readyz").status_code

        eventually(lambda: status() == 503)
        told = served.http.get("/readyz").json()
        assert told["status"] == "not_ready"
        assert told["feeds"]["failing"]["error"] == "prices.csv, line 7: close is gone"
        assert served.get("/healthz") == {"status": "ok"}
        feed.mended = True
        eventually(lambda: status() == 200)
        assert served.get("/readyz")["feeds"]["failing"]["error"] is None
        assert served.get("/api/state?symbol=FAIL")["symbols"]["FAIL"]["price"] == "5"


def test_a_stalled_feed_makes_the_server_unready_until_prices_come_again(tmp_path: Path) -> None:
    with serving(tmp_path, [SilentFeed()]) as served:

        def answer() -> tuple[int, str, str | None]:
            answered = served.http.get("/readyz")
            told = answered.json()["feeds"]["silent"]
            return answered.status_code, told["phase"], told["error"]

        eventually(lambda: answer() == (503, "stalled", "no price came for 0.2 s"))
        eventually(lambda: answer() == (200, "running", None))
        told = served.http.get("/readyz").json()["feeds"]["silent"]
        assert told["ticks"] >= 2
        assert told["last_at"] < told["heard_at"]
        eventually(lambda: len(served.events("types=system_notice")) >= 3)
        kinds = [event["payload"]["kind"] for event in served.events("types=system_notice")]
        assert kinds[:3] == ["feed_started", "feed_stopped", "feed_started"]


def test_a_feed_that_another_process_plays_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def held_by_another(*_: object) -> None:
        return None

    monkeypatch.setattr(SqlEventStore, "acquire_lease", held_by_another)
    with serving(tmp_path, [SilentFeed()]) as served:
        ready = served.get("/readyz")
        assert ready["status"] == "ready"
        assert ready["feeds"]["silent"] == {
            "phase": "waiting",
            "ticks": 0,
            "duplicates": 0,
            "late": 0,
            "gaps": 0,
            "bad": 0,
            "failures": 0,
            "error": None,
            "last_at": None,
            "heard_at": None,
        }


# --- the contract and the errors ----------------------------------------------------------------


def test_the_openapi_document_is_valid(served: Served) -> None:
    document = served.get("/openapi.json")
    validate(document)
    paths = {"/api/state", "/api/events", "/api/bars", "/api/prices", "/healthz", "/readyz"}
    assert paths <= set(document["paths"])
    assert document["info"]["title"] == "Synapse"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/..%2f..%2fpyproject.toml", 404, "not_found"),
        ("GET", "/%00", 404, "not_found"),
        ("POST", "/api/broadcast/nothing", 404, "not_found"),
        ("DELETE", "/api/state", 405, "method_not_allowed"),
        ("GET", "/api/prices", 405, "method_not_allowed"),
        ("PUT", "/api/broadcast/regime", 405, "method_not_allowed"),
        ("POST", "/", 405, "method_not_allowed"),
    ],
)
def test_wrong_paths_and_methods_are_problems(
    served: Served, method: str, path: str, status: int, code: str
) -> None:
    answer = served.http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"prices":[', 400, "malformed_json"),
        (b"nonsense", 400, "malformed_json"),
        (b'{"prices":"\xff"}', 400, "malformed_json"),
        (b'{"prices":' + b"9" * 5_000 + b"}", 400, "malformed_json"),
        (b"[" * 100_000, 413, "too_deep"),
        (b"", 422, "invalid_request"),
        (b"null", 422, "invalid_request"),
        (b"[]", 422, "invalid_request"),
        (b"{}", 422, "invalid_request"),
        (b'{"prices":[]}', 422, "invalid_request"),
        (b'{"prices":NaN}', 422, "invalid_request"),
        (b'{"prices":[{"\\udfff":1}]}', 422, "invalid_request"),
    ],
)
def test_a_body_that_is_no_prices_is_a_problem(
    served: Served, body: bytes, status: int, code: str
) -> None:
    head = served.head()
    answer = served.http.post("/api/prices", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert served.head() == head


def test_the_last_of_two_equal_keys_counts(served: Served) -> None:
    good = json.dumps([daily(new_symbol(), "5", 0)])
    body = f'{{"prices":NaN,"prices":{good}}}'
    headers = {**JSON, "Idempotency-Key": new_symbol()}
    answer = served.http.post("/api/prices", content=body, headers=headers)
    assert answer.json()["events"] == 2


def test_a_body_that_is_not_called_json_is_told_how(served: Served) -> None:
    body = json.dumps({"prices": [daily(new_symbol(), "5", 0)]})
    for headers in ({}, {"Content-Type": "application/x-www-form-urlencoded"}):
        answer = served.http.post("/api/prices", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
        assert "Content-Type: application/json" in answer.json()["detail"]


def test_an_endless_body_is_cut_off_with_or_without_its_length(served: Served) -> None:
    chunk = b" " * 65_536

    def endless() -> list[bytes]:
        return [chunk] * (BODY_BYTES_MAX // len(chunk) + 1)

    announced = served.http.post("/api/prices", content=b"".join(endless()), headers=JSON)
    streamed = served.http.post("/api/prices", content=iter(endless()), headers=JSON)
    for answer in (announced, streamed):
        assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")
        assert answer.headers["content-type"] == "application/problem+json"


# --- the dashboard ------------------------------------------------------------------------------


async def test_the_dashboard_leaves_the_api_and_the_sockets_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<p>the dashboard")
    (static / "assets" / "app-1a2b.js").write_text("1")
    monkeypatch.setattr(dashboard, "STATIC", static)
    with serving(tmp_path) as served:
        page, script = served.http.get("/"), served.http.get("/assets/app-1a2b.js")
        assert (page.text, page.headers["cache-control"]) == ("<p>the dashboard", "no-cache")
        assert "immutable" in script.headers["cache-control"]
        assert "content-encoding" not in script.headers
        assert served.http.get("/api/nothing").json()["code"] == "not_found"
        refused = served.http.get("/api/prices")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        for path in ("/", "/ws/nothing", "/index.html"):
            with pytest.raises(InvalidStatus) as refused_upgrade:
                await connect(served.url.replace("http", "ws") + path)
            response = refused_upgrade.value.response
            problem = json.loads(response.body)
            assert (response.status_code, problem["code"]) == (404, "not_found")
            assert (
                problem["detail"]
                == f"there is no socket at {path}: connect to /ws/synapse or /ws/replay"
            )
            assert response.headers["content-type"] == "application/problem+json"


def test_without_a_build_the_page_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "STATIC", tmp_path / "none")
    with serving(tmp_path) as served:
        assert "dev.py run" in served.http.get("/").text


# --- stopping -----------------------------------------------------------------------------------


def test_a_request_that_never_ends_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_module, "SHUTDOWN_S_MAX", 1)
    with serving(tmp_path) as served:
        host, port = served.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as stalled:
            head = "POST /api/prices HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
            stalled.sendall(f"{head}Content-Type: application/json\r\n\r\n{{".encode())
            served.get("/healthz")
            began = time.monotonic()
            served.stop()
            assert time.monotonic() - began < 5


# --- listening ----------------------------------------------------------------------------------


def test_a_taken_port_is_explained(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    with pytest.raises(CannotServe, match=f"port {port} is taken"):
        bind("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "a..b"])
def test_an_address_of_somewhere_else_is_explained(host: str) -> None:
    with pytest.raises(CannotServe, match="cannot listen on"):
        bind(host, 0)


def test_addresses_are_urls() -> None:
    with bind("127.0.0.1", 0) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.mark.parametrize(("host", "link"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]")])
def test_who_listens_on_all_addresses_is_reached_on_this_machines_own(host: str, link: str) -> None:
    with bind(host, 0) as listener, bind("127.0.0.1", 0) as local:
        assert address_of(listener) == f"http://{link}:{listener.getsockname()[1]}/"
        assert (listens_everywhere(listener), listens_everywhere(local)) == (True, False)
