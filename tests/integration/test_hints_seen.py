"""What an operator sees of hints: `/readyz` tells how they fare, `/metrics` counts them, and no node is unready for them."""

# covers: app.api.health, app.api.metrics

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from events import notify_hints
from events.postgres_hosts import first_host
from tests.integration.programs import run_python
from tests.integration.served import Served, daily, new_symbol, serving
from tests.integration.test_metrics_api import value
from tests.integration.test_notify_hints import KILL
from tests.postgres import PostgresServer
from tests.waiting import eventually

NOWHERE = "postgresql://127.0.0.1:1/log"
WITHOUT_NATS_PY = f"""
import os, sys
sys.modules.update(dict.fromkeys(("nats", "nats.aio", "nats.aio.client")))
os.environ.update(
    SYNAPSE_DATABASE_URL="{NOWHERE}", SYNAPSE_NATS_URL="nats://h", SYNAPSE_TOKEN="{"t" * 43}"
)
from app.cli import main
main(("serve", "--no-browser", "--port", "0"))
"""


def hints_of(served: Served) -> dict[str, Any]:
    return dict(served.get("/readyz")["hints"])


@pytest.fixture
def pair(postgres: PostgresServer, tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """Two nodes of one log, in this process."""
    url = postgres.empty_database()
    with (
        serving(tmp_path, database_url=url) as one,
        serving(tmp_path, database_url=url) as other,
    ):
        eventually(lambda: hints_of(one)["connected"] and hints_of(other)["connected"])
        yield one, other


def test_a_log_in_a_file_has_no_hints(served: Served) -> None:
    told = hints_of(served)
    assert (told["kind"], told["connected"], told["error"]) == ("poll", False, None)
    assert value(served, "synapse_hints_connected", kind="poll") == 0


def test_what_nodes_tell_each_other_is_counted(pair: tuple[Served, Served]) -> None:
    one, other = pair
    assert value(other, "synapse_hints_connected", kind="notify") == 1
    symbol = new_symbol()
    one.post_prices(daily(symbol, "5", 0))
    eventually(lambda: symbol in other.get("/api/state")["symbols"])
    eventually(lambda: value(other, "synapse_hints_total", outcome="heard") >= 1)
    assert value(one, "synapse_hints_total", outcome="sent") >= 1
    assert value(one, "synapse_hints_total", outcome="lost") == 0
    read = value(other, "synapse_follow_events_total", source="store")
    assert read == one.head() == value(other, "synapse_head_position")
    assert value(other, "synapse_follow_reads_total") >= 1
    assert value(other, "synapse_events_appended_total") == 0


def test_hints_that_are_lost_are_told_and_leave_the_node_ready(
    pair: tuple[Served, Served], postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    monkeypatch.setattr(notify_hints, "first_host", lambda _, connect: first_host(NOWHERE, connect))
    postgres.run(KILL)
    eventually(lambda: "cannot connect" in (hints_of(other)["error"] or ""))
    ready = other.get("/readyz")
    assert (ready["status"], ready["hints"]["connected"]) == ("ready", False)
    assert value(other, "synapse_hints_connected", kind="notify") == 0
    symbol = new_symbol()
    one.post_prices(daily(symbol, "5", 0))
    eventually(lambda: symbol in other.get("/api/state")["symbols"])
    assert hints_of(one)["lost"] >= 1
    monkeypatch.undo()
    eventually(lambda: value(other, "synapse_hint_reconnects_total") == 1)


def test_serve_without_nats_py_says_in_one_line_what_to_install(tmp_path: Path) -> None:
    done = run_python(WITHOUT_NATS_PY, folder=tmp_path)
    wanted = "synapse: hints over NATS need nats-py: pip install 'regime-synapse[nats]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", wanted)
