"""Whatever a client commands, however late pages come: nothing is missing, twice or out of order."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.stream.replay_clock import occurred_at_us
from app.stream.replay_protocol import ReplaySnapshotPayload, ReplayStatePayload, ReplayStatus
from events.messages import EventText
from events.scalars import to_micros
from events.selection import Selection
from events.store import PAGE_EVENTS
from tests.unit.events.builders import at
from tests.unit.stream.replayed import Played, command, events_of_a_day, start

DAY = events_of_a_day(800)
LENGTH = len(DAY)
assert LENGTH > 2 * PAGE_EVENTS

positions = st.integers(0, LENGTH)
speeds = st.sampled_from([1, 60, 1_000_000, "max", {"events_per_s": 3}, {"events_per_s": 900}])
channels = st.sampled_from([("prices",), ("regime",), ("prices", "regime", "system")])


@st.composite
def starts(draw: st.DrawFn, msg_id: str) -> str:
    payload: dict[str, Any] = {"speed": draw(speeds)}
    if draw(st.booleans()):
        payload["symbols"] = ["A"]
    payload["after"] = draw(st.one_of(st.just(0), positions))
    if draw(st.booleans()):
        payload["before"] = draw(st.integers(payload["after"] + 1, LENGTH + 1))
    return start(*draw(channels), msg_id=msg_id, **payload)


@st.composite
def commands(draw: st.DrawFn, msg_id: str) -> str:
    kind = draw(st.sampled_from(["pause", "resume", "seek", "time", "speed", "step", "shift"]))
    if kind == "seek":
        return command("seek", msg_id, position=draw(positions))
    if kind == "time":
        time = at(draw(st.integers(-5, 900)))
        return command("seek", msg_id, time=time.isoformat())
    if kind == "speed":
        return command("speed", msg_id, speed=draw(speeds))
    if kind == "step":
        return command("step", msg_id, events=draw(st.integers(1, 700)))
    if kind == "shift":
        return command(draw(st.sampled_from(["next_shift", "previous_shift"])), msg_id)
    return command(kind, msg_id)


moves = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.none()),
        st.tuples(st.just("start"), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 0.01, 0.3, 1.0, 30.0])),
        st.tuples(st.just("page"), st.none()),
    ),
    max_size=40,
)


def check(played: Played, selections: dict[str, Selection]) -> None:
    """Every event that was sent follows the last one, or the last snapshot, in what was chosen."""
    selection, position, clock = Selection({}), 0, None
    for one in played.said:
        if isinstance(one, ReplaySnapshotPayload):
            selection = selections.get(one.request_msg_id, selection)
            position, clock = one.position, played_clock(played, one)
        elif isinstance(one, EventText):
            passed = [event.stream for event in played.log[position : one.position - 1]]
            assert not any(map(selection.matches, passed))
            assert selection.matches(one.stream)
            assert one == played.texts[one.position - 1]
            assert one.position > position
            position = one.position
        elif isinstance(one, ReplayStatePayload) and one.request_msg_id not in landings(played):
            if one.status is ReplayStatus.FINISHED:
                left = [event.stream for event in played.log[position : one.end]]
                assert not any(map(selection.matches, left))
                position = one.end
            assert one.begin <= one.position <= one.end
            assert one.position == position
            assert clock is None or (one.clock is not None and one.clock >= clock)
            clock = one.clock


def landings(played: Played) -> set[str]:
    """The commands that were answered by a snapshot: their state already speaks of the new place."""
    return {one.request_msg_id for one in played.snapshots}


def played_clock(played: Played, snapshot: ReplaySnapshotPayload) -> datetime | None:
    """What the state before a snapshot said."""
    (state,) = [one for one in played.states if one.request_msg_id == snapshot.request_msg_id]
    return state.clock


@settings(max_examples=100)
@given(data=st.data(), plan=moves)
def test_every_interleaving_keeps_order_and_answers_everything(
    data: st.DataObject, plan: list[tuple[str, Any]]
) -> None:
    played = Played(DAY, pages_wait=True)
    selections: dict[str, Selection] = {}
    asked: list[str] = []

    def say(text_of: Callable[[str], st.SearchStrategy[str]]) -> None:
        if not played.session.takes_commands:
            return
        asked.append(f"c{len(asked)}")
        text = data.draw(text_of(asked[-1]))
        played.say(text)
        if '"replay_start"' in text:
            selections[asked[-1]] = chosen_by(text)

    say(starts)
    for kind, value in plan:
        if kind == "say":
            say(commands)
        elif kind == "start":
            say(starts)
        elif kind == "wait":
            played.wait(value)
        elif played.reading:
            played.answer_page()
        assert len(played.session._waiting) < 2 * PAGE_EVENTS
    while not played.session.takes_commands:
        played.answer_page()
    check(played, selections)
    answers = [getattr(one, "request_msg_id", None) for one in played.said]
    answers = [
        one
        for said, one in zip(played.said, answers, strict=True)
        if one is not None and not isinstance(said, ReplaySnapshotPayload)
    ]
    assert answers == asked
    # It always comes to its end when it is let.
    played.pages_wait = False
    while played.reading:
        played.answer_page()
    played.say(command("resume", "z1"), command("speed", "z2", speed="max")).wait(1)
    assert played.state.status is ReplayStatus.FINISHED
    check(played, selections)


def chosen_by(text: str) -> Selection:
    """What a replay_start chose."""
    payload = json.loads(text)["payload"]
    return Selection.of(payload["channels"], payload.get("symbols"))


@settings(max_examples=60)
@given(
    waits=st.lists(st.floats(0, 3), max_size=30),
    speed=st.sampled_from([1, 7.5, 60, 3_600]),
    after=st.integers(0, 100),
)
def test_in_market_time_nothing_is_early_and_nothing_that_is_due_waits(
    waits: list[float], speed: float, after: int
) -> None:
    played = Played(DAY).say(start("prices", after=after, speed=speed))
    began = played.now
    first = played.state.clock
    for seconds in waits:
        played.wait(seconds)
    origin = to_micros(first) if first is not None else occurred_at_us(played.texts[0])
    market_us = origin + (played.now - began) * speed * 1_000_000
    slack_us = 1_000 + speed * 0.021 * 1_000_000
    sent = set(played.positions)
    reach = 0
    for event in played.log[after:]:
        if not event.stream.startswith("prices:"):
            continue
        reach = max(reach, event.occurred_at_us)
        if reach > market_us + 1_000:
            assert event.position not in sent
        elif reach < market_us - slack_us:
            assert event.position in sent
