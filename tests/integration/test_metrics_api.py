"""`/metrics` of a running server, and the page that lists what there is."""

# covers: app.api.metrics, app.metrics

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from app.metrics import Way
from tests.integration.served import Served, daily, new_symbol, serving
from tests.unit.stream.views import View

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
NAMED: Final = re.compile(r"^\| `(synapse_\w+)` \| (gauge|counter|histogram)\b", re.MULTILINE)
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0"


def families(served: Served) -> Mapping[str, Metric]:
    """Every metric, by the name that the page lists."""
    answer = served.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = text_string_to_metric_families(answer.text)
    return {f"{one.name}_total" if one.type == "counter" else one.name: one for one in found}


def value(served: Served, name: str, **labels: str) -> float:
    """One number; 0 where it has not been counted yet."""
    samples = [one for metric in families(served).values() for one in metric.samples]
    return next((s.value for s in samples if s.name == name and s.labels == labels), 0.0)


def test_the_reference_lists_exactly_the_metrics_that_there_are(served: Served) -> None:
    listed = dict(NAMED.findall((DOCS / "reference" / "metrics.md").read_text(encoding="utf-8")))
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    found = families(served)
    own = {name: one.type for name, one in found.items() if name.startswith("synapse_")}
    assert listed == own
    others = {name for name in found if not name.startswith("synapse_")}
    assert all(f"`{name}`" in page for name in others)
    assert all(one.documentation.endswith(".") for one in found.values())


def test_appends_and_the_head_are_counted(served: Served) -> None:
    before = value(served, "synapse_events_appended_total")
    timed = value(served, "synapse_append_seconds_count")
    served.post_prices(daily(new_symbol(), "5", 0))
    assert value(served, "synapse_events_appended_total") > before
    assert value(served, "synapse_append_seconds_count") > timed
    assert value(served, "synapse_append_seconds_sum") > 0
    assert value(served, "synapse_head_position") == served.head()
    assert value(served, "synapse_log_fault") == 0
    assert value(served, "synapse_projection_position", projection="decider") == served.head()


def test_openmetrics_is_given_where_it_is_asked_for(served: Served) -> None:
    answer = served.http.get("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_the_slowest_connection_and_the_parked_ones_are_told(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.post_prices(*(daily("SPX", str(100 + number), number) for number in range(5)))
        register, head = served.app.state.services.register, served.head()
        views = [View(position=head), View(position=2, parked=True), View(way=Way.REPLAY)]

        async def connect() -> None:
            for view in views:
                register.opened(view, "192.0.2.1")

        async def disconnect() -> None:
            for view in views:
                register.closed(view, 1000)

        served.call(connect)
        assert value(served, "synapse_slowest_connection_lag_events") == head - 2
        assert value(served, "synapse_connections_parked") == 1
        assert value(served, "synapse_connections", way="ws") == 2
        assert value(served, "synapse_connections", way="replay") == 1
        served.call(disconnect)
        assert value(served, "synapse_slowest_connection_lag_events") == 0
        assert value(served, "synapse_connections", way="ws") == 0
        assert value(served, "synapse_connections_closed_total", way="ws", code="1000") == 2


def test_two_applications_count_apart(served: Served, tmp_path: Path) -> None:
    served.post_prices(daily(new_symbol(), "5", 0))
    with serving(tmp_path) as other:
        assert value(other, "synapse_events_appended_total") == 0
        assert value(served, "synapse_events_appended_total") > 0
