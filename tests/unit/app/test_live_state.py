"""The public state: folded along, or from zero for any moment, with the same result."""

from datetime import timedelta
from itertools import groupby
from typing import Any

import orjson
import pytest

from app.ingest import TickIngest
from app.live_state import LiveState, state_hash
from app.market import public_state
from app.market.persona import PERSONAS
from app.market.setup import MarketSetup
from events.envelope import RecordedEvent
from events.errors import PositionBeyondHead
from events.log import EventLog
from events.scalars import from_micros, to_micros
from events.store import ReadQuery
from tests.unit.market.builders import DAY, START, bar, bars, falling

PERSONA = PERSONAS["minimax"]
QUIET = MarketSetup(rules=())
LATE = [
    bar("50", 3),
    bar("60", 5),
    bar("55", 3),
    bar("58", 4),
    bar("61", 5),
    bar("70", 6),
    bar("1", 0),
]
"""Late prices and corrections; seen at day 3 the price is 55, before it was known to be so 50."""


def shown(state: dict[str, Any]) -> dict[str, Any]:
    return {key: state[key] for key in public_state.present(public_state.initial(), PERSONA, {})}


def folded(events: list[RecordedEvent]) -> dict[str, Any]:
    state = public_state.initial()
    for event in events:
        state = public_state.apply(state, event)
    return public_state.present(state, PERSONA, {})


async def test_folding_along_equals_folding_from_zero_everywhere(log: EventLog) -> None:
    live, ingest = LiveState(log, PERSONA, setup=QUIET), await TickIngest.open(log)
    seen = {0: orjson.dumps(await live.now())}
    for each in [*bars(falling(calm=30, fall=10)), *LATE]:
        await ingest.record([each], "api")
        seen[log.head.position] = orjson.dumps(await live.now())
    events = await log.read(ReadQuery(limit=10_000))
    assert len(events) == log.head.position
    for position in range(log.head.position + 1):
        at_position = await live.at_position(position)
        assert shown(at_position) == folded(events[:position])
        assert at_position["position"] == at_position["as_of"]["position"] == position
        if position in seen:
            assert orjson.loads(seen[position]) == at_position


async def test_a_reader_that_comes_late_folds_what_the_tail_no_longer_holds(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record(bars(["5"] * 40), "api")
    reopened = await EventLog.open(log.store)
    assert (
        await LiveState(reopened, PERSONA, setup=QUIET).now()
        == await LiveState(log, PERSONA, setup=QUIET).now()
    )


async def test_positions_beyond_the_head_are_refused(log: EventLog) -> None:
    with pytest.raises(PositionBeyondHead):
        await LiveState(log, PERSONA, setup=QUIET).at_position(1)


def as_the_protocol_says(
    events: list[RecordedEvent], at_us: int | None, known_us: int | None
) -> list[RecordedEvent]:
    """Each stream in the order (occurred_at, version), of what had happened and was known."""
    chosen = [
        event
        for event in events
        if (at_us is None or event.occurred_at_us <= at_us)
        and (known_us is None or event.recorded_at_us <= known_us)
    ]
    by_stream = sorted(chosen, key=lambda event: event.stream)
    return [
        event
        for _, stream in groupby(by_stream, key=lambda event: event.stream)
        for event in sorted(stream, key=lambda event: (event.occurred_at_us, event.version))
    ]


async def test_every_moment_is_folded_as_the_protocol_says(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    for each in LATE:
        await ingest.record([each], "api")
    events = await log.read(ReadQuery(limit=10_000))
    live = LiveState(log, PERSONA, setup=QUIET)
    moments = [
        None,
        *(START + day * DAY + timedelta(microseconds=off) for day in range(8) for off in (-1, 0)),
    ]
    known = [None, *{event.recorded_at_us for event in events}]
    for at in moments:
        for known_us in known:
            state = await live.at_time(at, None if known_us is None else from_micros(known_us))
            at_us = None if at is None else to_micros(at)
            assert shown(state) == folded(as_the_protocol_says(events, at_us, known_us))


async def test_what_was_known_then_is_not_what_is_known_now(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record([bar("50", 3), bar("60", 5)], "api")
    known_at = from_micros(log.head.recorded_at_us)
    while from_micros(log.head.recorded_at_us) == known_at:
        await ingest.record([bar("55", 3), bar("61", log.head.position + 5)], "api")
    live, third = LiveState(log, PERSONA, setup=QUIET), START + 3 * DAY
    now, then = await live.at_time(third, None), await live.at_time(third, known_at)
    assert (now["symbols"]["SPX"]["price"], then["symbols"]["SPX"]["price"]) == ("55", "50")
    assert then["as_of"]["occurred_at"] == "2020-01-09T21:00:00.000000Z"


async def test_the_hash_knows_the_state_and_not_who_speaks(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record([bar("50")], "api")
    hashes = {
        (await LiveState(log, persona).now())["symbols"]["SPX"]["persona"]["name"]: (
            await LiveState(log, persona).now()
        )["state_hash"]
        for persona in PERSONAS.values()
    }
    assert len(hashes) == 2
    assert len(set(hashes.values())) == 1


def test_the_hash_is_that_of_the_canonical_text() -> None:
    body = {"symbols": {"A": {"persona": 1, "b": 2.0, "a": "ü"}}, "position": 3}
    same = {"position": 3, "symbols": {"A": {"a": "ü", "b": 2, "persona": None}}}
    assert state_hash(body) == state_hash(same)
    other = {"position": 4, "symbols": body["symbols"]}
    assert state_hash(other) != state_hash(body)
