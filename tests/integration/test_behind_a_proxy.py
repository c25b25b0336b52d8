"""Whom a proxy brings is a stranger, and what came past it in the clear does not count."""

# covers: app.api.doorway, app.api.auth, app.api.health

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.access.rules import rule_of
from tests.integration.served import TOKEN, Served, serving

BEARER = {"Authorization": f"Bearer {TOKEN}"}
BROUGHT = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("proxied")) as running:
        yield running


def test_reading_that_is_open_here_is_closed_for_whom_a_proxy_brings(own: Served) -> None:
    url = f"{own.url}/api/state"
    assert httpx.get(url).status_code == 200
    refused = httpx.get(url, headers=BROUGHT)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorised")
    assert ".token" not in refused.text
    assert httpx.get(url, headers=BROUGHT | BEARER).status_code == 200


def test_a_stranger_is_told_whether_it_is_ready_and_nothing_else(own: Served) -> None:
    url = f"{own.url}/readyz"
    assert httpx.get(url, headers=BROUGHT).json() == {"status": "ready"}
    assert "database" in httpx.get(url).json()
    assert "database" in httpx.get(url, headers=BROUGHT | BEARER).json()


def test_what_came_past_the_proxy_in_the_clear_does_not_count(tmp_path: Path) -> None:
    # The host is what is asked about; the server of the test listens here whatever it says.
    with serving(tmp_path, host="192.0.2.1", trusted_proxies="192.0.2.2", read="token") as served:
        state, health = f"{served.url}/api/state", f"{served.url}/healthz"
        for wants_token in (state, f"{served.url}/metrics", f"{served.url}/readyz"):
            past = httpx.get(wants_token, headers=BEARER)
            assert (past.status_code, past.json()["code"]) == (403, "tls_required")
            assert httpx.get(wants_token, headers=BEARER | BROUGHT).status_code == 200
        assert httpx.get(f"{served.url}/readyz").json() == {"status": "ready"}
        assert httpx.get(health).status_code == 200


def test_a_path_that_the_doorway_reads_otherwise_is_looked_at_again(
    own: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.doorway.rule_of", lambda _method, _path: rule_of("GET", "/"))
    for path in ("/api/connections", "/api/events/1", "/api/state"):
        refused = httpx.get(f"{own.url}{path}", headers=BROUGHT)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorised"), path
    assert httpx.get(f"{own.url}/healthz", headers=BROUGHT).status_code == 200
