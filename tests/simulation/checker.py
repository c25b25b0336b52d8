"""What a client may rely on, checked against the log: the transcript of one connection, message by message.

The checker knows only what the wire promises (docs/protocol.md), nothing of how the server keeps it. It
follows the server's answers in their order: a confirmation begins a request, `unsubscribed` ends some of it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from events.envelope import RecordedEvent
from events.messages import event_text
from events.scalars import parse_time, to_micros
from events.selection import Selection

Message = dict[str, Any]


@dataclass
class Request:
    """One subscribe that the server confirmed: what it owes, and what has come."""

    name: str
    selection: Selection
    latest: bool
    owed: dict[str, list[RecordedEvent]]
    got: dict[str, list[int]] = field(default_factory=dict)
    last: int = 0
    caught_up: bool = False
    may_catch_up: bool = True


class Checker:
    """Collects what is wrong with what one client received.

    Attributes:
        problems: what was found, in the order of the transcript; empty if all is well.
        complete_upto: everything that matches up to here has come, by the last heartbeat.
    """

    def __init__(
        self, said: Iterable[str], log: Sequence[RecordedEvent], epoch: str | None = None
    ) -> None:
        """Check a client that said these texts, against this log (dense from position 1)."""
        self.problems: list[str] = []
        self.complete_upto = 0
        self._log = log
        self._epoch = epoch
        self._said: Mapping[str, Message] = {
            one["msg_id"]: one for one in map(_loose, said) if "msg_id" in one
        }
        self._requests: dict[str, Request] = {}
        self._handlers: Mapping[str, Callable[[Message], None]] = {
            "subscription_confirmed": self._confirmed,
            "caught_up": self._caught_up,
            "lagging": self._lagging,
            "unsubscribed": self._unsubscribed,
            "heartbeat": self._heartbeat,
        }

    def check(self, received: Iterable[str]) -> list[str]:
        """Go through what the client received; returns the problems."""
        for text in received:
            message: Message = json.loads(text)
            if "position" in message:
                self._event(message, text)
            elif handler := self._handlers.get(message["type"]):
                handler(message["payload"])
        return self.problems

    def _problem(self, text: str) -> None:
        self.problems.append(text)

    # --- control ---

    def _confirmed(self, payload: Message) -> None:
        name = payload["request_msg_id"]
        if self._epoch is not None and payload["epoch"] != self._epoch:
            self._problem(f"{name}: epoch {payload['epoch']}, the log's is {self._epoch}")
        asked = self._said[name]["payload"]
        selection = Selection.of(asked["channels"], asked.get("symbols"))
        for other in self._requests.values():
            selection = selection.minus(other.selection)
        owed: dict[str, list[RecordedEvent]] = {}
        begins = self._beginning(asked.get("history", {"last": 50}), payload["head"])
        for event in filter(begins, self._log):
            if selection.matches(event.stream):
                owed.setdefault(event.stream, []).append(event)
        latest = asked.get("delivery") == "latest"
        self._requests[name] = Request(name, selection, latest, owed)

    def _beginning(self, history: Any, head: int) -> Callable[[RecordedEvent], bool]:
        """Which events a history covers, and all after it, given the head of its confirmation."""
        match history:
            case {"after": int(after)}:
                return lambda event: event.position > after
            case {"since": str(since)}:
                moment = to_micros(parse_time(since))
                found = (e.position for e in self._log if e.occurred_at_us >= moment)
                first = next(found, head + 1)
                return lambda event: event.position >= min(first, head + 1)
            case {"last": int(last)}:
                ends: dict[str, int] = {}
                for event in self._log[:head]:
                    ends[event.stream] = event.version
                return partial(_is_last, ends, last, head)
            case "all":
                return lambda event: True
        return lambda event: event.position > head

    def _caught_up(self, payload: Message) -> None:
        request = self._requests.get(payload["request_msg_id"])
        if request is None or not request.may_catch_up:
            self._problem(f"caught_up for {payload['request_msg_id']}, which was not catching up")
            return
        self._must_have(request, payload["position"], whole=not request.caught_up)
        request.caught_up, request.may_catch_up = True, False

    def _lagging(self, payload: Message) -> None:
        request = self._requests.get(payload["request_msg_id"])
        if request is None or not request.caught_up:
            self._problem(f"lagging for {payload['request_msg_id']}, which was not live")
            return
        request.may_catch_up = True

    def _unsubscribed(self, payload: Message) -> None:
        dropped = Selection.of(payload["channels"], payload["symbols"])
        for request in self._requests.values():
            request.selection = request.selection.minus(dropped)

    def _heartbeat(self, payload: Message) -> None:
        head = payload["head"]
        if head < self.complete_upto:
            self._problem(f"the heartbeat's head falls from {self.complete_upto} to {head}")
        self.complete_upto = head
        for request in self._requests.values():
            if request.may_catch_up:
                self._problem(f"a heartbeat while {request.name} is catching up")
            self._must_have(request, head, whole=False)

    def _must_have(self, request: Request, upto: int, *, whole: bool) -> None:
        """Everything that is owed up to a position has come; of `latest` at least the newest."""
        if upto > len(self._log):
            self._problem(
                f"{request.name}: claims position {upto}, the log ends at {len(self._log)}"
            )
        for stream, owed in request.owed.items():
            if not request.selection.matches(stream):
                continue
            due = [event.position for event in owed if event.position <= upto]
            if request.latest and not whole:
                due = due[-1:]
            missing = sorted(set(due) - set(request.got.get(stream, [])))
            if missing:
                self._problem(f"{request.name}: {missing} of {stream} left out before {upto}")

    # --- events ---

    def _event(self, message: Message, text: str) -> None:
        position, stream = message["position"], message["stream"]
        if not 1 <= position <= len(self._log):
            self._problem(f"position {position} is not in the log")
            return
        event = self._log[position - 1]
        if text != event_text(event):
            self._problem(f"position {position}: the text is not the log's")
            return
        holders = [r for r in self._requests.values() if r.selection.matches(stream)]
        if len(holders) != 1:
            self._problem(f"position {position} of {stream} was not asked for")
            return
        self._delivered(holders[0], event)

    def _delivered(self, request: Request, event: RecordedEvent) -> None:
        if event.position <= request.last:
            self._problem(f"{request.name}: {event.position} after {request.last}")
        request.last = max(request.last, event.position)
        got = request.got.setdefault(event.stream, [])
        if event.position in got:
            self._problem(f"{request.name}: {event.position} twice")
            return
        got.append(event.position)
        owed = [one.position for one in request.owed.get(event.stream, [])]
        conflated = request.latest and request.caught_up
        if event.position not in owed:
            self._problem(f"{request.name}: {event.position} is before its beginning")
        elif not conflated and got != owed[: len(got)]:
            self._problem(f"{request.name}: {event.stream} has a gap before {event.position}")


def _is_last(ends: Mapping[str, int], last: int, head: int, event: RecordedEvent) -> bool:
    return event.position > head or event.version > ends[event.stream] - last


def _loose(text: str) -> Message:
    """A client's text, parsed; what is no object counts as nothing."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
