"""The verdict on a run: what each subscriber saw and each writer was told, against the log. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import orjson

from app.check.answers import Answered, answer_faults
from app.check.claims import Terms
from app.check.findings import Fault, Finding
from app.check.heartbeats import Moment
from app.check.span import LOG, Logged, Span
from app.check.transcript import Checker
from events.catalog import Channel, split_stream


class Connection(NamedTuple):
    """What went over one connection: the client's messages, and the server's."""

    said: Sequence[str]
    received: Sequence[str]


@dataclass
class Seen:
    """What one subscriber saw, over all of its connections.

    Attributes:
        name, kind: who it is, and how it behaves.
        connections: in their order; all but the last one broke off.
        refusals: what the server had to take and refused.
        unasked: events that came though they were not asked for.
        flooded: whether there were so many that it went away.
        moments: when it was told that it was caught up, lagging, or how far the log is; and each end.
    """

    name: str
    kind: str
    connections: list[Connection] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    unasked: int = 0
    flooded: bool = False
    moments: list[Moment] = field(default_factory=list)


@dataclass
class Sent:
    """A price that a writer sent, and what it was told.

    Attributes:
        symbol, timestamp, price: the price; the time as the log writes it.
        who: the writer.
        acknowledged: whether a request that carried it was answered.
        positions: where the answer said that the request was recorded; None where it did not say.
    """

    symbol: str
    timestamp: str
    price: Decimal
    who: str
    acknowledged: bool = False
    positions: tuple[int, int] | None = None


@dataclass(frozen=True)
class Verdict:
    """What a run showed.

    Attributes:
        findings: everything that is wrong, by position.
        counts: how many of each fault.
        written: events of the run's symbols in the log.
        delivered: events that came to subscribers.
        unacknowledged: prices that are in the log though no answer said so, which is allowed.
    """

    findings: Sequence[Finding]
    counts: Mapping[Fault, int]
    written: int
    delivered: int
    unacknowledged: int


def judge(
    log: Span,
    seen: Iterable[Seen],
    sent: Sequence[Sent],
    *,
    upto: int | None,
    answered: Sequence[Answered] = (),
    told: Sequence[Finding] = (),
) -> Verdict:
    """Compare everything with everything.

    Args:
        log: from where the run began, to its end.
        seen: the subscribers.
        sent: the prices; nobody else writes their symbols.
        upto: every subscriber has to have seen what it asked for up to here; None when the run was cut
            short: then up to where each one had come.
        answered: what the writers' requests were answered.
        told: what was found during the run.
    """
    findings = [*told, *log.findings(), *answer_faults(log, answered)]
    terms = Terms()
    delivered = 0
    for one in seen:
        came, found = _subscriber(log, one, upto, terms)
        delivered += came
        findings += found
    recorded = _recorded(log, {price.symbol for price in sent})
    findings += _writers(recorded, sent)
    unanswered = [price for price in sent if not price.acknowledged]
    symbols = {price.symbol for price in sent}
    return Verdict(
        findings=sorted(findings, key=lambda finding: (finding.position or 0, finding.who)),
        counts=Counter(finding.fault for finding in findings),
        written=sum(split_stream(event.stream)[1] in symbols for event in log.events),
        delivered=delivered,
        unacknowledged=sum((one.symbol, one.timestamp) in recorded for one in unanswered),
    )


def _subscriber(log: Span, seen: Seen, upto: int | None, terms: Terms) -> tuple[int, list[Finding]]:
    """How many events came to a subscriber, and what is wrong with them."""
    findings = [Finding(Fault.REFUSED, text, seen.name) for text in seen.refusals]
    if seen.flooded:
        told = f"{seen.unasked} events that it did not ask for: it went away"
        findings.append(Finding(Fault.STRAY, told, seen.name))
    if seen.refusals or seen.flooded:
        upto = None  # it was not there to the end
    elif upto is not None and not seen.connections:
        findings.append(Finding(Fault.CLAIM, "it never got a connection", seen.name))
    delivered = 0
    for number, connection in enumerate(seen.connections, start=1):
        checker = Checker(connection.said, log, seen.name, terms)
        is_last = number == len(seen.connections)
        findings += checker.check(connection.received, upto=upto if is_last else None)
        delivered += checker.delivered
    return delivered, findings


class _Recorded(NamedTuple):
    """A price as the log has it."""

    event: Logged
    price: Decimal


_Prices = dict[tuple[str, str], list[_Recorded]]


def _recorded(log: Span, symbols: Iterable[str]) -> _Prices:
    """The log's prices of some symbols, by symbol and time."""
    found: _Prices = {}
    for symbol in symbols:
        for event in log.by_stream.get(f"{Channel.PRICES}:{symbol}", []):
            payload = orjson.loads(event.text)["payload"]
            price = _Recorded(event, Decimal(payload["price"]))
            found.setdefault((symbol, payload["timestamp"]), []).append(price)
    return found


def _writers(recorded: _Prices, sent: Sequence[Sent]) -> list[Finding]:
    """What is wrong between what was sent, what was acknowledged and what is recorded."""
    findings: list[Finding] = []
    for one in sent:
        found = recorded.get((one.symbol, one.timestamp), [])
        findings += [_about(Fault.DOUBLED, "recorded twice", one, again) for again in found[1:]]
        if found and found[0].price != one.price:
            told = f"recorded as {found[0].price}, not {one.price}"
            findings.append(_about(Fault.CHANGED, told, one, found[0]))
        if one.acknowledged and (lost := _lost(one, found)):
            findings.append(lost)
    known = {(one.symbol, one.timestamp) for one in sent}
    for key in recorded.keys() - known:
        for price in recorded[key]:
            told = f"{key[0]} at {key[1]}: recorded, and nobody sent it"
            findings.append(Finding(Fault.STRAY, told, LOG, *price.event[:3]))
    return findings


def _lost(sent: Sent, found: Sequence[_Recorded]) -> Finding | None:
    if not found:
        told = f"{sent.symbol} at {sent.timestamp}: acknowledged"
        place = f" at {sent.positions[0]} to {sent.positions[1]}" if sent.positions else ""
        return Finding(Fault.LOST, f"{told}{place}, and not in the log", sent.who)
    first, last = sent.positions or (0, found[0].event.position)
    if first <= found[0].event.position <= last:
        return None
    return _about(
        Fault.LOST, f"acknowledged at {first} to {last}, recorded elsewhere", sent, found[0]
    )


def _about(fault: Fault, text: str, sent: Sent, price: _Recorded) -> Finding:
    event = price.event
    told = f"{sent.symbol} at {sent.timestamp}: {text}"
    return Finding(fault, told, sent.who, event.position, event.stream, event.version)
