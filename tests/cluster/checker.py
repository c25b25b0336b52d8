"""What must be true of a log that several nodes wrote and served while everything around them broke. Pure.

The log itself, what each writer was told, what each viewer saw on whichever node, and the fences of stolen leases.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import orjson

from app.check.answers import Answered
from app.check.history import Seen, Sent, judge
from app.check.transcript import loose
from events.envelope import RecordedEvent
from events.messages import event_text
from tests.integration.log_checker import faults_of
from tests.simulation.spans import span_of

TAPE = "TAPE"
"""The symbol of the feed that all nodes have."""

FENCED = "manual"
"""The source of the events that were appended under a lease; their text is `HOLDER FENCE NUMBER`."""


@dataclass(frozen=True)
class Fenced:
    """What a holder of a lease was told of an append.

    Attributes:
        position: where it was recorded; None: refused, for its fence was old.
        at_once: whether it was told so the first time; else an earlier attempt may have been recorded.
    """

    event_id: UUID
    position: int | None
    at_once: bool = True


@dataclass(frozen=True)
class Trade:
    """A trade that was acknowledged, and where."""

    trade_id: str
    positions: tuple[int, int]


@dataclass
class Evidence:
    """All that came of a run.

    Attributes:
        seen: the viewers, who all asked for everything from the beginning.
        sent: prices; answered: their requests, and those of the trades.
        trades: that were acknowledged.
        fenced: appends under the lease that is stolen all the time.
        tape: the closes of the feed's file, in order.
    """

    seen: list[Seen] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    fenced: list[Fenced] = field(default_factory=list)
    tape: Sequence[str] = ()


def violations(log: Sequence[RecordedEvent], upto: int, evidence: Evidence) -> list[str]:
    """What is wrong, a line each; nothing when all is well. Every viewer has to have come as far as `upto`."""
    told = {one.event_id: one.position for one in evidence.fenced if one.position is not None}
    span = span_of(log)
    verdict = judge(span, evidence.seen, evidence.sent, upto=upto, answered=evidence.answered)
    return [
        *faults_of(log, told, len(log)),
        *(f"{finding.fault}: {finding.who}: {finding}" for finding in verdict.findings),
        *(line for one in evidence.seen for line in view_faults(log, upto, one)),
        *trade_faults(log, evidence.trades),
        *fence_faults(log, evidence.fenced),
        *tape_faults(log, evidence.tape),
    ]


def view_faults(log: Sequence[RecordedEvent], upto: int, seen: Seen) -> Iterator[str]:
    """Over all its connections, whichever nodes they went to, a viewer has every event once, in order."""
    came = [text for one in seen.connections for text in one.received if "position" in loose(text)]
    texts = [event_text(event) for event in log]
    if len(came) >= upto and came == texts[: len(came)]:
        return
    pairs = enumerate(zip(came, texts, strict=False))
    first = next((n for n, (one, other) in pairs if one != other), min(len(came), len(texts)))
    yield (
        f"{seen.name}: {len(came)} events came, at least {upto} should; the first that is missing,"
        f" or another one, is {first + 1}"
    )


def trade_faults(log: Sequence[RecordedEvent], trades: Sequence[Trade]) -> Iterator[str]:
    """Every trade that was acknowledged is recorded once, where it was said to be."""
    places: dict[str, list[int]] = {}
    for event in log:
        if event.type == "trade_execution" and event.source == "api":
            trade_id = orjson.loads(event.payload_json)["trade_id"]
            places.setdefault(trade_id, []).append(event.position)
    for trade_id, at in places.items():
        if len(at) > 1:
            yield f"doubled: the trade {trade_id} is recorded at {at}"
    for trade in trades:
        first, last = trade.positions
        if not any(first <= at <= last for at in places.get(trade.trade_id, [])):
            yield f"lost: the trade {trade.trade_id} was acknowledged at {first} to {last}"


def fence_faults(log: Sequence[RecordedEvent], fenced: Sequence[Fenced]) -> Iterator[str]:
    """Along the log the fences never fall, none has two holders, and what was refused is not there."""
    last, holders = 0, dict[int, str]()
    for event in log:
        if event.source != FENCED:
            continue
        holder, fence_text, _ = orjson.loads(event.payload_json)["text"].split()
        fence = int(fence_text)
        if fence < last:
            yield f"old fence: position {event.position} has {fence}, after {last}"
        if holders.setdefault(fence, holder) != holder:
            yield f"old fence: {fence} is of {holders[fence]} and of {holder}, at {event.position}"
        last = max(last, fence)
    recorded = {event.event_id for event in log}
    for one in fenced:
        if one.position is None and one.at_once and one.event_id in recorded:
            yield f"old fence: {one.event_id} was refused, and is recorded"


def tape_faults(log: Sequence[RecordedEvent], tape: Sequence[str]) -> Iterator[str]:
    """The feed's prices are those of its file from the first on, whichever nodes played it."""
    stream = f"prices:{TAPE}"
    played = [orjson.loads(e.payload_json)["price"] for e in log if e.stream == stream]
    if played != list(tape[: len(played)]):
        doubled = sum(count > 1 for count in Counter(played).values())
        yield f"the feed's prices are not those of its file: {len(played)} of them, {doubled} doubled"
