"""docs/reference/metrics.md: what `/metrics` gives, asked of an application that has just begun."""

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.metrics_core import Metric

from app.api.metrics import registry_of
from app.config import Settings
from app.main import create_app
from docs.generate.http_page import NO_SECRET
from docs.generate.markdown import code, codes, page, table


def metrics_page() -> str:
    """The whole page."""
    with tempfile.TemporaryDirectory() as folder:
        metrics = asyncio.run(_collected(Path(folder)))
    own = [one for one in metrics if one.name.startswith("synapse_")]
    return page(
        "Metrics",
        "What `GET /metrics` counts, by the names under which Prometheus keeps it. Counters begin at 0 with the process."
        " What the labels' values mean, and what to be woken for, is in [seen from outside](../metrics.md).",
        table(["metric", "kind", "labels", "what"], (_row(one) for one in own)),
    )


async def _collected(folder: Path) -> list[Metric]:
    settings = Settings(database_url=str(folder / "synapse.db"), token=NO_SECRET)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        return sorted(registry_of(app.state.services).collect(), key=lambda one: one.name)


def _row(metric: Metric) -> tuple[str, str, str, str]:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    return code(name), metric.type, codes(_labels(metric)), metric.documentation


def _labels(metric: Metric) -> Iterable[str]:
    # A family that holds no value yet knows its labels, and tells nobody but its own methods.
    return getattr(metric, "_labelnames", ())
