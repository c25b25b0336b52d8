"""SQL in every field and parameter is a text like any other: it is refused or found nowhere, and the log is whole."""

# covers: events.sql_text, events.sql_keys

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.integration.programs import run_cli
from tests.integration.served import Served, daily, serving
from tests.postgres import PostgresServer

WORDS: Final = (
    "'; DROP TABLE events; --",
    "x') UNION SELECT payload FROM events --",
    ":low",
    "%(x)s %s $1 ?1 {0}",
    "\\'; ATTACH 'x' AS x; --",
    "%' ESCAPE '!",
)
NAMES: Final = (
    "after",
    "before",
    "since",
    "until",
    "channels",
    "symbols",
    "types",
    "limit",
    "order",
)
READ: Final[dict[str, tuple[str, ...]]] = {
    "/api/events": (*NAMES, "raw", "format"),
    "/api/state": ("position", "at", "known_at", "symbol"),
    "/api/episodes": ("symbol", "at", "position", "limit"),
    "/api/bars": ("symbol", "since", "until", "bars", "known_at"),
    "/api/compare": ("a", "b", "symbol"),
    "/api/explain": ("symbol", "at", "position"),
    "/api/stream": ("channels", "after", "since"),
}
"""Where something can be asked, and how; what an endpoint does not have is refused, which is fine as well."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A server on each engine, with three prices."""
    more: dict[str, Any] = {}
    if request.param == "postgresql":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        more = {"database_url": postgres.new_database()}
    with serving(tmp_path_factory.mktemp("words"), **more) as one:
        one.post_prices(*(daily("WHOLE", str(5 + number), number) for number in range(3)))
        yield one


@pytest.fixture
def whole(served: Served) -> Iterator[Served]:
    """The same; what was recorded before a test is there after it, word for word."""
    before = served.events("symbols=WHOLE")
    yield served
    assert served.events("symbols=WHOLE") == before
    assert len(before) >= 3


def bodies(words: str) -> list[tuple[str, dict[str, Any]]]:
    """Requests with the words in each field that takes a text."""
    price = daily("WHOLE", "9", 9)
    trade = {"trade_id": "t", "symbol": "WHOLE", "side": "buy", "quantity": "1", "price": "1"}
    trade["timestamp"] = "2026-01-16T12:00:00Z"
    rule = {"rule_id": "r", "kind": "drawdown", "severity": "info", "threshold": "0.2"}
    regime = {"symbol": "WHOLE", "regime": "BULL"}
    found = []
    for path, wrap, body in (
        ("/api/prices", "prices", price),
        ("/api/trades", "trades", trade),
        ("/api/alert-rules", "", rule),
        ("/api/broadcast/regime", "", regime),
    ):
        for name in (*body, words):
            planted = {**body, name: words}
            found.append((path, {wrap: [planted]} if wrap else planted))
    return found


@pytest.mark.parametrize("words", WORDS)
def test_words_of_sql_in_every_parameter_are_refused_or_match_nothing(
    whole: Served, words: str
) -> None:
    for path, names in READ.items():
        for name in names:
            answer = whole.http.get(path, params={name: words})
            if answer.status_code == 200:
                # Only what names something may be unknown: then nothing is found.
                assert name in {"symbol", "symbols", "epoch"}, (path, name)
                assert '"symbol":"WHOLE"' not in answer.text, (path, name)
            else:
                assert 400 <= answer.status_code < 500, (path, name, answer.text)
    for path in ("/api/events/", "/schemas/", "/api/alert-rules/"):
        answer = whole.http.request(
            "DELETE" if "rules" in path else "GET", f"{path}{_in_path(words)}"
        )
        assert 400 <= answer.status_code < 500, (path, answer.text)


@pytest.mark.parametrize("words", WORDS)
def test_words_of_sql_in_every_field_are_refused(whole: Served, words: str) -> None:
    for path, body in bodies(words):
        answer = whole.http.post(path, json=body)
        assert answer.status_code == 422, (path, body, answer.text)


def test_words_of_sql_that_are_texts_are_kept_as_they_are(whole: Served) -> None:
    for number, words in enumerate(WORDS):
        alert = {"symbol": f"SQL{number}", "price": "1", "message": words}
        assert whole.post("/api/broadcast/price-alert", alert)["payload"]["message"] == words
        (found,) = whole.events(f"symbols=SQL{number}")
        assert found["payload"]["message"] == words


def test_words_of_sql_as_a_key_are_a_key(whole: Served) -> None:
    for number, words in enumerate(WORDS):
        price = daily(f"KEY{number}", "5", 0)
        first = whole.post("/api/prices", {"prices": [price]}, **{"Idempotency-Key": words})
        again = whole.post("/api/prices", {"prices": [price]}, **{"Idempotency-Key": words})
        assert first == again
        assert len(whole.events(f"symbols=KEY{number}&types=price_update")) == 1


def test_a_log_that_has_heard_them_all_is_proved(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        for words in WORDS:
            served.post(
                "/api/broadcast/price-alert", {"symbol": "W", "price": "1", "message": words}
            )
            served.http.get("/api/events", params={"symbols": words})
    done = run_cli("verify", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def _in_path(words: str) -> str:
    return str(httpx.URL("http://x/", params={"a": words})).partition("=")[2].replace("+", "%20")
