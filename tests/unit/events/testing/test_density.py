"""`dense` and `gapless`: every planted hole, double, swap and altered event is found."""

import pytest

from events.envelope import RecordedEvent
from events.testing import BadExpectation, LogAssertionError, LogUnderTest, Span, assert_log
from tests.unit.events.builders import price, recorded


def picked(log: LogUnderTest, *positions: int) -> list[RecordedEvent]:
    """Some of its events, in this order."""
    by_position = {event.position: event for event in log.events}
    return [by_position[position] for position in positions]


def test_a_whole_log_is_dense(log: LogUnderTest) -> None:
    assert_log(log).dense().gapless()
    assert_log(log.events[2:]).dense(after=2)


@pytest.mark.parametrize(
    ("positions", "problem"),
    [
        ((2, 3, 4, 5, 6), "position 2 where 1 is due: 1 is missing"),
        ((1, 2, 4, 5, 6), "position 4 where 3 is due: 3 is missing"),
        ((1, 2, 5, 6), "position 5 where 3 is due: 2 missing"),
        ((1, 2, 2, 3, 4, 5, 6), "position 2 where 3 is due: it came twice"),
        ((1, 3, 2, 4, 5, 6), "position 3 where 2 is due: 2 is missing"),
        ((1, 2, 3, 1, 4), "position 1 where 4 is due: out of order, or twice"),
    ],
)
def test_planted_faults_of_positions(
    log: LogUnderTest, positions: tuple[int, ...], problem: str
) -> None:
    with pytest.raises(LogAssertionError) as failed:
        assert_log(picked(log, *positions)).dense()
    assert "the log is not whole" in str(failed.value)
    assert f"first: {problem}" in str(failed.value)
    assert f"^ {problem}" in str(failed.value)


def test_planted_hole_in_a_stream(log: LogUnderTest) -> None:
    events = log.events
    events[3] = events[3]._replace(version=3)
    with pytest.raises(
        LogAssertionError, match="version 3 of regime:SPX where 2 is due: 2 is missing"
    ):
        assert_log(events).dense(chain=False)


def test_planted_altered_event(log: LogUnderTest) -> None:
    events = log.events
    events[2] = events[2]._replace(payload_json=events[2].payload_json.replace("1100", "1101"))
    assert_log(events).dense(chain=False)
    with pytest.raises(LogAssertionError, match="the hash chain breaks at position 3"):
        assert_log(events).dense()


def test_the_cut_off_end_is_not_seen_but_the_cut_off_beginning_is(log: LogUnderTest) -> None:
    assert_log(log.events[:-1]).dense()
    with pytest.raises(LogAssertionError, match="position 3 where 1 is due"):
        assert_log(log.events[2:]).dense()


def test_nothing_is_not_whole() -> None:
    with pytest.raises(LogAssertionError, match="there is nothing that could be whole"):
        assert_log([]).dense()
    with pytest.raises(LogAssertionError, match="there is nothing that could be whole"):
        assert_log([]).gapless()


def test_a_reader_of_some_streams_may_have_missed_nothing(log: LogUnderTest) -> None:
    assert_log(log.read(channels=["regime"])).gapless()
    assert_log(log.read(after=3)).gapless()


@pytest.mark.parametrize(
    ("positions", "problem"),
    [
        ((1, 2, 2), "position 2 came twice"),
        ((1, 4, 2), "position 2 came after 4"),
    ],
)
def test_planted_faults_of_a_reading(
    log: LogUnderTest, positions: tuple[int, ...], problem: str
) -> None:
    with pytest.raises(LogAssertionError) as failed:
        assert_log(picked(log, *positions)).gapless()
    assert f"what was received is not whole, 1 event; first: {problem}" in str(failed.value)


def test_planted_loss_in_a_reading() -> None:
    events = recorded([price(second=second) for second in range(4)])
    with pytest.raises(LogAssertionError, match="version 4 of prices:SPX where 3 is due"):
        assert_log([*events[:2], events[3]]).gapless()


def test_events_without_hashes_say_so(span: Span) -> None:
    with pytest.raises(BadExpectation, match=r"no hashes: dense\(chain=False\)"):
        assert_log(span).dense(after=span.after)
    assert_log(span).dense(after=span.after, chain=False).gapless()


def test_what_has_no_place_cannot_be_whole() -> None:
    with pytest.raises(BadExpectation, match="has no position"):
        assert_log([price()]).dense()
    with pytest.raises(BadExpectation, match="has no position"):
        assert_log([price()]).gapless()
