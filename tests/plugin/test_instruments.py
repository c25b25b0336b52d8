"""`given`, `golden`, `recorded_span`, `served_log`, and what a failure shows, in a project that has taken our names."""

from tests.plugin.foreign import Foreign

GIVEN = """\
    from datetime import UTC, datetime
    from decimal import Decimal

    from pytest_regime_synapse import PriceUpdated, RegimeUpdated, event, ours

    commands, ticks = ours("app.market.commands"), ours("app.market.ticks")


    def tick(price, day):
        at = datetime(2026, 1, day, 21, tzinfo=UTC)
        return ticks.PriceTick(symbol="SPX", price=Decimal(price), timestamp=at, bar_s=86_400)


    def test_a_price_makes_a_regime(given):
        first = commands.RecordPrice(tick("100", 5), "api")
        after = given().when(first).then(
            PriceUpdated(symbol="SPX", price="100"), RegimeUpdated(symbol="SPX", warming_up=True)
        )
        after.when(first).then_nothing()
    """
GOLDEN = """\
    import pytest

    from pytest_regime_synapse import RegimeUpdated


    def test_a_crash(log, golden):
        log.append(RegimeUpdated(symbol="SPX", regime="CRASH"))
        golden("crash").check(log)


    @pytest.mark.parametrize("name", ["", "../crash", "a/b"])
    def test_names(golden, name):
        with pytest.raises(ValueError, match="a golden log has a name"):
            golden(name)
    """
SPAN = """\
    from pathlib import Path

    from pytest_regime_synapse import LogUnderTest, RegimeUpdated, assert_log, save_span


    def test_a_span(log, recorded_span):
        log.append(RegimeUpdated(symbol="SPX", regime="BEAR"))
        folder = Path(__file__).parent / "spans"
        folder.mkdir()
        save_span(log, folder / "bear.ndjson")
        with LogUnderTest() as other:
            other.load(recorded_span("spans/bear.ndjson"))
        assert_log(recorded_span("spans/bear.ndjson")).contains(RegimeUpdated(regime="BEAR"))
    """
SERVED = """\
    import asyncio
    import json

    import httpx
    import pytest
    import websockets

    from pytest_regime_synapse import PriceUpdated, RegimeUpdated, assert_log

    SUBSCRIBE = {
        "msg_id": "m",
        "type": "subscribe",
        "payload": {"channels": ["regime"]},
        "direction": "c2s",
        "timestamp": "2026-01-16T12:00:00Z",
    }


    async def regimes(socket):
        while True:
            message = json.loads(await asyncio.wait_for(socket.recv(), 20))
            if message["type"] == "regime_update":
                yield message["payload"]["regime"]


    @pytest.mark.asyncio
    async def test_what_is_appended_comes_out(served_log):
        served_log.log.append(RegimeUpdated(symbol="SPX", regime="BEAR"))
        async with websockets.connect(served_log.socket_url) as socket:
            await socket.send(json.dumps(SUBSCRIBE))
            seen = regimes(socket)
            assert await anext(seen) == "BEAR"
            served_log.log.append(RegimeUpdated(symbol="SPX", regime="CRASH"))
            assert await anext(seen) == "CRASH"


    @pytest.mark.asyncio
    async def test_all_that_was_appended_was_sent(served_log):
        with pytest.raises(AssertionError, match="nobody is connected to the server"):
            await served_log.caught_up(timeout=0.05)
        async with websockets.connect(served_log.socket_url) as socket:
            await socket.send(json.dumps(SUBSCRIBE))
            served_log.log.append(*(RegimeUpdated(symbol="SPX", regime="BEAR") for _ in range(30)))
            await served_log.caught_up()
            seen = regimes(socket)
            assert [await anext(seen) for _ in range(30)] == ["BEAR"] * 30


    def test_what_is_posted_is_in_the_log(served_log, log):
        price = {"symbol": "SPX", "price": "100", "timestamp": "2026-01-16T21:00:00Z"}
        headers = {"Authorization": f"Bearer {served_log.token}"}
        url = f"{served_log.url}/api/prices"
        httpx.post(url, json={"prices": [price]}, headers=headers).raise_for_status()
        assert_log(log).contains(PriceUpdated(symbol="SPX", price="100"))
    """
