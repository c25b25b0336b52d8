"""`GET /api/events?format=`: every format tells the events of the JSON pages, as one file, or none at all."""

# covers: app.api.events, app.api.export, app.api.downloads, app.exporting.engine

import asyncio
import csv
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import httpx
import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from app.api import downloads
from app.exporting import engine
from events.errors import StoreUnavailable
from events.sql_store import SqlEventStore
from tests.integration.served import Json, Served, daily, day, new_symbol, serving

FORMATS = ("ndjson", "csv", "parquet", "arrow", "cloudevents")
READS = ("read", "read_columns", "read_texts")
ALL_FORMATS = pytest.mark.parametrize("format_", FORMATS)


@pytest.fixture(scope="module")
def symbol(served: Served) -> str:
    """A symbol with prices, regimes, an alert and a trade."""
    name = new_symbol("X")
    served.post_prices(*(daily(name, f"{50 + number}.5", number) for number in range(20)))
    alert = {"symbol": name, "price": "1", "message": "=1+1", "timestamp": day(3)}
    served.post("/api/broadcast/price-alert", alert)
    trade = {"symbol": name, "side": "buy", "quantity": "1", "price": "2", "timestamp": day(4)}
    served.post("/api/broadcast/trade", trade)
    return name


def ids_in(answer: httpx.Response, format_: str) -> list[str]:
    """The ids of the events in a download."""
    assert answer.status_code == 200, answer.text
    rows: list[Any]
    if format_ == "ndjson":
        rows = [orjson.loads(line) for line in answer.content.splitlines()]
    elif format_ == "csv":
        rows = list(csv.DictReader(StringIO(answer.text, newline="")))
    elif format_ == "cloudevents":
        return [event["id"] for event in orjson.loads(answer.content)]
    elif format_ == "arrow":
        rows = pa.ipc.open_file(answer.content).read_all().to_pylist()
    else:
        rows = pq.read_table(BytesIO(answer.content)).to_pylist()
    return [row["msg_id"] for row in rows]


def ids_of(events: list[Json]) -> list[str]:
    return [event["msg_id"] for event in events]


@ALL_FORMATS
@pytest.mark.parametrize(
    "query",
    [
        "",
        "channels=prices",
        "types=price_alert",
        "until={day}",
        "after={first}&before={last}",
        "channels=",
    ],
)
def test_a_download_holds_what_the_pages_hold(
    served: Served, symbol: str, format_: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "EXPORT_PAGE_EVENTS", 7)
    # Other tests share the log, so the positions are those of this symbol's events.
    positions = [event["position"] for event in served.events(f"symbols={symbol}")]
    within = query.format(day=day(9), first=positions[2], last=positions[-2])
    asked = f"symbols={symbol}&{within}"
    expected = ids_of(served.events(asked) if "after" not in query else _page(served, asked))
    answer = served.http.get(f"/api/events?format={format_}&{asked}")
    assert ids_in(answer, format_) == expected
    assert bool(expected) == (query != "channels=")


def _page(served: Served, asked: str) -> list[Json]:
    return list(served.get(f"/api/events?limit=1000&{asked}")["events"])


def test_ndjson_is_the_very_text_of_the_pages(served: Served, symbol: str) -> None:
    query = f"symbols={symbol}&limit=1000"
    lines = served.http.get(f"/api/events?format=ndjson&{query}").text.splitlines()
    page = served.http.get(f"/api/events?{query}").text
    assert page.startswith('{"events":[' + ",".join(lines) + '],"epoch":"')


@ALL_FORMATS
def test_a_limit_is_optional_and_may_be_any(served: Served, symbol: str, format_: str) -> None:
    every = ids_of(served.events(f"symbols={symbol}"))
    path = f"/api/events?format={format_}&symbols={symbol}"
    assert ids_in(served.http.get(f"{path}&limit=3"), format_) == every[:3]
    assert ids_in(served.http.get(f"{path}&limit=1000000"), format_) == every


@ALL_FORMATS
def test_the_headers_name_the_file_and_the_cursor(
    served: Served, symbol: str, format_: str
) -> None:
    page = served.get("/api/events?limit=1")
    answer = served.http.get(f"/api/events?format={format_}&symbols={symbol}&after=2")
    head = answer.headers["x-synapse-head"]
    assert answer.headers["x-synapse-epoch"] == page["epoch"]
    assert int(head) >= page["head"]
    suffix = "cloudevents.json" if format_ == "cloudevents" else format_
    named = f'attachment; filename="synapse-{symbol}-3-{head}.{suffix}"'
    assert answer.headers["content-disposition"] == named


