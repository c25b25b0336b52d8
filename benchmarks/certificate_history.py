"""What any system kept, told its writers and showed its subscribers, judged by `synapse-check`'s own judge.

A peer speaks another wire than ours. What it did is written down as `History`, in its own positions, and then put
into our wire's words: a subscription from a cursor is a confirmed subscribe with `{"after": cursor}`, an event is
a message with its position. `app.check.history.judge` sees no difference, and nothing is judged here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

import orjson

from app.check.findings import Fault
from app.check.history import Connection, Seen, Sent, Verdict, judge
from app.check.span import Logged, Span

EPOCH: Final = "peer"
SUBSCRIBE: Final = "subscribe 1"


class Item(NamedTuple):
    """One event: `number` of `writer`, at the position that the system gave it."""

    position: int
    writer: int
    number: int


@dataclass
class Write:
    """What a writer wrote, and whether it was told that this is recorded (and where, if it was told)."""

    writer: int
    number: int
    acknowledged: bool = False
    position: int | None = None


@dataclass
class Stretch:
    """What came on one subscription, which was to begin after a position."""

    after: int
    came: list[Item] = field(default_factory=list)


@dataclass
class View:
    """A subscriber: all of its subscriptions, in their order."""

    name: str
    kind: str
    stretches: list[Stretch] = field(default_factory=list)

    @property
    def cursor(self) -> int:
        """The highest position that came; after it the next subscription begins."""
        reached = (
            max([one.after, *(item.position for item in one.came)]) for one in self.stretches
        )
        return max(reached, default=0)

    @property
    def count(self) -> int:
        """Events that came."""
        return sum(len(one.came) for one in self.stretches)


@dataclass(frozen=True)
class History:
    """One run: what the store held in the end, what the writers were told, what the subscribers saw."""

    stored: Sequence[Item]
    writes: Sequence[Write]
    views: Sequence[View]


def verdict_on(history: History) -> Verdict:
    """What `synapse-check` says of it: every subscriber had to come to the end of the store."""
    texts = {item: _text(item) for item in history.stored}
    log = _span(history.stored, texts)
    seen = [
        Seen(view.name, view.kind, [_connection(one, texts) for one in view.stretches])
        for view in history.views
    ]
    return judge(log, seen, [_sent(one) for one in history.writes], upto=log.head)


def _span(stored: Sequence[Item], texts: dict[Item, str]) -> Span:
    versions: Counter[int] = Counter()
    events = []
    for item in stored:
        versions[item.writer] += 1
        event = Logged(
            item.position, _stream(item.writer), versions[item.writer], item.number, texts[item]
        )
        events.append(event)
    return Span(events, epoch=EPOCH)


def _connection(one: Stretch, texts: dict[Item, str]) -> Connection:
    asked = {"channels": ["prices"], "symbols": None, "history": {"after": one.after}}
    told = {
        "request_msg_id": SUBSCRIBE,
        "epoch": EPOCH,
        "head": one.after,
        "resumed": True,
        "channels": ["prices"],
        "protocol_version": 1,
        "schema_hash": EPOCH,
        "heartbeat_s": 1,
    }
    caught_up = {"request_msg_id": SUBSCRIBE, "position": one.after}
    said = [_message("subscribe", asked, msg_id=SUBSCRIBE)]
    opening = [_message("subscription_confirmed", told), _message("caught_up", caught_up)]
    return Connection(said, [*opening, *(texts.get(item) or _text(item) for item in one.came)])


def _sent(one: Write) -> Sent:
    at = None if one.position is None else (one.position, one.position)
    return Sent(
        _symbol(one.writer),
        str(one.number),
        Decimal(one.number),
        f"writer {one.writer}",
        acknowledged=one.acknowledged,
        positions=at,
    )


def _text(item: Item) -> str:
    payload = {"timestamp": str(item.number), "price": str(item.number)}
    return _message("price_update", payload, position=item.position, stream=_stream(item.writer))


def _message(kind: str, payload: object, **more: object) -> str:
    return orjson.dumps({"type": kind, **more, "payload": payload}).decode()


def _symbol(writer: int) -> str:
    return f"W{writer}"


def _stream(writer: int) -> str:
    return f"prices:{_symbol(writer)}"


def wrong(verdict: Verdict) -> dict[str, int]:
    """How many of each fault were found, by name."""
    return {fault.value: verdict.counts[fault] for fault in Fault if verdict.counts.get(fault)}
