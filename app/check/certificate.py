"""The certificate: what a run was, what it saw, and the verdict."""

import time
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from app.check.findings import Fault, Finding
from app.check.history import Verdict
from app.check.span import Span
from app.check.stage import Stage
from events.catalog import Record
from events.scalars import UtcTime

FORM: Final = "synapse-check/1"
"""What a program that reads certificates may rely on; it changes with a field's meaning."""

FINDINGS_SHOWN_MAX: Final = 20
"""Findings that a certificate shows; the others are counted."""


class Outcome(StrEnum):
    """The verdict in a word."""

    PASSED = "PASS"
    FAILED = "FAIL"
    INTERRUPTED = "INTERRUPTED"
    """Cut short; nothing was wrong so far."""


class ServerSeen(Record):
    """Who was checked, and the part of its log that the run is in: after `begin`, up to `head`."""

    url: str
    version: str
    epoch: str
    begin: int
    head: int


class WritersSeen(Record):
    """What the writers did."""

    writers: int
    symbols: list[str]
    requests: int
    retries: int
    repeats: int
    prices_sent: int
    prices_acknowledged: int
    unacknowledged_but_recorded: int


class SubscribersSeen(Record):
    """What the subscribers did."""

    kinds: dict[str, int]
    connections: int
    events_delivered: int


class Latency(Record):
    """From sending a price to its arrival at the subscribers that read at once; for your interest."""

    samples: int
    median_ms: float
    p99_ms: float


class FindingShown(Record):
    """One thing that is wrong."""

    fault: Fault
    who: str
    position: int | None
    stream: str | None
    version: int | None
    text: str


class Certificate(Record):
    """All of it. `faults` has every kind of fault with its number, `findings` the first of them.

    `unseen` is what the run did not look at, though one with other subscribers, or a longer one, does.
    """

    form: str
    outcome: Outcome
    server: ServerSeen
    seed: int
    run: str
    started_at: UtcTime
    took_s: float
    writing: WritersSeen
    reading: SubscribersSeen
    events_written: int
    faults: dict[Fault, int]
    latency: Latency | None
    findings: list[FindingShown]
    findings_in_all: int
    unseen: list[str]


def certificate(  # what a run knows
    stage: Stage,
    log: Span,
    verdict: Verdict,
    kinds: Mapping[str, int],
    started_at: datetime,
    version: str,
    unseen: list[str],
    *,
    is_whole: bool,
) -> Certificate:
    """The certificate of a run; `is_whole`: it was not cut short."""
    outcome = Outcome.PASSED if is_whole else Outcome.INTERRUPTED
    plan = stage.plan
    return Certificate(
        form=FORM,
        outcome=Outcome.FAILED if verdict.findings else outcome,
        server=ServerSeen(
            url=plan.url, version=version, epoch=stage.epoch, begin=log.after, head=log.head
        ),
        seed=plan.seed,
        run=plan.run,
        started_at=started_at,
        took_s=round(time.monotonic() - stage.began_at, 3),
        writing=_writing(stage, verdict),
        reading=SubscribersSeen(
            kinds={str(kind): count for kind, count in kinds.items()},
            connections=stage.connections,
            events_delivered=verdict.delivered,
        ),
        events_written=verdict.written,
        faults={fault: verdict.counts.get(fault, 0) for fault in Fault},
        latency=_latency(sorted(stage.latencies_s)),
        findings=[_shown(finding) for finding in verdict.findings[:FINDINGS_SHOWN_MAX]],
        findings_in_all=len(verdict.findings),
        unseen=unseen,
    )


def _writing(stage: Stage, verdict: Verdict) -> WritersSeen:
    return WritersSeen(
        writers=stage.plan.writers,
        symbols=stage.plan.names,
        requests=stage.requests,
        retries=stage.retries,
        repeats=stage.repeats,
        prices_sent=len(stage.sent),
        prices_acknowledged=stage.acknowledged,
        unacknowledged_but_recorded=verdict.unacknowledged,
    )


def _latency(sorted_s: list[float]) -> Latency | None:
    if not sorted_s:
        return None
    count = len(sorted_s)
    median_s, p99_s = sorted_s[count // 2], sorted_s[min(count - 1, count * 99 // 100)]
    return Latency(samples=count, median_ms=round(median_s * 1e3, 1), p99_ms=round(p99_s * 1e3, 1))


def _shown(finding: Finding) -> FindingShown:
    fields: dict[str, Any] = finding._asdict()
    return FindingShown(**fields)
