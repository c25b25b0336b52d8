"""`/metrics`: what Prometheus reads. Every number is looked up when it asks; `docs/reference/metrics.md` lists them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Header
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from app.api.services import Services, ServicesDep
from app.decider import DECIDER
from app.feed_runner import FeedPhase
from app.metrics import Histogram, StreamMetrics, Way
from app.stream.connection_view import lag

router = APIRouter(tags=["health"])

_MEDIA_TYPES: Final = ("text/plain", "application/openmetrics-text")


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {name: {"schema": {"type": "string"}} for name in _MEDIA_TYPES}}},
)
async def metrics(services: ServicesDep, accept: Annotated[str, Header()] = "") -> Response:
    """What the server counts, in Prometheus' text format, or OpenMetrics' where it is asked for."""
    encode, media_type = choose_encoder(accept)
    return Response(encode(registry_of(services)), headers={"Content-Type": media_type})


def registry_of(services: Services) -> CollectorRegistry:
    """The registry of one application: it holds no numbers, so it is made when it is needed."""
    # Without `auto_describe` nothing is collected to learn the names.
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(services))
    ProcessCollector(registry=registry)
    return registry


class _Numbers(Collector):
    """All that this program counts itself."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterable[Metric]:
        """The numbers as they are now."""
        stream = self._services.register.metrics
        yield from _connections(stream)
        yield from _deliveries(stream)
        yield from self._connected()
        yield from self._log()
        yield from self._others()
        yield from self._projections()
        yield from self._feeds()

    def _connected(self) -> Iterator[Metric]:
        head = self._services.log.head.position
        views = self._services.register.views()
        yield _gauge(
            "synapse_connections_parked",
            "Connections whose delivery waits for the client to read.",
            sum(view.parked for view in views),
        )
        yield _gauge(
            "synapse_slowest_connection_lag_events",
            "Positions of the log that the connection furthest behind has not been sent.",
            max((lag(view, head) for view in views), default=0),
        )

    def _log(self) -> Iterator[Metric]:
        log, counted = self._services.log, self._services.log_metrics
        yield _gauge(
            "synapse_head_position",
            "The log's last position, as this node knows it.",
            log.head.position,
        )
        yield _gauge(
            "synapse_appends_waiting", "Appends that wait for the writer.", log.waiting_appends
        )
        yield _gauge(
            "synapse_log_fault",
            "1 while the last append or look at the log has failed, else 0.",
            log.fault is not None,
        )
        yield _counter("synapse_events_appended", "Events this process appended.", counted.events)
        yield _histogram(
            "synapse_append_seconds", "From an append's call until it is on disk.", counted.append
        )

    def _others(self) -> Iterator[Metric]:
        follower = self._services.log.follower
        hints, counts = follower.hint_status, follower.counts
        yield _labelled(
            GaugeMetricFamily(
                "synapse_hints_connected",
                "1 while this node tells others of its commits and hears of theirs, else 0.",
                labels=["kind"],
            ),
            {(hints.kind.value,): hints.connected},
        )
        yield _labelled(
            CounterMetricFamily(
                "synapse_hints", "Hints between nodes, by what became of them.", labels=["outcome"]
            ),
            {(name,): getattr(hints, name) for name in ("sent", "heard", "refused", "lost")},
        )
        yield _counter(
            "synapse_hint_reconnects", "How often the hints' way was found again.", hints.reconnects
        )
        yield _labelled(
            CounterMetricFamily(
                "synapse_follow_events",
                "Events of others, by how this node came to know them.",
                labels=["source"],
            ),
            {("hint",): counts.from_hints, ("store",): counts.from_store},
        )
        yield _counter(
            "synapse_follow_holes", "Hints that did not continue what was known.", counts.holes
        )
        yield _counter(
            "synapse_follow_reads", "How often the store was read for others' events.", counts.reads
        )

    def _projections(self) -> Iterator[Metric]:
        projector = self._services.live_state.projector
        found = {projector.name: projector.status, DECIDER: self._services.ingest.status}
        yield _labelled(
            GaugeMetricFamily(
                "synapse_projection_position",
                "The position that a projection has folded up to.",
                labels=["projection"],
            ),
            {(name,): status.position for name, status in found.items()},
        )
        yield _labelled(
            GaugeMetricFamily(
                "synapse_projection_parked",
                "1 for a projection that waits before an event it cannot read, else 0.",
                labels=["projection"],
            ),
            {(name,): status.phase == "parked" for name, status in found.items()},
        )

    def _feeds(self) -> Iterator[Metric]:
        status = self._services.broadcaster.status
        phases = Counter(one.phase for one in status.values())
        yield _labelled(
            GaugeMetricFamily("synapse_feeds", "Feeds in each phase.", labels=["phase"]),
            {(phase.value,): phases[phase] for phase in FeedPhase},
        )
        yield _labelled(
            CounterMetricFamily(
                "synapse_feed_ticks", "Prices that a feed has brought.", labels=["feed"]
            ),
            {(name,): one.ticks for name, one in status.items()},
        )


def _connections(stream: StreamMetrics) -> Iterator[Metric]:
    yield _labelled(
        GaugeMetricFamily("synapse_connections", "Clients that are connected.", labels=["way"]),
        {(way.value,): stream.open[way] for way in Way},
    )
    yield _labelled(
        CounterMetricFamily(
            "synapse_connections_opened", "Clients that have connected.", labels=["way"]
        ),
        {(way.value,): stream.opened[way] for way in Way},
    )
    yield _labelled(
        CounterMetricFamily(
            "synapse_connections_closed",
            "Connections that have ended, by close code.",
            labels=["way", "code"],
        ),
        {(way.value, code): count for (way, code), count in stream.closed.items()},
    )
    yield _labelled(
        CounterMetricFamily(
            "synapse_messages_refused",
            "Messages of clients that were answered by an error, by its code.",
            labels=["code"],
        ),
        {(code,): count for code, count in stream.refusals.items()},
    )


def _deliveries(stream: StreamMetrics) -> Iterator[Metric]:
    yield _counter(
        "synapse_events_delivered",
        "Events handed to connections, each counted once for every connection.",
        stream.delivered_events,
    )
    yield _counter(
        "synapse_delivered_bytes", "Bytes handed to connections.", stream.delivered_bytes
    )
    yield _counter("synapse_parked", "How often a connection was parked.", stream.parkings)
    yield _counter(
        "synapse_unparked", "How often a parked connection read again, or ended.", stream.unparkings
    )
    yield _counter(
        "synapse_events_conflated",
        "Events left out because newer ones replaced them.",
        stream.conflated_events,
    )
    yield _counter("synapse_lagging", "How often a client was told that it lags.", stream.laggings)
    yield _histogram(
        "synapse_delivery_seconds",
        "From the commit of a batch's oldest event until it was handed to connections.",
        stream.delivery,
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, float(value))


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, float(value))


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(name, text, histogram.cumulative(), histogram.total)


def _labelled(
    family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[tuple[str, ...], float]
) -> Metric:
    for labels, value in values.items():
        family.add_metric(list(labels), float(value))
    return family
