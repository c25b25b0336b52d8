"""Logs of any length, made quickly: every row as an append would leave it, by the shortest way into the file.

Prices and regimes of some symbols each minute, a few late, now and then an alert with its trade, and a portfolio: the
mix of market_log.py, with regimes that last. Payloads are texts that the codec wrote, with only their times and prices
replaced; versions are dense, the hash chain is real, `synapse verify` proves it. Indexes and guards are made after the
rows. Ids rise with the time, as those of the server do.
"""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.migrate import upgrade
from benchmarks.market_log import (
    FAR_SHARE,
    LATE_MINUTES,
    LATE_SHARE,
    portfolio_update,
    price_alert,
    price_update,
    regime_update,
    trade_execution,
)
from benchmarks.peers import run_async
from events.catalog import Payload, Regime
from events.chain import GENESIS, hash_row, names_part
from events.envelope import NewEvent
from events.scalars import format_micros, to_micros
from events.sql_store import SqlEventStore

ROOT: Final = Path(__file__).resolve().parent.parent
START: Final = datetime(2000, 1, 3, 21, tzinfo=UTC)
MINUTE_US: Final = 60_000_000
SHIFT_SHARE: Final = 0.02
"""Of the regime updates: one lasts fifty bars."""
ALERT_SHARE: Final = 0.02
READINGS: Final = 8
"""Texts of one symbol in one regime, and of its prices' volumes: the rest of a text is the same."""
SYMBOLS: Final = 20
BATCH: Final = 20_000
SOURCE: Final = "simulated"
NUMBER: Final = "NUMBER"
MARK: Final = Decimal("91919.19")
"""What is replaced in a text: the number of an alert or a trade, the price."""

Made = tuple[str, str, int, str]
"""Stream, type, market time in microseconds, payload."""


class Texts:
    """The payloads' texts of one symbol."""

    def __init__(self, symbol: str, rng: random.Random) -> None:
        self.symbol = symbol
        self.price = _cut(_priced(symbol, rng))
        self.alert = _cut(price_alert(symbol, NUMBER, START))
        self.trade = _cut(trade_execution(symbol, NUMBER, START))
        self.regimes = {
            regime: [_cut(_reading(symbol, regime, rng)) for _ in range(READINGS)]
            for regime in Regime
        }


def _priced(symbol: str, rng: random.Random) -> Payload:
    made = price_update(symbol, rng, START)
    return made.model_copy(update=dict.fromkeys(("price", "open", "high", "low"), MARK))


def _reading(symbol: str, regime: Regime, rng: random.Random) -> Payload:
    made = regime_update(symbol, rng, START)
    return made.model_copy(update={"regime": regime})


def _cut(payload: Payload) -> tuple[str, str]:
    """The text as the codec writes it, before and behind its time."""
    text = NewEvent(payload=payload, event_id=uuid4(), source=SOURCE).payload_json
    before, found, behind = text.partition(format_micros(to_micros(START)))
    assert found, text
    return before, behind


def _at(text: tuple[str, str], at_us: int) -> str:
    return f"{text[0]}{format_micros(at_us)}{text[1]}"


def market(symbols: int, seed: int = 1) -> Iterator[Made]:
    """Events without end."""
    rng = random.Random(seed)
    texts = [Texts(f"S{number}", rng) for number in range(symbols)]
    regimes = [rng.choice(list(Regime)) for _ in texts]
    portfolio, start_us, minute = _cut(portfolio_update(START)), to_micros(START), 0
    mark = str(MARK)
    while True:
        at = start_us + minute * MINUTE_US
        for number, known in enumerate(texts):
            when = at - _late(rng, minute) * MINUTE_US
            price = f"{rng.randrange(10_000, 99_999) / 100:.2f}".rstrip("0").rstrip(".")
            yield (
                f"prices:{known.symbol}",
                "price_update",
                when,
                _at(known.price, when).replace(mark, price),
            )
            if rng.random() < SHIFT_SHARE:
                regimes[number] = rng.choice([one for one in Regime if one != regimes[number]])
            reading = rng.choice(known.regimes[regimes[number]])
            yield f"regime:{known.symbol}", "regime_update", at, _at(reading, at)
            if rng.random() < ALERT_SHARE:
                numbered = f"{minute}-{number}"
                alert = _at(known.alert, at).replace(NUMBER, numbered)
                yield f"price-alerts:{known.symbol}", "price_alert", at, alert
                trade = _at(known.trade, at).replace(NUMBER, numbered)
                yield "trades:main", "trade_execution", at, trade
        yield "portfolio:main", "portfolio_update", at, _at(portfolio, at)
        minute += 1


