"""What benchmarks/cluster.py found, in the vocabulary of record.py: one function for one section."""

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.cluster_measures import Crowd, Outage, Percentiles, Rate, percentiles
from benchmarks.record import Recorder, Series

BARE = "bare: "
"""Begins the name of what PostgreSQL does without us."""


def latency(recorder: Recorder, found: Mapping[tuple[float, str], Sequence[Percentiles]]) -> None:
    """From an append to a viewer, for each rate."""
    for rate in sorted({rate for rate, _ in found}):
        for title, at in (("p50", 0), ("p99", 1)):
            series = [
                Series(way, "ms", tuple(each[at] for each in took), ours=True)
                for (rate_of, way), took in found.items()
                if rate_of == rate
            ]
            recorder.table(
                f"cluster.latency.{title}.{rate:g}",
                f"From an append on one node to a viewer's socket, {title} at {rate:g} events/s",
                better="lower",
                series=series,
                says="PostgreSQL with its defaults, two nodes and the viewers on one machine.",
            )


def appends(recorder: Recorder, found: Mapping[str, Sequence[Rate]]) -> None:
    """What all nodes append together, beside the database alone."""
    series = [
        Series(
            name,
            "events/s",
            tuple(rate.events_per_s for rate in rates),
            ours=not name.startswith(BARE),
            limit=name.startswith(BARE),
        )
        for name, rates in found.items()
    ]
    recorder.table(
        "cluster.appends", "Durable appends of several nodes", better="higher", series=series
    )


def viewers(recorder: Recorder, rate: float, found: Mapping[int, Sequence[Crowd]]) -> None:
    """p99 and processor time of one node against its viewers."""
    p99 = [
        statistics.median(took) if (took := [c.took[1] for c in crowds if c.took]) else None
        for crowds in found.values()
    ]
    sizes = list(found)
    key, title = f"cluster.viewers.{rate:g}", f"Viewers of one node at {rate:g} events/s"
    recorder.growth(key, f"{title}: latency", x="viewers", unit="ms", xs=sizes, lines={"p99": p99})
    cpu: list[float | None] = [
        statistics.median(crowd.cpu * 100 for crowd in crowds) for crowds in found.values()
    ]
    recorder.growth(
        f"{key}.cpu",
        f"{title}: processor",
        x="viewers",
        unit="% of a core",
        xs=sizes,
        lines={"the node": cpu},
    )


def nodes(
    recorder: Recorder, kinds: Sequence[str], found: Mapping[str, Sequence[Sequence[float]]]
) -> None:
    """What further nodes cost: a table for each kind of cost."""
    for at, kind in enumerate(kinds):
        series = [
            Series(name, "", tuple(figures[at] for figures in rounds), ours=True)
            for name, rounds in sorted(found.items())
        ]
        title = f"One node writes, all follow: {kind}"
        recorder.table(f"cluster.nodes.{at}", title, better="lower", series=series)


def outage(recorder: Recorder, found: Sequence[Outage]) -> None:
    """What it is like to lose NATS."""
    phases = {
        "before": [each.before for each in found],
        "while NATS is away": [each.during for each in found],
        "after": [each.after for each in found],
    }
    series = [
        Series(name, "ms", tuple(percentiles(each)[1] for each in took), ours=True)
        for name, took in phases.items()
    ]
    title = "NATS killed and started again, p99 to another node's viewer"
    recorder.table("cluster.outage", title, better="lower", series=series)
    back = statistics.median(each.back_s for each in found)
    recorder.fact("cluster.outage.back", "As before, after NATS was back", back, "s")
