"""What a subscriber may rely on, checked against the log: the transcript of one connection. Pure.

The checker knows only what the wire promises (docs/protocol.md), nothing of how the server keeps it. It
follows the server's answers in their order: a confirmation begins a request, `unsubscribed` ends some of it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.check.claims import Terms, confirmation_faults
from app.check.findings import Fault, Finding, one_line
from app.check.span import Logged, Span
from events.scalars import parse_time, to_micros
from events.selection import Selection

Message = dict[str, Any]


@dataclass
class Request:
    """One subscribe that the server confirmed: what it owes, and what has come.

    Attributes:
        owed: the events of each stream that are to come, all that the log holds of them.
        after: the cursor that it was given; None where it had none.
        head: what its confirmation said that the log reached.
        told: what is known to be missed.
        came: the highest position that came.
        reached: the highest position that came, or that the server said it was past.
    """

    name: str
    selection: Selection
    latest: bool
    after: int | None
    owed: dict[str, list[Logged]]
    head: int = 0
    got: set[int] = field(default_factory=set)
    told: set[int] = field(default_factory=set)
    came: int = 0
    reached: int = 0
    caught_up: bool = False
    may_catch_up: bool = True

    def owes(self, event: Logged) -> bool:
        """Whether the event is not before its beginning."""
        owed = self.owed.get(event.stream, [])
        return any(event.position >= first.position for first in owed[:1])

    def missing(self, upto: int) -> list[Logged]:
        """What is owed up to a position and has not come."""
        return [
            event
            for stream, owed in self.owed.items()
            if self.selection.matches(stream)
            for event in owed
            if event.position <= upto and event.position not in self.got
        ]

    def missing_newest(self, upto: int) -> list[Logged]:
        """Of what is owed up to a position, the newest of each stream that has not come."""
        due: dict[str, Logged] = {}
        for stream, owed in self.owed.items():
            for event in owed:
                if event.position <= upto and self.selection.matches(stream):
                    due[stream] = event
        return [event for event in due.values() if event.position not in self.got]

    def holes(self, dropped: Selection) -> list[Logged]:
        """Of streams that are dropped: what has not come, though later events of the same stream have."""
        found: list[Logged] = []
        for stream, owed in self.owed.items():
            if self.selection.matches(stream) and dropped.matches(stream):
                came = [place for place, event in enumerate(owed) if event.position in self.got]
                before = owed[: came[-1]] if came else []
                found += [event for event in before if event.position not in self.got]
        return found


class Checker:
    """Collects what is wrong with what one connection received.

    Attributes:
        findings: what was found, in the order of the transcript; empty if all is well.
        delivered: events that came.
        confirmed: subscribes that the server confirmed.
    """

    def __init__(
        self, said: Iterable[str], log: Span, who: str = "", terms: Terms | None = None
    ) -> None:
        """Check a client that said these texts, against this log.

        `terms`: what every confirmation of the run agrees on; those of this connection alone, unless given.
        """
        self.findings: list[Finding] = []
        self.delivered = 0
        self.confirmed = 0
        self._log = log
        self._who = who
        self._said: Mapping[str, Message] = {
            one["msg_id"]: one for one in map(loose, said) if "msg_id" in one
        }
        self._terms = terms or Terms()
        self._requests: dict[str, Request] = {}
        self._head = 0
        self._handlers: Mapping[str, Callable[[Message], None]] = {
            "subscription_confirmed": self._confirmed,
            "caught_up": self._caught_up,
            "lagging": self._lagging,
            "unsubscribed": self._unsubscribed,
            "heartbeat": self._heartbeat,
        }

    def check(self, received: Iterable[str], *, upto: int | None = None) -> list[Finding]:
        """Go through what the client received; returns what is wrong.

        Args:
            received: the server's messages, in their order.
            upto: everything up to here had to come, and every subscribe to be caught up. Without it: up to the
                last that did come, or that the server said it was past.
        """
        for text in received:
            self._take(loose(text), text)
        for request in self._requests.values():
            if not request.latest:
                end = request.reached if upto is None else max(upto, request.reached)
                self._missed(request, request.missing(end))
        if upto is not None:
            self._unanswered()
        return self.findings

    def _unanswered(self) -> None:
        """Every subscribe is answered, and caught up in the end."""
        for name, one in self._said.items():
            request = self._requests.get(name)
            if request is None and one.get("type") == "subscribe":
                self._find(Fault.CLAIM, f"{name} was never answered: nothing of it can be judged")
            elif request is not None and request.may_catch_up:
                self._find(Fault.CLAIM, f"{name} was never told caught_up")

    def _take(self, message: Message, text: str) -> None:
        if "position" in message:
            self._event(message, text)
            return
        kind = message.get("type")
        if not isinstance(kind, str):
            self._find(Fault.CLAIM, f"a message without a type: {one_line(text)}")
        elif handler := self._handlers.get(kind):
            try:
                handler(message["payload"])
            except (KeyError, TypeError, ValueError):
                self._find(Fault.CLAIM, f"a {kind} that cannot be read: {one_line(text)}")

    def _find(self, fault: Fault, text: str, event: Logged | None = None) -> None:
        at = (event.position, event.stream, event.version) if event else (None, None, None)
        self.findings.append(Finding(fault, text, self._who, *at))

    def _missed(self, request: Request, missing: Iterable[Logged]) -> None:
        for event in missing:
            if event.position in request.told:
                continue
            request.told.add(event.position)
            why = "missed" if event.position <= request.reached else "had not come by the end"
            self._find(Fault.MISSED, f"{request.name}: position {event.position} {why}", event)

    # --- control ---

    def _confirmed(self, payload: Message) -> None:
        name, log = payload["request_msg_id"], self._log
        self.confirmed += 1
        if log.epoch is not None and payload["epoch"] != log.epoch:
            told = f"{name}: epoch {payload['epoch']}, the log's is {log.epoch}"
            self._find(Fault.CLAIM, told)
        asked = self._said[name]["payload"]
        selection = Selection.of(asked["channels"], asked.get("symbols"))
        for other in self._requests.values():
            selection = selection.minus(other.selection)
        history = asked.get("history", {"last": 50})
        head = payload["head"]
        begins = self._beginning(history, head)
        streams = {s: events for s, events in log.by_stream.items() if selection.matches(s)}
        owed = {stream: list(filter(begins, events)) for stream, events in streams.items()}
        after = history.get("after") if isinstance(history, dict) else None
        latest = asked.get("delivery") == "latest"
        self._requests[name] = Request(name, selection, latest, after, owed, head)
        for told in confirmation_faults(asked, payload, log):
            self._find(Fault.CLAIM, f"{name}: {told}")
        for told in self._terms.differences(payload):
            self._find(Fault.CLAIM, f"{name}: {told}")

    def _beginning(self, history: Any, head: int) -> Callable[[Logged], bool]:
        """Which events a history covers, and all after it, given the head of its confirmation."""
        log = self._log
        match history:
            case {"after": int(after)}:
                return lambda event: event.position > after
            case {"since": str(since)}:
                moment = to_micros(parse_time(since))
                found = (e.position for e in log.events if e.occurred_at_us >= moment)
                first = min(next(found, head + 1), head + 1)
                return lambda event: event.position >= first
            case {"last": int(last)}:
                return lambda event: (
                    event.position > head or event.version > log.newest(event.stream, head) - last
                )
            case "all":
                return lambda event: event.position > 0
        return lambda event: event.position > head

    def _caught_up(self, payload: Message) -> None:
        request = self._requests.get(payload["request_msg_id"])
        if request is None or not request.may_catch_up:
            told = f"caught_up for {payload['request_msg_id']}, which was not catching up"
            self._find(Fault.CLAIM, told)
            return
        position = payload["position"]
        due = request.reached if request.caught_up else max(request.reached, request.head)
        if position < due:
            told = f"{request.name}: caught up at {position}, though it had to come to {due}"
            self._find(Fault.CLAIM, told)
        self._past(request, position, whole=not request.caught_up)
        request.caught_up, request.may_catch_up = True, False

    def _lagging(self, payload: Message) -> None:
        request = self._requests.get(payload["request_msg_id"])
        if request is None or not request.caught_up:
            told = f"lagging for {payload['request_msg_id']}, which was not live"
            self._find(Fault.CLAIM, told)
            return
        request.may_catch_up = True

    def _unsubscribed(self, payload: Message) -> None:
        dropped = Selection.of(payload["channels"], payload["symbols"])
        for request in self._requests.values():
            if not request.latest:
                self._missed(request, request.holes(dropped))
            request.selection = request.selection.minus(dropped)

    def _heartbeat(self, payload: Message) -> None:
        head = payload["head"]
        if head < self._head:
            self._find(Fault.CLAIM, f"the heartbeat's head falls from {self._head} to {head}")
        self._head = head
        for request in self._requests.values():
            if request.may_catch_up:
                self._find(Fault.CLAIM, f"a heartbeat while {request.name} is catching up")
            self._past(request, head, whole=False)

    def _past(self, request: Request, upto: int, *, whole: bool) -> None:
        """The server says that everything up to a position was sent; of `latest` at least the newest."""
        if upto > self._log.head:
            told = f"{request.name}: claims position {upto}, the log ends at {self._log.head}"
            self._find(Fault.CLAIM, told)
        if request.latest:
            missing = request.missing(upto) if whole else request.missing_newest(upto)
            self._missed(request, missing)
        request.reached = max(request.reached, upto)

    # --- events ---

    def _event(self, message: Message, text: str) -> None:
        self.delivered += 1
        event = self._log.at(message["position"])
        if event is None:
            told = f"position {message['position']} {self._why_unknown(message['position'])}"
            at = (message["position"], message.get("stream"), message.get("version"))
            self.findings.append(Finding(Fault.STRAY, told, self._who, *at))
            return
        if text != event.text:
            same = "; the same JSON, written otherwise" * (message == loose(event.text))
            told = f"position {event.position}: the text is not the log's{same}"
            self._find(Fault.CHANGED, told, event)
        holders = [r for r in self._requests.values() if r.selection.matches(event.stream)]
        if len(holders) != 1:
            told = f"position {event.position} of {event.stream} was not asked for"
            self._find(Fault.STRAY, told, event)
            return
        self._delivered(holders[0], event)

    def _why_unknown(self, position: object) -> str:
        if isinstance(position, int) and 0 < position <= self._log.after:
            return "was not asked for: it is from before the run"
        return "is not in the log"

    def _delivered(self, request: Request, event: Logged) -> None:
        place = f"{request.name}: position {event.position}"
        if event.position in request.got:
            self._find(Fault.DOUBLED, f"{place} twice", event)
        elif not request.owes(event):
            if request.after is not None and event.position <= request.after:
                told = f"{place} again: the cursor that was asked for is {request.after}"
                self._find(Fault.DOUBLED, told, event)
            else:
                self._find(Fault.STRAY, f"{place} is before its beginning", event)
        elif event.position <= request.came:
            self._find(Fault.REORDERED, f"{place} after {request.came}", event)
        elif event.position <= request.reached:
            told = f"{place} after it was said that all up to {request.reached} had been sent"
            self._find(Fault.CLAIM, told, event)
        request.got.add(event.position)
        request.came = max(request.came, event.position)
        request.reached = max(request.reached, event.position)


def loose(text: str) -> Message:
    """A message, parsed; what is no object counts as nothing."""
    try:
        parsed = orjson.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