def test_the_headers_tell_what_proves_it(served: Served, symbol: str) -> None:
    """The hashes are those of the log's events, which anybody can look up."""
    positions = [event["position"] for event in served.events(f"symbols={symbol}")]
    after, before = positions[2], positions[9]
    told = served.http.get(f"/api/events?format=csv&after={after}&before={before}").headers
    assert (told["x-synapse-from"], told["x-synapse-to"]) == (str(after), str(before - 1))
    for name in ("from", "to", "head"):
        position = told["x-synapse-head" if name == "head" else f"x-synapse-{name}"]
        assert told[f"x-synapse-{name}-hash"] == served.get(f"/api/events/{position}")["hash"]
    first = served.http.get("/api/events?format=csv&limit=1").headers
    assert (first["x-synapse-from"], first["x-synapse-from-hash"]) == ("0", "0" * 64)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("after=5&before=5", 422, "empty_range"),
        (f"since={day(3)}&until={day(2)}", 422, "empty_range"),
        ("after=99999999", 409, "position_beyond_head"),
    ],
)
def test_a_range_that_cannot_hold_anything_is_refused(
    served: Served, symbol: str, query: str, status: int, code: str
) -> None:
    assert symbol
    answer = served.http.get(f"/api/events?format=ndjson&{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_parquet_says_what_was_asked_for(served: Served, symbol: str) -> None:
    query = f"symbols={symbol}&channels=regime,prices,regime&since={day(2)}&after=1&before=20"
    answer = served.http.get(f"/api/events?format=parquet&{query}")
    known = pq.ParquetFile(BytesIO(answer.content)).metadata.metadata
    assert known[b"synapse.epoch"].decode() == answer.headers["x-synapse-epoch"]
    assert (known[b"synapse.from"], known[b"synapse.to"]) == (b"1", b"19")
    assert orjson.loads(known[b"synapse.selection"]) == {
        "since": "2020-01-03T21:00:00.000000Z",
        "channels": ["prices", "regime"],
        "symbols": [symbol],
    }


@ALL_FORMATS
@pytest.mark.parametrize(("query", "path"), [("order=desc", "order"), ("raw=true", "raw")])
def test_what_only_json_can_do_is_refused_by_name(
    served: Served, format_: str, query: str, path: str
) -> None:
    answer = served.http.get(f"/api/events?format={format_}&{query}")
    assert answer.status_code == 422
    assert [detail["path"] for detail in answer.json()["details"]] == [path]


@ALL_FORMATS
def test_a_fault_on_the_way_cuts_the_connection_off(
    served: Served, symbol: str, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0

    def fail_the_third() -> None:
        nonlocal reads
        reads += 1
        if reads == 3:
            raise StoreUnavailable("the disk is gone")

    for name in READS:
        _before(monkeypatch, name, fail_the_third)
    monkeypatch.setattr(engine, "EXPORT_PAGE_EVENTS", 5)
    with pytest.raises(httpx.RemoteProtocolError):
        served.http.get(f"/api/events?format={format_}&symbols={symbol}")
    assert reads == 3
    assert served.get("/api/events?limit=1")["events"]


def _before(monkeypatch: pytest.MonkeyPatch, name: str, work: Any) -> None:
    real = getattr(SqlEventStore, name)

    async def faulty(store: SqlEventStore, *arguments: Any) -> Any:
        work()
        return await real(store, *arguments)

    monkeypatch.setattr(SqlEventStore, name, faulty)


@ALL_FORMATS
def test_a_fault_before_the_first_page_is_a_problem(
    served: Served, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise StoreUnavailable("the disk is gone")

    for name in READS:
        _before(monkeypatch, name, fail)
    answer = served.http.get(f"/api/events?format={format_}")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")


@pytest.mark.parametrize("format_", ["parquet", "arrow"])
def test_without_its_extra_it_is_a_problem_that_names_it(
    served: Served, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("parquet", "arrow"):
        monkeypatch.delitem(sys.modules, f"app.analysis.export_{name}", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = served.http.get(f"/api/events?format={format_}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (501, "format_unavailable")
    assert "pip install 'regime-synapse[export]'" in answer.json()["detail"]
    assert served.http.get("/api/events?format=csv&limit=1").status_code == 200


def _begun(served: Served, held: ExitStack) -> socket.socket:
    """The connection of a client that asks for an export of what no buffer holds, and reads none of it."""
    host, port = served.url.removeprefix("http://").split(":")
    client = held.enter_context(socket.socket())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.settimeout(20)
    client.connect((host, int(port)))
    client.sendall(b"GET /api/events?format=ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.recv(12) == b"HTTP/1.1 200"
    return client


async def test_few_at_a_time_and_who_does_not_read_loses_his_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place of one who goes is free at once."""
    monkeypatch.setattr(downloads, "EXPORTS_MAX", 2)
    symbol = new_symbol()
    prices: list[Json] = [
        {"symbol": symbol, "price": "5", "timestamp": f"{year}-01-01T00:00:{second:02}Z"}
        for year in range(1825, 1990)
        for second in range(60)
    ]
    with serving(tmp_path) as served, ExitStack() as held:
        for first in range(0, len(prices), 1_000):
            await asyncio.to_thread(served.post_prices, *prices[first : first + 1_000])
        small = "/api/events?format=ndjson&limit=1"
        clients = [_begun(served, held) for _ in range(2)]
        refused = served.http.get(small)
        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_exports")
        assert refused.headers["retry-after"] == "10"
        assert served.get("/api/events?limit=1")["events"]
        clients[0].close()
        await _until(lambda: served.http.get(small).status_code == 200)
        clients[1].close()
        monkeypatch.setattr(downloads, "EXPORT_STALL_S", 0.2)
        _begun(served, held)
        # The one that is left asks.
        await _until(lambda: served.http.get(small).status_code == 200 and served.connections == 1)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.01)


def test_the_contract_names_every_format(served: Served) -> None:
    asked = served.get("/openapi.json")["paths"]["/api/events"]["get"]
    formats = next(one for one in asked["parameters"] if one["name"] == "format")
    assert formats["schema"]["enum"] == ["json", *FORMATS]
    assert len(asked["responses"]["200"]["content"]) == len(FORMATS) + 1
