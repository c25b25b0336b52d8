"""Events whose payload does not fit its type, and projections that crash: the log goes on, all else is told."""

# covers: app.queries.bars, events.projector, events.projection, app.api.health

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from app.cli import main
from app.market import public_state
from app.migrate import upgrade
from events.catalog import CATALOG
from events.envelope import Append
from events.sql_store import SqlEventStore
from tests.integration.served import Served, daily, receive_until, serving, subscribe
from tests.integration.test_upcasting import plant
from tests.unit.events.builders import new, notice, price, regime

POISON = ['{"symbol":5}', "[]", '"x"', "null", "{}"]
NO_JSON = "no JSON {"


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A log with a price, a regime and a notice."""
    path = tmp_path / "synapse.db"
    store = await SqlEventStore.open_sqlite(path, upgrade)
    await store.append([Append((new(price("OLD")), new(regime("OLD")), new(notice())))])
    await store.close()
    return path


def plant_poison(path: Path, type_name: str, payload: str, second: int = 6) -> None:
    """Record an event of a known type and schema, past the program, whose payload is none of it."""
    plant(path, type_name, type_name, CATALOG[type_name].schema_version, second, payload)


def phases(served: Served) -> dict[str, Any]:
    answer = served.http.get("/readyz")
    assert answer.status_code == 200, answer.text
    return {name: one["phase"] for name, one in answer.json()["projections"].items()}


@pytest.mark.parametrize("payload", [*POISON, NO_JSON])
async def test_a_poison_regime_stops_only_who_needs_it(path: Path, payload: str) -> None:
    plant_poison(path, "regime_update", payload)
    with serving(path.parent) as served:
        assert served.get("/api/state")["position"] == 3
        assert phases(served)["public_state"] == "parked"
        error = served.get("/readyz")["projections"]["public_state"]["error"]
        assert error.startswith("public_state stands before position 4")
        # The rest goes on: prices are decided on, charts are drawn, the stream passes the poison by.
        await asyncio.to_thread(served.post_prices, daily("SPX", "5", 0), daily("SPX", "6", 1))
        bars = served.get("/api/bars?symbol=OLD")["bars"]
        assert [bar["close"] for bar in bars] == ["100"]
        assert await seen_after(served, 4) == [5, 6, 7, 8]


@pytest.mark.parametrize("payload", [*POISON, NO_JSON])
async def test_a_poison_price_stops_decisions_and_nothing_else(path: Path, payload: str) -> None:
    plant_poison(path, "price_update", payload)
    with serving(path.parent) as served:
        refused = served.http.post("/api/prices", json={"prices": [daily("SPX", "5", 0)]})
        assert (refused.status_code, refused.json()["code"]) == (503, "projection_parked")
        assert phases(served)["decider"] == "parked"
        bars = served.get("/api/bars?symbol=OLD")["bars"]
        assert [(bar["close"], bar["regime"]) for bar in bars] == [("100", "BULL")]
        sent = {"symbol": "OLD", "regime": "BULL"}
        await asyncio.to_thread(served.post, "/api/broadcast/regime", sent)
        assert await seen_after(served, 4) == [5]


async def seen_after(served: Served, poison: int) -> list[int]:
    """The positions that a viewer is sent behind the poison, which he is sent as it is stored."""
    async with connect(served.socket_url) as socket:
        await socket.send(subscribe("prices", "regime", "system", history="all"))
        seen: list[int] = []
        while True:
            text = await asyncio.wait_for(socket.recv(), 20)
            try:
                told = json.loads(text)
            except ValueError:
                assert NO_JSON in str(text)
                continue
            if told["type"] == "caught_up":
                return [position for position in seen if position > poison]
            seen += [told["position"]] if "version" in told else []


async def test_poison_among_many_is_left_out_of_a_chart(path: Path) -> None:
    with serving(path.parent) as served:
        served.post_prices(*(daily("SPX", str(100 + day), day) for day in range(40)))
    for second, payload in enumerate(POISON, start=1):
        plant_poison(path, "price_update", payload, second)
        plant_poison(path, "regime_update", payload, second)
    with serving(path.parent) as served:
        bars = served.get("/api/bars?symbol=SPX")["bars"]
        assert [bar["close"] for bar in bars] == [str(100 + day) for day in range(40)]


# --- a projection that crashes ---------------------------------------------------------------------


def rebuild(path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        main(["rebuild", "--db", str(path)])
    assert left.value.code == 0


async def test_a_crashed_projection_is_told_and_mended_by_a_program_without_the_bug(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(path.parent) as served:
        right = public_state.apply

        def crash(state: Any, event: Any) -> Any:
            if "CRASHES" in event.payload_json:
                raise ZeroDivisionError("a bug")
            return right(state, event)

        monkeypatch.setattr(public_state, "apply", crash)
        async with connect(served.socket_url) as viewer:
            await viewer.send(subscribe("prices", history="none"))
            await receive_until(viewer, "caught_up")
            for symbol in ("SPX", "CRASHES", "NDX"):
                await asyncio.to_thread(served.post_prices, daily(symbol, "5", 0))
                told = (await receive_until(viewer, "price_update"))[-1]
                assert told["payload"]["symbol"] == symbol
        state = served.get("/api/state")
        assert ("SPX" in state["symbols"], "NDX" in state["symbols"]) == (True, False)
        shown = served.get("/readyz")["projections"]["public_state"]
        assert shown["phase"] == "parked"
        assert "ZeroDivisionError('a bug')" in shown["error"]
    monkeypatch.undo()
    await asyncio.to_thread(rebuild, path)
    with serving(path.parent) as served:
        assert set(served.get("/api/state")["symbols"]) == {"OLD", "SPX", "CRASHES", "NDX"}
        assert set(phases(served).values()) == {"live"}
