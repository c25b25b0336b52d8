"""A replay session, driven by hand over a planted log and a clock that a test moves."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from app.stream.protocol import ErrorPayload
from app.stream.replay_clock import occurred_at_us
from app.stream.replay_effects import (
    Deliver,
    Effect,
    FindTime,
    Open,
    Project,
    Read,
    Say,
    Search,
)
from app.stream.replay_protocol import ReplaySnapshotPayload, ReplayStatePayload
from app.stream.replay_session import ReplaySession
from app.stream.transport import present_text
from events.catalog import Payload, Record, Regime, RegimeUpdate
from events.messages import EventText, text_with
from events.scalars import to_micros
from events.store import ReadQuery
from tests.unit.events.builders import notice, price, recorded, regime
from tests.unit.stream.talk import message


def shift(symbol: str = "A", second: float = 0, *, provisional: bool = False) -> RegimeUpdate:
    """A regime update whose regime differs from the one before."""
    changes = {"previous_regime": Regime.CRASH, "provisional": provisional}
    return regime(symbol, second).model_copy(update=changes)


def texts_of(payloads: Sequence[Payload]) -> list[EventText]:
    """A whole log as messages."""
    return [text_with(event, present_text) for event in recorded(payloads)]


def start(*channels: str, msg_id: str = "start", **payload: Any) -> str:
    """A replay_start; all prices if no channel is named."""
    return message("replay_start", {"channels": list(channels or ["prices"]), **payload}, msg_id)


def command(kind: str, msg_id: str = "c", **payload: Any) -> str:
    """Any other command, without the prefix of its name."""
    return message(f"replay_{kind}", payload, msg_id)


def events_of_a_day(count: int = 40) -> list[Payload]:
    """Ticks, one a second, with a regime or a notice in between, some of them shifts, some of them late."""
    made: list[Payload] = []
    for second in range(count):
        made.append(price("AB"[second % 2], str(100 + second), second))
        if second % 5 == 4:
            made.append(regime("A", second))
        if second % 10 == 7:
            made += [shift("A", second), shift("A", second, provisional=True)]
        if second % 9 == 8:
            made.append(price("A", "1", second - 6))
        if second % 13 == 12:
            made.append(notice(second=second))
    return made


class Played:
    """A session with its driver: whatever is asked is answered, pages when `pages_wait` does not hold them.

    Attributes:
        said: every payload and every event that went out, in order.
    """

    def __init__(self, payloads: Sequence[Payload], *, pages_wait: bool = False) -> None:
        self.log = recorded(payloads)
        self.texts = [text_with(event, present_text) for event in self.log]
        self.now = 100.0
        self.session = ReplaySession(self.now)
        self.said: list[Record | EventText] = []
        self.reading: deque[ReadQuery] = deque()
        self.searches = 0
        self.pages_wait = pages_wait

    # --- what a test does ---

    def say(self, *texts: str) -> "Played":
        """Let the client say something."""
        for text in texts:
            self._carry_out(self.session.receive(text, self.now))
            self._answer_pages()
        return self

    def wait(self, seconds: float) -> "Played":
        """Let time pass, with a look at the clock whenever the session wants one."""
        until = self.now + seconds
        while (at := self.session.next_tick()) is not None and at <= until:
            self.now = max(self.now, at)
            self._carry_out(self.session.tick(self.now))
            self._answer_pages()
            if at == self.session.next_tick():
                break  # a page has to come first
        self.now = until
        return self

    def answer_page(self) -> None:
        """Let the oldest page come in."""
        query = self.reading.popleft()
        self._carry_out(self.session.page(query, self.read(query), self.now))

    # --- what a test looks at ---

    @property
    def positions(self) -> list[int]:
        """The positions of the events that were sent."""
        return [one.position for one in self.said if isinstance(one, EventText)]

    def chosen(self, *streams: str, after: int = 0, upto: int | None = None) -> list[int]:
        """The positions of the log's events in some streams."""
        events = self.log[after:upto]
        return [event.position for event in events if event.stream in streams]

    @property
    def states(self) -> list[ReplayStatePayload]:
        """The states that were told."""
        return [one for one in self.said if isinstance(one, ReplayStatePayload)]

    @property
    def state(self) -> ReplayStatePayload:
        """The last of them."""
        return self.states[-1]

    @property
    def snapshots(self) -> list[ReplaySnapshotPayload]:
        """The snapshots that were sent."""
        return [one for one in self.said if isinstance(one, ReplaySnapshotPayload)]

    @property
    def errors(self) -> list[str]:
        """The codes of the errors that were told."""
        return [one.code for one in self.said if isinstance(one, ErrorPayload)]

    # --- the driver ---

    def read(self, query: ReadQuery) -> list[EventText]:
        """A page of the planted log."""
        order = self.log[::-1] if query.descending else self.log
        found = [self.texts[event.position - 1] for event in order if query.accepts(event)]
        return found[: query.limit]

    def _answer_pages(self) -> None:
        while self.reading and not self.pages_wait:
            self.answer_page()

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        waiting = deque(effects)
        while waiting:
            waiting.extendleft(reversed(self._do(waiting.popleft())))

    def _do(self, effect: Effect) -> list[Effect]:
        session = self.session
        match effect:
            case Say(payload):
                self.said.append(payload)
            case Deliver(events):
                self.said += events
            case Read(query):
                self.reading.append(query)
            case Open(request):
                chosen = request.payload
                since = None if chosen.since is None else to_micros(chosen.since)
                begin = self._before(since) if since is not None else chosen.after or 0
                end = len(self.log) if chosen.before is None else chosen.before - 1
                return session.open(request, begin, max(begin, end), since)
            case FindTime(request_id, time_us):
                return session.go(request_id, self._before(time_us), time_us)
            case Search(_, query):
                self.searches += 1
                return session.searched(effect, self.read(query), self.now)
            case Project():
                return self._project(effect)
        return []

    def _project(self, move: Project) -> list[Effect]:
        state = {"position": move.position, "state_hash": f"hash-{move.position}"}
        query = ReadQuery(0, move.position, move.course.selection, limit=1, descending=True)
        last = self.read(query)
        clock_us = move.clock_us
        if clock_us is None and last:
            clock_us = occurred_at_us(last[0])
        return self.session.land(move, state, clock_us, self.now)

    def _before(self, time_us: int) -> int:
        later = (event.position for event in self.log if event.occurred_at_us >= time_us)
        return next(later, len(self.log) + 1) - 1
