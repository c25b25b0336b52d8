"""Feeds as a user names them: played beside one another, killed, started again, without a gap or a double."""

# covers: app.cli, app.commands.serve, app.feed_runner, app.feeds.specs

import json
import signal
import sqlite3
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from tests.integration.programs import Running

DAYS = 400
TICKS = 300
SERVE = (
    "serve",
    *("--port", "0", "--no-browser", "--db", "x.db"),
    *("--feed", "csv:daily/?bars_per_s=300"),
    *("--feed", "csv:btc.csv?ticks=true&symbol=BTC/USD&speed=100s/s&name=btc"),
    *("--feed", "simulated:SIM?seed=7&bars_per_s=20"),
)


def fill(folder: Path) -> None:
    (folder / "daily").mkdir()
    for number, name in enumerate(("spx", "ixic"), start=1):
        rows = "".join(
            f"20{10 + day // 336}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02},{number}{day:03}\n"
            for day in range(DAYS)
        )
        (folder / "daily" / f"{name}.csv").write_text("date,close\n" + rows)
    rows = "".join(
        f"2020-01-06T10:{second // 60:02}:{second % 60:02}Z,{second + 1}\n" * 2
        for second in range(TICKS)
    )
    (folder / "btc.csv").write_text("timestamp,price\n" + rows)


def feeds(running: Running) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = httpx.get(f"{running.url()}/readyz").json()["feeds"]
    return told


def played(running: Running, count: int) -> bool:
    return all(feed["ticks"] >= count for feed in feeds(running).values())


def prices(folder: Path, symbol: str) -> list[tuple[int, dict[str, Any]]]:
    database = sqlite3.connect(folder / "x.db")
    rows = database.execute(
        "SELECT events.version, payload FROM events JOIN streams USING (stream_id)"
        " WHERE streams.name = ? ORDER BY events.version",
        (f"prices:{symbol}",),
    ).fetchall()
    database.close()
    return [(version, json.loads(payload)) for version, payload in rows]


def test_feeds_are_played_side_by_side_through_every_kind_of_stop(tmp_path: Path) -> None:
    fill(tmp_path)
    with Running(*SERVE, folder=tmp_path) as first:
        first.wait_for(lambda: played(first, 20))
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with Running(*SERVE, folder=tmp_path) as second:
        second.wait_for(lambda: played(second, 20))
        assert second.stop(signal.SIGTERM) in {0, -signal.SIGTERM}
        assert "Traceback" not in second.stderr
    with Running(*SERVE, folder=tmp_path) as third:
        third.wait_for(
            lambda: {"finished"} == {feeds(third)[name]["phase"] for name in ("daily", "btc")}
        )
        third.wait_for(lambda: feeds(third)["simulated"]["ticks"] > 5)
        assert httpx.get(f"{third.url()}/readyz").status_code == 200
        assert third.stop(signal.SIGINT) in {0, 130}
    for number, symbol in enumerate(("SPX", "IXIC"), start=1):
        bars = prices(tmp_path, symbol)
        assert [version for version, _ in bars] == list(range(1, DAYS + 1))
        assert [bar["price"] for _, bar in bars] == [f"{number}{day:03}" for day in range(DAYS)]
    ticks = prices(tmp_path, "BTC/USD")
    assert [tick["price"] for _, tick in ticks] == [str(n // 2 + 1) for n in range(2 * TICKS)]
    assert all(a["timestamp"] < b["timestamp"] for (_, a), (_, b) in pairwise(ticks))
    assert {tick["bar_s"] for _, tick in ticks} == {None}
    simulated = [bar for _, bar in prices(tmp_path, "SIM")]
    assert all(a["price"] == b["open"] for a, b in pairwise(simulated))