def _late(rng: random.Random, minute: int) -> int:
    """How many minutes late a price comes; mostly none."""
    if rng.random() >= LATE_SHARE:
        return 0
    far = rng.random() < FAR_SHARE
    return rng.randrange((minute if far else min(minute, LATE_MINUTES)) + 1)


def make(path: Path, events: int, symbols: int = SYMBOLS) -> None:
    """A log of so many events in a new file, its projections folded, as one that was served holds them."""
    run_async(_new(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
            connection.execute(f"PRAGMA {pragma}")
        later = connection.execute(
            "SELECT type, name, sql FROM sqlite_master"
            " WHERE tbl_name = 'events' AND type IN ('index', 'trigger') AND sql IS NOT NULL"
        ).fetchall()
        for kind, name, _sql in later:
            connection.execute(f"DROP {kind} {name}")
        connection.execute("BEGIN")
        _insert(connection, events, symbols)
        for _kind, _name, sql in later:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")
    command = [sys.executable, "-m", "app.cli", "rebuild", "--db", str(path)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)


async def _new(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    await (await SqlEventStore.open_sqlite(path, upgrade)).close()


def _insert(connection: sqlite3.Connection, events: int, symbols: int) -> None:
    ends: dict[str, list[int]] = {}
    types: dict[str, int] = {}
    state: dict[str, Any] = {"hash": GENESIS, "at": 0}
    rows = _rows(market(symbols), events, ends, types, state)
    marks = ", ".join("?" * 14)
    connection.executemany(f"INSERT INTO events VALUES ({marks})", rows)
    connection.executemany(
        "INSERT INTO streams (stream_id, name, version, position, occurred_max) VALUES (?, ?, ?, ?, ?)",
        [(end[0], name, *end[1:]) for name, end in ends.items()],
    )
    connection.executemany("INSERT INTO event_types VALUES (?, 1, ?)", types.items())
    moved = (events, state["at"], state["hash"])
    connection.execute("UPDATE log_head SET position = ?, recorded_at = ?, hash = ?", moved)


def _rows(
    made: Iterator[Made],
    events: int,
    ends: dict[str, list[int]],
    types: dict[str, int],
    state: dict[str, Any],
) -> Iterator[tuple[Any, ...]]:
    """The rows, in the order of the table's columns; what the other tables need is left in the dicts."""
    names: dict[tuple[str, str], bytes] = {}
    began_us = to_micros(datetime.now(UTC) - timedelta(microseconds=events * 1_000))
    previous, recorded_us = GENESIS, began_us
    for position in range(1, events + 1):
        stream, kind, at_us, payload = next(made)
        end = ends.setdefault(stream, [len(ends) + 1, 0, 0, at_us])
        end[1:] = [end[1] + 1, position, max(end[3], at_us)]
        key = (stream, kind)
        if key not in names:
            names[key] = names_part(stream, kind, SOURCE)
            types.setdefault(kind, position)
        recorded_us = began_us + position * 1_000
        own = (
            (recorded_us // 1_000).to_bytes(6, "big")
            + b"\x70\x00\x80"
            + position.to_bytes(7, "big")
        )
        numbers = (position, end[1], 1, at_us, recorded_us)
        previous = hash_row(previous, numbers, (own, own, None), names[key], payload)
        place = (position, end[0], end[1], own, kind, 1, at_us, end[3], recorded_us)
        yield (*place, SOURCE, own, None, payload, previous)
    state.update(hash=previous, at=recorded_us)


def main() -> None:
    """Make one: `python benchmarks/growth_log.py FILE EVENTS [SYMBOLS]`."""
    make(Path(sys.argv[1]), int(sys.argv[2]), *map(int, sys.argv[3:]))


if __name__ == "__main__":
    main()
