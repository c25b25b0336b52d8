"""The program on PostgreSQL: import, serve, restart, and a second process beside it."""

# covers: app.main, app.config, app.recorder, app.hints

import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.programs import Running, run_cli
from tests.integration.served import PATIENCE_S, daily
from tests.postgres import PostgresServer

BARS = "date,open,high,low,close,volume\n2020-01-02,1,2,1,2,10\n2020-01-03,2,3,2,3,10\n"


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.new_database()


def import_bars(url: str, symbol: str, folder: Path) -> None:
    (folder / "bars.csv").write_text(BARS)
    done = run_cli("import", "bars.csv", "--symbol", symbol, "--db", url, folder=folder)
    assert done.returncode == 0, done.stderr


def state_of(address: str) -> dict[str, Any]:
    return dict(httpx.get(f"{address}/api/state").raise_for_status().json())


def test_what_is_recorded_is_there_after_a_restart_and_for_every_process(
    url: str, tmp_path: Path
) -> None:
    import_bars(url, "FIRST", tmp_path)
    with Running("serve", "--db", url, "--port", "0", "--no-browser", folder=tmp_path) as program:
        address = program.url()
        assert set(state_of(address)["symbols"]) == {"FIRST"}
        # Another process writes the same log; this one comes to know of it by itself.
        import_bars(url, "SECOND", tmp_path)
        patience = time.monotonic() + PATIENCE_S
        while set(state_of(address)["symbols"]) != {"FIRST", "SECOND"}:
            assert time.monotonic() < patience
        token = (tmp_path / "synapse.token").read_text().strip()
        answer = httpx.post(
            f"{address}/api/prices",
            json={"prices": [daily("THIRD", "7", 1)]},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200, answer.text
        before = state_of(address)
        assert program.stop(signal.SIGTERM) == -signal.SIGTERM
    asyncpg_url = url.replace("postgresql:", "postgresql+asyncpg:")
    with Running(
        "serve", "--db", asyncpg_url, "--port", "0", "--no-browser", folder=tmp_path
    ) as again:
        assert state_of(again.url())["state_hash"] == before["state_hash"]
        assert again.stop(signal.SIGTERM) == -signal.SIGTERM
