"""Payloads of other schemas: old ones come out new on every path, newer and unknown ones as they are."""

# covers: app.api.events, events.upcasters

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from websockets.asyncio.client import connect

from app.config import Settings
from app.ingest import TickIngest
from app.live_state import LiveState
from app.market.persona import DEFAULT_PERSONA, PERSONAS
from app.migrate import upgrade
from app.recorder import open_log
from events import upcasters
from events.catalog import CATALOG, EventType
from events.envelope import Append
from events.errors import DuplicateEvent, MissingUpcaster, StoreUnavailable
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.integration.served import (
    Served,
    daily,
    new_symbol,
    receive_until,
    serving,
    subscribe,
)
from tests.unit.events.builders import new, notice, price, regime

OLD = '{"timestamp":"2026-01-16T12:00:05.000000Z","ticker":"OLD","cost":"12.50"}'
FUTURE = '{"timestamp":"2026-01-16T12:00:06.000000Z","legs":  [1,2]}'
UNKNOWN = '{"timestamp":"2026-01-16T12:00:07.000000Z","whisper":"?"}'

INSERT = """
INSERT INTO events SELECT
    (SELECT position + 1 FROM log_head), stream_id,
    (SELECT version + 1 FROM streams AS s WHERE s.stream_id = e.stream_id),
    randomblob(16), :type, :schema, occurred_at + 1000000 * :second, occurred_at + 1000000 * :second,
    recorded_at, source, randomblob(16), NULL, :payload, randomblob(32)
FROM events AS e WHERE position = (SELECT min(position) FROM events WHERE type = :like)
"""
MOVE = """
UPDATE streams SET version = version + 1, position = (SELECT max(position) FROM events),
    occurred_max = (SELECT max(occurred_at) FROM events AS e WHERE e.stream_id = streams.stream_id)
WHERE stream_id = (SELECT stream_id FROM events ORDER BY position DESC LIMIT 1)
"""


def plant(path: Path, like: str, type_name: str, schema: int, second: int, payload: str) -> None:
    """Record an event as another version of the program would have, in the stream of an event like it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        values = {"type": type_name, "schema": schema, "second": second, "payload": payload}
        connection.execute(INSERT, {**values, "like": like})
        connection.execute(MOVE)
        connection.execute("UPDATE log_head SET position = (SELECT max(position) FROM events)")
        connection.execute(
            "INSERT OR IGNORE INTO event_types SELECT type, schema_version, position"
            " FROM events ORDER BY position DESC LIMIT 1"
        )


def _name(payload: dict[str, Any]) -> dict[str, Any]:
    return {("symbol" if key == "ticker" else key): value for key, value in payload.items()}


def _widen(payload: dict[str, Any]) -> dict[str, Any]:
    empty = dict.fromkeys(("open", "high", "low", "volume", "bar_s", "corrects"))
    renamed = {("price" if key == "cost" else key): value for key, value in payload.items()}
    return empty | renamed


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A log with a price, a regime and a notice."""
    path = tmp_path / "synapse.db"
    store = await SqlEventStore.open_sqlite(path, upgrade)
    await store.append([Append((new(price("OLD")), new(regime()), new(notice())))])
    await store.close()
    return path


