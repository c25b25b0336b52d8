"""The views for people who ask in SQL say what the API says, on both databases, and are held to the letter."""

# covers: app.log_schema, app.migrate, app.backup

import asyncio
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from hypothesis import given, settings
from sqlalchemy import create_engine

from app.backup import back_up, restore
from app.log_schema import schema_faults
from app.market import episodes
from app.market.episodes import Episode, Episodes
from app.migrate import migration_config, upgrade
from events.catalog import (
    CATALOG,
    Payload,
    Regime,
    TradeExecution,
    TradeReason,
    TradeSide,
    TradeStatus,
)
from events.envelope import Append, NewEvent, RecordedEvent
from events.projection import Projection, fold
from events.scalars import format_micros
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.integration.served import serving
from tests.postgres import PostgresServer
from tests.unit.events.builders import NOON, at, prices, regime
from tests.unit.market.episode_logs import logs

ROOT = Path(__file__).resolve().parents[2]
VIEWS = ("v_regimes", "v_trades", "v_episodes")
PROJECTION: Projection[Episodes] = episodes
Rows = list[dict[str, Any]]


def asked(path: Path, question: str, *values: object) -> Rows:
    """What a question brings, as anybody's SQLite would answer it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(question, values)]


# --- the schema -----------------------------------------------------------------------------------


def views_of(path: Path) -> set[str]:
    return {
        row["name"] for row in asked(path, "SELECT name FROM sqlite_master WHERE type = 'view'")
    }


def made_log(path: Path) -> None:
    async def run() -> None:
        store = await SqlEventStore.open_sqlite(path, upgrade)
        await store.append([Append(prices(3))])
        await store.close()

    asyncio.run(run())


def test_a_log_of_the_schema_before_gets_the_views_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    made_log(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.downgrade(migration_config(connection), "0002")
    engine.dispose()
    assert views_of(path) == set()
    made_log(path)
    assert views_of(path) == set(VIEWS)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_that_was_changed_or_lost_is_found(view: str) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        connection.exec_driver_sql(f"DROP VIEW {view}")
        assert schema_faults(connection) == [f"view {view} is missing"]
        connection.exec_driver_sql(f"CREATE VIEW {view} AS SELECT 1")
        assert schema_faults(connection) == [f"view {view} is not what this program makes"]
    engine.dispose()


async def test_they_go_into_backup_and_restore(tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    await asyncio.to_thread(made_log, log)
    assert (await back_up(log, tmp_path / "b.db", force=False)).report.ok
    assert (await restore(tmp_path / "b.db", tmp_path / "r.db", force=False)).report.ok
    assert views_of(tmp_path / "r.db") == set(VIEWS)


def test_they_read_the_payloads_of_today() -> None:
    # Views see what is stored, before any upcaster: another schema version needs another migration of them.
    read = ("regime_update", "price_update", "trade_execution")
    assert [CATALOG[name].schema_version for name in read] == [1, 1, 1]


def test_every_column_is_documented(sample_log: Path) -> None:
    text = (ROOT / "docs/sql.md").read_text(encoding="utf-8")
    for view in VIEWS:
        _, _, section = text.partition(f"## {view}\n")
        cells = re.findall(r"^\| (`[^|]*) \|", section.partition("\n## ")[0], re.MULTILINE)
        documented = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
        columns = [row["name"] for row in asked(sample_log, f"PRAGMA table_info({view})")]
        assert documented == columns, view


# --- what they say --------------------------------------------------------------------------------


def told(episode: Episode) -> dict[str, Any]:
    """An episode as the view tells it."""
    end = episode.end_us
    return {
        "regime": episode.regime,
        "previous_regime": episode.previous_regime,
        "position": episode.position,
        "end_position": episode.end_position,
        "start_at": format_micros(episode.start_us),
        "start_us": episode.start_us,
        "end_at": None if end is None else format_micros(end),
        "end_us": end,
        "start_price": episode.start_price,
        "end_price": episode.end_price,
        "return": _near(episode.total_return),
        "bars": episode.bars,
        "mean_confidence": _near(episode.mean_confidence),
        "warming_up": episode.warming_up,
        "source": episode.source,
    }


def _near(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)


def test_the_episodes_of_the_sample_prices_are_those_of_the_api(
    sample_log: Path, tmp_path: Path
) -> None:
    (tmp_path / "synapse.db").write_bytes(sample_log.read_bytes())
    with serving(tmp_path) as served:
        answer = served.get("/api/episodes")["episodes"]
    rows = asked(sample_log, "SELECT * FROM v_episodes ORDER BY start_us, position")
    assert len(rows) == len(answer) > 100
    for row, one in zip(rows, answer, strict=True):
        said = {name: row[name] for name in one.keys() & row.keys()}
        assert said == {
            name: _near(value) if isinstance(value, float) else value
            for name, value in one.items()
            if name in row
        }
        assert (row["start_at"], row["end_at"]) == (one["start"], one["end"])
    left_out = answer[0].keys() - rows[0].keys()
    assert left_out == {"start", "end", "volatility", "maximum_drawdown"}


class Store:
    """An open log that events can be given to, and its view of episodes asked."""

    def __init__(self, runner: asyncio.Runner, store: SqlEventStore) -> None:
        self._runner = runner
        self._store = store
        self._logs = 0

    def record(self, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
        """Append events, of symbols that nobody had before; returns them as they are recorded."""
        self._logs += 1
        return self.append([self._new(each, f"{each.entity}.{self._logs}") for each in events])

    def append(self, events: Sequence[NewEvent]) -> list[RecordedEvent]:
        """Append events; returns them as they are recorded."""
        return self._runner.run(self._append(events))

    def ask(self, question: str) -> Rows:
        """What a question brings."""

        async def read() -> Rows:
            return await self._store._engines.read(
                lambda c: [dict(row._mapping) for row in c.exec_driver_sql(question)]
            )

        return self._runner.run(read())

    def close(self) -> None:
        self._runner.run(self._store.close())

    @staticmethod
    def _new(event: RecordedEvent, symbol: str) -> NewEvent:
        payload = CATALOG[event.type].payload_of(event.payload_json)
        payload = payload.model_copy(update={"symbol": symbol})
        return NewEvent(payload=payload, event_id=uuid4(), source=event.source)

    async def _append(self, events: Sequence[NewEvent]) -> list[RecordedEvent]:
        head = (await self._store.head()).position
        if events:
            await self._store.append([Append(tuple(events))])
        return list(await self._store.read(ReadQuery(after=head)))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    with asyncio.Runner() as runner:
        if request.param == "sqlite":
            path = tmp_path_factory.mktemp("views") / "log.db"
            opened = runner.run(SqlEventStore.open_sqlite(path, upgrade))
        else:
            server: PostgresServer = request.getfixturevalue("postgres")
            opened = runner.run(SqlEventStore.open_postgres(server.new_database(), upgrade))
        made = Store(runner, opened)
        yield made
        made.close()


@settings(max_examples=60)
@given(logs())
def test_the_episodes_of_any_log_are_those_of_the_projection(
    store: Store, events: list[RecordedEvent]
) -> None:
    recorded = store.record(events)
    for symbol, known in fold(PROJECTION, recorded).items():
        rows = store.ask(f"SELECT * FROM v_episodes WHERE symbol = '{symbol}' ORDER BY position")
        expected = [told(each) for each in known.episodes()]
        assert [{name: row[name] for name in told_names(row)} for row in rows] == expected
        for row in rows:
            assert row["start_price_real"] == _number(row["start_price"])
            assert row["end_price_real"] == _number(row["end_price"])


def told_names(row: dict[str, Any]) -> list[str]:
    return [name for name in row if name != "symbol" and not name.endswith("_real")]


def _number(text: str | None) -> Any:
    return None if text is None else pytest.approx(float(text))


def test_a_regime_of_any_year_is_one_row(store: Store) -> None:
    long_ago = NOON.replace(year=1929, microsecond=7)
    final = regime("OLD").model_copy(update={"timestamp": long_ago})
    open_one = regime("OLD").model_copy(update={"provisional": True})
    [event, _] = store.append([_event(final), _event(open_one)])
    [row] = store.ask("SELECT * FROM v_regimes WHERE symbol = 'OLD'")
    features = row.pop("features")
    assert features.replace(" ", "") == '{"trend":0.5}'
    assert row == {
        "position": event.position,
        "version": 1,
        "stream": "regime:OLD",
        "occurred_at": "1929-01-16T12:00:00.000007Z",
        "occurred_us": event.occurred_at_us,
        "recorded_at": format_micros(event.recorded_at_us),
        "recorded_us": event.recorded_at_us,
        "symbol": "OLD",
        "regime": "BULL",
        "previous_regime": None,
        "confidence": 0.7,
        "probability_bull": 0.7,
        "probability_bear": 0.1,
        "probability_crash": 0.1,
        "probability_sideways": 0.1,
        "strategy_recommendation": "trend_following",
        "target_exposure": 1.0,
        "detector_name": "planted",
        "detector_version": "1",
        "detector_constants_hash": "0",
        "warming_up": False,
        "source": "simulated",
    }
    [episode] = store.ask("SELECT start_at, end_at FROM v_episodes WHERE symbol = 'OLD'")
    assert episode == {"start_at": "1929-01-16T12:00:00.000007Z", "end_at": None}


def trade(number: int, side: str, status: str, reason: Any = None) -> NewEvent:
    return _event(
        TradeExecution(
            trade_id=f"t-{number}",
            portfolio_id="mine",
            symbol="SPX",
            side=TradeSide(side),
            quantity=Decimal("2.000001"),
            price=Decimal("100.10"),
            fees=Decimal("0.5"),
            status=TradeStatus(status),
            reason=reason,
            timestamp=at(number),
        )
    )


def _event(payload: Payload) -> NewEvent:
    return NewEvent(payload=payload, event_id=uuid4(), source="simulated")


def test_a_trade_tells_its_exact_numbers_its_cash_and_its_reason(store: Store) -> None:
    why = TradeReason(regime=Regime.CRASH, confidence=0.25, rule="exposure")
    store.append(
        [trade(1, "buy", "filled"), trade(2, "sell", "partial", why), trade(3, "sell", "rejected")]
    )
    rows = store.ask("SELECT * FROM v_trades WHERE portfolio_id = 'mine' ORDER BY position")
    assert [row["cash_effect_real"] for row in rows] == [
        pytest.approx(-200.7001001),
        pytest.approx(199.7001001),
        0,
    ]
    exact = [(row["quantity"], row["price"], row["fees"], row["fees_real"]) for row in rows]
    assert exact == [("2.000001", "100.10", "0.5", 0.5)] * 3
    assert [(row["trade_id"], row["side"], row["status"]) for row in rows] == [
        ("t-1", "buy", "filled"),
        ("t-2", "sell", "partial"),
        ("t-3", "sell", "rejected"),
    ]
    reasons = [(row["reason_regime"], row["reason_confidence"], row["reason_rule"]) for row in rows]
    assert reasons == [(None,) * 3, ("CRASH", 0.25, "exposure"), (None,) * 3]


# --- what they cost -------------------------------------------------------------------------------

BY_STREAM = ("SEARCH s USING", "SEARCH e USING INDEX ux_events_stream_id_version (stream_id=?)")
BY_POSITION = ("SCAN e", "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)")


@pytest.mark.parametrize(
    ("question", "plan"),
    [
        ("v_regimes WHERE stream = 'regime:SPX' ORDER BY version DESC LIMIT 10", BY_STREAM),
        ("v_regimes ORDER BY position DESC LIMIT 10", BY_POSITION),
        ("v_regimes WHERE symbol = 'SPX' ORDER BY position DESC LIMIT 10", BY_POSITION),
        ("v_trades WHERE stream = 'trades:main' ORDER BY version DESC LIMIT 10", BY_STREAM),
        ("v_trades ORDER BY position DESC LIMIT 10", BY_POSITION),
    ],
)
def test_the_last_few_are_found_without_reading_or_sorting_all(
    sample_log: Path, question: str, plan: tuple[str, ...]
) -> None:
    steps = [
        row["detail"] for row in asked(sample_log, f"EXPLAIN QUERY PLAN SELECT * FROM {question}")
    ]
    assert len(steps) == len(plan)
    assert all(step.startswith(begin) for step, begin in zip(steps, plan, strict=True)), steps


def test_the_episodes_of_one_symbol_read_no_other_symbols_events(sample_log: Path) -> None:
    def steps_of(question: str) -> int:
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        with closing(sqlite3.connect(f"{sample_log.as_uri()}?mode=ro", uri=True)) as connection:
            connection.set_progress_handler(step, 1_000)
            connection.execute(question).fetchall()
        return count

    every = steps_of("SELECT * FROM v_episodes")
    assert steps_of("SELECT * FROM v_episodes WHERE symbol = 'SPX'") < 0.6 * every
    assert steps_of("SELECT * FROM v_episodes WHERE symbol = 'NONE'") < 0.01 * every
