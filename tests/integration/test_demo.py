"""The demo as a user runs it: stopped at the worst moment, started again, it goes on where it was."""

# covers: app.demo, app.access.write_token

import json
import signal
import sqlite3
import stat
from pathlib import Path
from typing import Any

import httpx

from app.feeds.samples import SAMPLES
from tests.integration.programs import Running

DEMO = ("demo", "--port", "0", "--no-browser", "--speed", "200", "--db", "demo.db")
IMPORTED = 9_560
"""Sample bars up to the end of 2017, of both indices."""


def recorded(folder: Path, what: str) -> int:
    """Ask the log's file itself, beside whoever writes it."""
    try:
        database = sqlite3.connect(f"file:{folder / 'demo.db'}?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return 0
    try:
        return int(database.execute(what).fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()


def head(folder: Path) -> int:
    return recorded(folder, "SELECT position FROM log_head")


def played(url: str, symbol: str) -> int:
    """How many bars of 2018 a running demo has played."""
    return len(
        httpx.get(f"{url}/api/bars?symbol={symbol}&since=2018-01-01T00:00:00Z").json()["bars"]
    )


def test_the_demo_survives_every_kind_of_stop(tmp_path: Path) -> None:
    with Running(*DEMO, folder=tmp_path) as importing:
        importing.wait_for(lambda: head(tmp_path) > 2_000)
        assert importing.stop(signal.SIGINT) in {0, 130}
        assert "Traceback" not in importing.stderr
    interrupted_at = head(tmp_path)

    with Running(*DEMO, folder=tmp_path) as first:
        url = first.url()
        assert head(tmp_path) > interrupted_at
        assert "Importing 1999-2017" in first.stderr
        first.wait_for(lambda: "not investment advice" in first.stderr.lower())
        assert prices(tmp_path, "import") == IMPORTED
        first.wait_for(lambda: played(url, "SPX") > 5 and played(url, "SIM") > 0)
        token_lets_write(tmp_path, url)
        assert first.stop(signal.SIGTERM) in {0, -signal.SIGTERM}
        assert "Traceback" not in first.stderr

    before = head(tmp_path)
    with Running(*DEMO, folder=tmp_path) as second:
        url = second.url()
        assert "Importing" not in second.stderr
        second.wait_for(lambda: all(played(url, name) == year_of(name) for name in SAMPLES))
        assert second.stop(signal.SIGINT) in {0, 130}
        assert "Traceback" not in second.stderr
    assert head(tmp_path) > before
    assert prices(tmp_path, "import") == IMPORTED
    nothing_is_missing_and_nothing_is_twice(tmp_path)


def prices(folder: Path, source: str) -> int:
    chosen = f"type = 'price_update' AND source = '{source}'"
    return recorded(folder, f"SELECT count(*) FROM events WHERE {chosen}")


def year_of(symbol: str) -> int:
    return sum(bar.timestamp.year == 2018 for bar in SAMPLES[symbol].bars())


def token_lets_write(folder: Path, url: str) -> None:
    token = folder / "demo.db.token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    headers = {"Authorization": f"Bearer {token.read_text().strip()}"}
    body = {"symbol": "SIM", "regime": "CRASH"}
    answer = httpx.post(f"{url}/api/broadcast/regime", json=body, headers=headers)
    assert answer.status_code == 200


def nothing_is_missing_and_nothing_is_twice(folder: Path) -> None:
    database = sqlite3.connect(folder / "demo.db")
    rows: list[Any] = database.execute(
        "SELECT events.position, streams.name, events.version, events.type, payload FROM events"
        " JOIN streams ON streams.stream_id = events.stream_id ORDER BY events.position"
    ).fetchall()
    database.close()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    versions: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for _, stream, version, kind, payload in rows:
        assert version == versions.get(stream, 0) + 1
        versions[stream] = version
        if kind == "price_update":
            bar = (stream, json.loads(payload)["timestamp"])
            assert bar not in seen
            seen.add(bar)
    assert versions["prices:SPX"] == sum(1 for _ in SAMPLES["SPX"].bars())
    assert versions["prices:IXIC"] == sum(1 for _ in SAMPLES["IXIC"].bars())
