"""One replay as a pure machine: commands, pages of the log and looks at the clock in, effects out.

Its driver (`app.stream.replay_connection`) carries out every effect, in order, before anything else goes in;
only a `Read` is carried out beside it all: its page comes when it comes. Times are seconds of a steady clock.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from app.stream.abuse import hang_ups
from app.stream.protocol import (
    Authenticate,
    ErrorPayload,
    Ping,
    PongPayload,
    RefusedMessage,
    Severity,
)
from app.stream.replay_clock import ReplayClock, occurred_at_us
from app.stream.replay_effects import (
    SHIFT_TYPES,
    CheckToken,
    Course,
    Deliver,
    Effect,
    FindTime,
    Open,
    Project,
    Read,
    Say,
    Search,
    is_shift,
)
from app.stream.replay_protocol import (
    AnyReplayMessage,
    ReplayNextShift,
    ReplayPause,
    ReplayPreviousShift,
    ReplayResume,
    ReplaySeek,
    ReplaySetSpeed,
    ReplaySnapshotPayload,
    ReplayStart,
    ReplayStatePayload,
    ReplayStatus,
    ReplayStep,
    parse_replay_message,
)
from events.catalog import Channel
from events.messages import EventText
from events.scalars import to_micros
from events.selection import Selection
from events.store import PAGE_EVENTS, ReadQuery

PACED_PAGE_EVENTS: Final = 100
"""Events in a page that is read ahead; one that has run dry, or goes as fast as it can, reads `PAGE_EVENTS`."""

STATE_EVERY_S: Final = 0.9
"""How often a replay that plays says where it stands, in seconds: at least once a second."""

PULSE_S: Final = 0.02
"""Events that fall due within so many seconds of the last ones go out together, in a replay that is alone."""


@dataclass(slots=True)
class _Step:
    """What is left of a `replay_step`."""

    request_id: str
    events: int


class ReplaySession:
    """The state of one replay connection.

    Attributes:
        position: all that was chosen up to here has been sent, or is in the snapshot.
    """

    def __init__(self, now: float) -> None:
        self.position = 0
        self._course: Course | None = None
        self._clock = ReplayClock(1.0, now)
        self._paused = False
        self._step: _Step | None = None
        self._waiting: deque[EventText] = deque()
        self._asked: ReadQuery | None = None
        self._is_whole = True
        self._sent_at = self._said_at = now
        self._told = ReplayStatus.FINISHED

    @property
    def takes_commands(self) -> bool:
        """Whether the next command may come in: a step is done first."""
        return self._step is None

    @property
    def status(self) -> ReplayStatus:
        """What it is doing."""
        if self._course is None or (self._is_whole and not self._waiting):
            return ReplayStatus.FINISHED
        return ReplayStatus.PAUSED if self._paused else ReplayStatus.PLAYING

    @property
    def _runs(self) -> bool:
        """Whether the clock runs; it waits for the store."""
        return self.status is ReplayStatus.PLAYING and bool(self._waiting)

    # --- commands -------------------------------------------------------------------------------

    def receive(self, text: str | bytes, now: float) -> list[Effect]:
        """Take one message of the client."""
        self._clock.look(now, running=self._runs)
        try:
            message = parse_replay_message(text)
        except RefusedMessage as refused:
            return [Say(refused.answer), *hang_ups(refused.answer)]
        match message:
            case Ping():
                return [Say(PongPayload(request_msg_id=message.msg_id))]
            case Authenticate():
                return [CheckToken(message.payload.token)]
            case ReplayStart():
                return [Open(message)]
        if self._course is None:
            return [_refusal(message.msg_id, "no_replay", "there is no replay: send replay_start")]
        return self._command(message, self._course, now)

    def _command(self, message: AnyReplayMessage, course: Course, now: float) -> list[Effect]:
        match message:
            case ReplaySeek():
                return self._seek(message)
            case ReplayNextShift():
                query = ReadQuery(self.position, course.end, course.selection, SHIFT_TYPES)
                return [Search(message.msg_id, query)]
            case ReplayPreviousShift():
                before = self.position - 1
                query = ReadQuery(course.begin, before, course.selection, SHIFT_TYPES)
                return [Search(message.msg_id, replace(query, descending=True))]
            case ReplayStep():
                self._paused = True
                self._step = _Step(message.msg_id, message.payload.events)
                return self._deliver(now)
            case ReplayPause():
                self._paused = True
            case ReplayResume():
                self._paused = False
            case ReplaySetSpeed():
                self._clock.set_speed(message.payload.speed)
        return [self._state(message.msg_id, now)]

    def _seek(self, message: ReplaySeek) -> list[Effect]:
        position, time = message.payload.position, message.payload.time
        if time is not None:
            return [FindTime(message.msg_id, to_micros(time))]
        return self.go(message.msg_id, position or 0, None)

    # --- going elsewhere ------------------------------------------------------------------------

    def open(
        self, request: ReplayStart, begin: int, end: int, clock_us: int | None
    ) -> list[Effect]:
        """Begin what a start asks for.

        Args:
            request: the command.
            begin: the position that it begins after.
            end: the last position that it covers, not before `begin`.
            clock_us: the market time to begin at, if the client named one.
        """
        chosen = request.payload
        # All of the log is read as it lies there, in less than half the time of a selection from it.
        is_all = chosen.symbols is None and set(chosen.channels) == set(Channel)
        selection = None if is_all else Selection.of(chosen.channels, chosen.symbols)
        course = Course(selection, begin, end, chosen.speed)
        return [Project(request.msg_id, begin, clock_us if begin else None, course, anew=True)]

    def refuse(self, request_id: str, code: str, message: str) -> list[Effect]:
        """Answer a command that cannot be carried out; the replay stays where it is."""
        return [_refusal(request_id, code, message)]

    def go(self, request_id: str, position: int, clock_us: int | None) -> list[Effect]:
        """Go to a position, if the replay covers it."""
        course = self._course
        if course is None or not course.begin <= position <= course.end:
            covered = f"{course.begin} to {course.end}" if course else "nothing"
            told = f"position {position} is outside of this replay, which covers {covered}"
            return [_refusal(request_id, "outside_replay", told)]
        clock_us = clock_us if position else None
        return [Project(request_id, position, clock_us, course, anew=False)]

    def searched(self, search: Search, events: Sequence[EventText], now: float) -> list[Effect]:
        """Take the page of a search: go to the first shift in it, or search on."""
        query = search.query
        shift = next((event for event in events if is_shift(event)), None)
        if shift is not None:
            return self.go(search.request_id, shift.position, None)
        if len(events) < query.limit:
            where = "before" if query.descending else "after"
            return [_refusal(search.request_id, "no_shift", f"no shift was recorded {where} here")]
        last = events[-1].position
        rest = replace(query, upto=last - 1) if query.descending else replace(query, after=last)
        return [*self._beat(now), Search(search.request_id, rest)]

    def land(
        self, move: Project, state: Mapping[str, Any], clock_us: int | None, now: float
    ) -> list[Effect]:
        """Arrive: everything from here on follows the snapshot.

        Args:
            move: what was asked for.
            state: the projected state there.
            clock_us: the market time that it is there; None if nothing of what was chosen came before.
            now: seconds.
        """
        self._course, self.position = move.course, move.position
        self._waiting.clear()
        self._asked = None
        self._is_whole = move.position >= move.course.end
        if move.anew:
            self._paused = False
            self._clock.set_speed(move.course.speed)
        self._clock.look(now, running=False)
        self._clock.move(clock_us)
        snapshot = ReplaySnapshotPayload(
            request_msg_id=move.request_id,
            position=move.position,
            state_hash=state["state_hash"],
            state=dict(state),
        )
        return [self._state(move.request_id, now), Say(snapshot), *self._read(is_dry=False)]

    # --- the log and the clock ------------------------------------------------------------------

    def page(self, asked: ReadQuery, events: Sequence[EventText], now: float) -> list[Effect]:
        """Take a page that was read; one that is not waited for any more is passed over."""
        if asked != self._asked:
            return []
        self._clock.look(now, running=self._runs)
        self._asked = None
        self._is_whole = len(events) < asked.limit
        self._waiting.extend(events)
        if self._clock.market_time is None and self._waiting:
            self._clock.move(occurred_at_us(self._waiting[0]))
        return [*self._deliver(now), *self._beat(now)]

    def tick(self, now: float) -> list[Effect]:
        """Look at the clock."""
        self._clock.look(now, running=self._runs)
        return [*self._deliver(now), *self._beat(now)]

    def next_tick(self, pulse_s: float = PULSE_S) -> float | None:
        """When to look at the clock again, unless something else happens before; None for not at all.

        Args:
            pulse_s: what falls due within so many seconds of the last events goes out together.
        """
        if self.status is not ReplayStatus.PLAYING:
            return None
        at = self._said_at + STATE_EVERY_S
        if self._waiting:
            due_at = self._clock.due_at(self._waiting[0])
            at = min(at, max(due_at, self._sent_at + pulse_s))
        return at

    def _deliver(self, now: float) -> list[Effect]:
        """Send what is due; ask for more; say so when a step or the whole replay is done."""
        if self._step is not None:
            count = min(self._step.events, len(self._waiting))
        else:
            count = 0 if self._paused else self._clock.due(self._waiting)
        events = tuple(islice(self._waiting, count))
        for _ in events:
            self._waiting.popleft()
        effects: list[Effect] = []
        if events:
            self.position = events[-1].position
            self._clock.sent(events)
            self._sent_at = now
            effects.append(Deliver(events))
        # The next page is read while this one is written.
        return [*self._read(is_dry=not self._waiting), *effects, *self._arrive(count, now)]

    def _arrive(self, count: int, now: float) -> list[Effect]:
        """Say so when the events that were just sent were the last ones, of a step or of all."""
        is_end = self.status is ReplayStatus.FINISHED
        if is_end and self._course is not None:
            self.position = self._course.end
        step = self._step
        if step is not None:
            step.events -= count
            if step.events and not is_end:
                return []
            self._step = None
            return [self._state(step.request_id, now)]
        return [self._state(None, now)] if is_end and self._told is not self.status else []

    def _read(self, *, is_dry: bool) -> list[Effect]:
        """Ask for the next page, if one is missing: never more than two are held."""
        if self._course is None or self._is_whole or self._asked is not None:
            return []
        most = PAGE_EVENTS if is_dry or self._clock.speed == "max" else PACED_PAGE_EVENTS
        if len(self._waiting) >= most:
            return []
        after = self._waiting[-1].position if self._waiting else self.position
        self._asked = ReadQuery(after, self._course.end, self._course.selection, limit=most)
        return [Read(self._asked)]

    def _beat(self, now: float) -> list[Effect]:
        is_due = now >= self._said_at + STATE_EVERY_S
        plays = self.status is ReplayStatus.PLAYING
        return [self._state(None, now)] if is_due and plays else []

    def _state(self, request_id: str | None, now: float) -> Effect:
        assert self._course is not None
        self._said_at, self._told = now, self.status
        return Say(
            ReplayStatePayload(
                request_msg_id=request_id,
                status=self.status,
                clock=self._clock.market_time,
                position=self.position,
                begin=self._course.begin,
                end=self._course.end,
                speed=self._clock.speed,
            )
        )


def _refusal(request_id: str, code: str, message: str) -> Effect:
    return Say(
        ErrorPayload(
            severity=Severity.BUSINESS_LOGIC_ERROR,
            code=code,
            message=message,
            request_msg_id=request_id,
            details=[],
        )
    )
