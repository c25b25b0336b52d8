"""One symbol more than there may be is refused whichever way it comes; those that are known go on."""

# covers: app.api.broadcast, app.api.prices

from pathlib import Path

import pytest

from app.market import decide_price
from tests.integration.served import Json, Served, daily, serving


def refused(served: Served, path: str, body: Json) -> tuple[int, str]:
    answer = served.http.post(path, json=body)
    return answer.status_code, answer.json()["code"]


def test_one_more_is_refused_and_nothing_of_its_request_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide_price, "SYMBOLS_MAX", 2)
    with serving(tmp_path) as served:
        served.post_prices(daily("A", "1", 0), daily("B", "1", 0))
        head = served.head()
        both: Json = {"prices": [daily("A", "2", 1), daily("C", "1", 0)]}
        assert refused(served, "/api/prices", both) == (422, "too_many_symbols")
        shown: Json = {"symbol": "C", "regime": "CRASH"}
        assert refused(served, "/api/broadcast/regime", shown) == (422, "too_many_symbols")
        assert served.head() == head
        served.post_prices(daily("A", "2", 1))
        served.post("/api/broadcast/regime", {**shown, "symbol": "B"})