NOT_GOLDEN = """\
    from pytest_regime_synapse import RegimeUpdated


    def test_another_log(log, golden):
        log.append(RegimeUpdated(symbol="SPX", regime="BULL"))
        golden("crash").check(log)


    def test_without_a_file(log, golden):
        log.append(RegimeUpdated(symbol="SPX", regime="BULL"))
        golden("unknown").check(log)
    """
NO_CRASH = """\
    from pytest_regime_synapse import RegimeUpdated, assert_log


    def test_there_is_no_crash(log):
        log.append(RegimeUpdated(symbol="SPX", regime="BEAR"))
        assert_log(log).contains(RegimeUpdated(symbol="SPX", regime="CRASH"))
    """
FAULTS = """\
    import pytest

    from pytest_regime_synapse import RegimeUpdated, faults


    @pytest.mark.asyncio
    async def test_a_consumer_that_cannot_count(log):
        log.append(*(RegimeUpdated(symbol="SPX") for _ in range(3)))
        taken = [event async for event in faults(log.follow(live=False), repeat=1, seed=11)]
        assert len(taken) == 3
    """
NO_ENGINE = """\
    import pytest


    @pytest.mark.parametrize("synapse_engine", ["redis"], indirect=True)
    def test_an_engine(log):
        pass
    """


def test_instruments(shadowing: Foreign) -> None:
    shadowing.write(
        {
            "test_given.py": GIVEN,
            "test_served.py": SERVED,
            "tests/test_golden.py": GOLDEN,
            "tests/deep/test_span.py": SPAN,
        }
    )
    outcome = shadowing.pytest("--synapse-log=sqlite", "--synapse-update-golden")
    assert (outcome.code, outcome.summary) == (0, "9 passed"), outcome.output
    assert f"synapse: wrote {shadowing.root}/tests/golden/crash.ndjson (lines: 1)" in outcome.output
    shadowing.passes(4, "tests/test_golden.py")


def test_failures_show_what_is_wrong_and_none_of_our_code(shadowing: Foreign) -> None:
    shadowing.write({"test_golden.py": GOLDEN})
    shadowing.passes(4, "--synapse-update-golden")
    kept = (shadowing.root / "golden/crash.ndjson").read_text(encoding="utf-8")
    shadowing.write(
        {
            "test_golden.py": NOT_GOLDEN,
            "test_no_crash.py": NO_CRASH,
            "test_faults.py": FAULTS,
            "test_no_engine.py": NO_ENGINE,
        }
    )
    outcome = shadowing.pytest()
    assert outcome.summary == "4 failed, 1 error", outcome.output
    assert "events/testing" not in outcome.output
    lines = outcome.output.splitlines()
    # No crash: the line of the test, then the log as a table.
    said = lines.index(
        '>       assert_log(log).contains(RegimeUpdated(symbol="SPX", regime="CRASH"))'
    )
    told = [line for line in lines[said:] if line.startswith("E ")]
    assert any("SPX BEAR" in line for line in told), outcome.output
    # Golden logs: how to update them; nothing is written meanwhile.
    assert outcome.output.count("run pytest with --synapse-update-golden") >= 2
    assert '"CRASH"' in kept
    assert (shadowing.root / "golden/crash.ndjson").read_text(encoding="utf-8") == kept
    # An engine that is none: one line, and nothing of where it was raised.
    refused = "synapse_engine: 'redis' is no engine; there are memory, sqlite, postgres"
    assert "ERROR at setup of test_an_engine" in lines[lines.index(refused) - 1]
    # Faults: which ones, only for the test that planted some.
    assert outcome.output.count("planted faults") == 1
    assert "faults(repeat=1, seed=11)" in outcome.output.partition("planted faults")[2]