@pytest.fixture
def third_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program whose prices are at schema 3, with a step from each one before."""
    entry = CATALOG["price_update"]
    newer = EventType(entry.name, entry.model, 3, entry.channel, entry.entity_field)
    monkeypatch.setitem(cast(dict[str, EventType], CATALOG), entry.name, newer)
    monkeypatch.setitem(upcasters.UPCASTERS, ("price_update", 1), _name)
    monkeypatch.setitem(upcasters.UPCASTERS, ("price_update", 2), _widen)


def settings_for(path: Path) -> Settings:
    return Settings(database_url=str(path))


# --- a start ---------------------------------------------------------------------------------------


async def test_a_log_that_this_program_cannot_read_is_refused_before_anything_is_served(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = CATALOG["price_update"]
    newer = EventType(entry.name, entry.model, 3, entry.channel, entry.entity_field)
    monkeypatch.setattr("events.log.missing_steps", _missing_with({entry.name: newer}))
    with pytest.raises(MissingUpcaster, match="price_update 1 -> 2") as caught:
        await open_log(settings_for(path))
    assert isinstance(caught.value, StoreUnavailable)
    # The log was let go of: whoever can read it opens it.
    monkeypatch.undo()
    await (await open_log(settings_for(path))).close()


def _missing_with(entries: dict[str, EventType]) -> Callable[[Any], list[str]]:
    return lambda stored: upcasters.missing_steps(stored, {**CATALOG, **entries})


async def test_unknown_types_and_newer_versions_are_no_fault(path: Path) -> None:
    plant(path, "regime_update", "regime_update", 8, 6, FUTURE)
    plant(path, "system_notice", "rumour", 1, 7, UNKNOWN)
    await (await open_log(settings_for(path))).close()


# --- an old payload --------------------------------------------------------------------------------


@pytest.mark.usefixtures("third_schema")
async def test_an_old_payload_reaches_the_state_at_every_moment_and_the_decider(
    path: Path,
) -> None:
    plant(path, "price_update", "price_update", 1, 5, OLD)
    log = await open_log(settings_for(path))
    live = LiveState(log, PERSONAS[DEFAULT_PERSONA])
    for state in (
        await live.at_time(None, None),
        await live.at_position(4),
        await live.now(),
    ):
        assert state["symbols"]["OLD"]["price"] == "12.50"
    ingest = await TickIngest.open(log)
    assert ingest.state.of("OLD").last_price == Decimal("12.50")
    assert ingest.state.of("OLD").prices_version == 2
    await log.close()


@pytest.mark.usefixtures("third_schema")
async def test_an_old_payload_is_the_duplicate_of_what_would_be_written_today(path: Path) -> None:
    log = await open_log(settings_for(path))
    (first,) = await log.read(ReadQuery(limit=1))
    again = await log.append([new(price("OLD"), event_id=first.event_id)])
    assert (again.positions, again.duplicates) == ((1,), 1)
    await log.close()


@pytest.mark.usefixtures("third_schema")
async def test_an_old_payload_goes_out_at_its_newest_schema_and_raw_as_it_was_written(
    path: Path,
) -> None:
    plant(path, "price_update", "price_update", 1, 5, OLD)
    with serving(path.parent) as served:
        page = served.get("/api/events?types=price_update")["events"]
        assert (page[1]["payload"]["price"], page[1]["payload"]["symbol"]) == ("12.50", "OLD")
        assert "schema_version" not in page[1]
        text = served.http.get("/api/events?types=price_update&raw=true").text
        assert f'"payload":{OLD},' in text
        raw = json.loads(text)["events"][1]
        assert raw.pop("schema_version") == 1
        assert {**raw, "payload": page[1]["payload"]} == page[1]
        async with connect(served.socket_url) as socket:
            await socket.send(subscribe("prices", history="all"))
            told = [m for m in await receive_until(socket, "caught_up") if "position" in m]
            assert told[:2] == page
        bars = served.get("/api/bars?symbol=OLD")["bars"]
        assert [bar["close"] for bar in bars] == ["100", "12.50"]


# --- what a newer program wrote --------------------------------------------------------------------


@pytest.fixture
def served_future(path: Path) -> Iterator[Served]:
    """A served log that holds a newer schema of a regime, and a type that nobody here knows."""
    plant(path, "regime_update", "regime_update", 8, 6, FUTURE)
    plant(path, "system_notice", "rumour", 1, 7, UNKNOWN)
    with serving(path.parent) as running:
        yield running


async def test_what_a_newer_program_wrote_goes_out_as_it_is_stored(served_future: Served) -> None:
    text = served_future.http.get("/api/events").text
    for stored in (FUTURE, UNKNOWN):
        assert f'"payload":{stored},' in text
    async with connect(served_future.socket_url) as socket:
        await socket.send(subscribe("regime", "system", history="all"))
        told = [m for m in await receive_until(socket, "caught_up") if "version" in m]
        assert [(m["type"], m["position"]) for m in told] == [
            ("regime_update", 2),
            ("system_notice", 3),
            ("regime_update", 4),
            ("rumour", 5),
        ]
        assert told[2:] == json.loads(text)["events"][3:]
        # The stream goes on with what is live.
        symbol = new_symbol()
        body = {"symbol": symbol, "regime": "BULL"}
        posted = await asyncio.to_thread(served_future.post, "/api/broadcast/regime", body)
        live = (await receive_until(socket, "regime_update"))[-1]
        assert (live["position"], live["payload"]["symbol"]) == (6, symbol)
        assert posted


def test_only_the_projection_that_needs_it_is_parked_and_the_rest_goes_on(
    served_future: Served,
) -> None:
    served_future.post_prices(daily("SPX", "5", 0), daily("SPX", "6", 1))
    state = served_future.get("/api/state")
    assert (state["position"], state["as_of"]["position"]) == (3, 3)
    assert state["symbols"]["SPX"]["regime"] == "BULL"
    ready = served_future.get("/readyz")
    assert ready["status"] == "ready"
    shown = ready["projections"]["public_state"]
    assert (shown["phase"], shown["position"]) == ("parked", 3)
    assert "regime_update version 8" in shown["error"]
    assert ready["projections"]["decider"]["phase"] == "live"
    assert served_future.get("/api/state?position=3") == state
    # That event happened a second later: what had happened before it is told.
    earlier = served_future.get("/api/state?at=2026-01-16T12:00:05Z")
    assert earlier["symbols"]["SPX"]["price"] == "6"
    for query in ("position=4", "at=2026-01-17T00:00:00Z"):
        answer = served_future.http.get(f"/api/state?{query}")
        assert (answer.status_code, answer.json()["code"]) == (503, "projection_parked")
    bars = served_future.get("/api/bars?symbol=SPX")["bars"]
    assert [bar["close"] for bar in bars] == ["5", "6"]


async def test_a_duplicate_of_what_only_a_newer_program_knows_is_refused_alone(path: Path) -> None:
    plant(path, "price_update", "price_update", 8, 6, FUTURE)
    log = await open_log(settings_for(path))
    newest = (await log.read(ReadQuery()))[-1]
    with pytest.raises(DuplicateEvent):
        await log.append([new(price("OLD"), event_id=newest.event_id)])
    assert (await log.append([new(price("OTHER"))])).events
    await log.close()
