"""The client's proof: exactly once and in order over any drops, and no hole without a word."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.client.continuity import Continuity, Cursor
from app.client.errors import EpochChanged, MissedEvents, OutOfOrder
from app.client.request import History, subscribe_payload
from app.stream.protocol import HistoryAfter, HistoryLast, SubscribePayload

EPOCH = "the-epoch"


def asked(history: History = "all", **more: str) -> SubscribePayload:
    fields = {"epoch": None, "delivery": "every", "user_id": None, **more}
    return subscribe_payload(
        ["prices"],
        None,
        history=history,
        epoch=fields["epoch"],
        delivery=fields["delivery"] or "every",
        user_id=None,
    )


def begun(history: History = "all", head: int = 10, **more: str) -> Continuity:
    continuity = Continuity(asked(history, **more))
    continuity.confirmed(EPOCH, head)
    return continuity


def test_it_asks_for_what_comes_after_the_last_event() -> None:
    continuity = begun()
    assert (continuity.cursor, continuity.request(), continuity.moved) == (None, asked(), False)
    assert continuity.take(3, "prices:A", 1)
    assert continuity.cursor == Cursor(EPOCH, 3)
    request = continuity.request()
    assert (request.history, request.epoch) == (HistoryAfter(after=3), EPOCH)
    assert continuity.moved


def test_caught_up_and_heartbeats_move_the_cursor_and_never_back() -> None:
    continuity = begun()
    continuity.advance(7)
    continuity.advance(5)
    assert continuity.cursor == Cursor(EPOCH, 7)


def test_history_none_begins_at_the_head_that_was_confirmed() -> None:
    continuity = begun("none", head=12)
    assert continuity.cursor == Cursor(EPOCH, 12)
    assert continuity.take(13, "prices:A", 40)


@pytest.mark.parametrize("history", [{"last": 5}, {"since": "2020-01-01T00:00:00Z"}, "all"])
def test_what_was_dropped_before_the_first_event_is_asked_for_again(history: History) -> None:
    continuity = begun(history)
    assert continuity.request() == asked(history)
    continuity.confirmed("another epoch: nothing that came belongs to the first", 3)
    assert continuity.take(1, "prices:A", 1)


def test_a_duplicate_is_dropped_and_counted() -> None:
    continuity = begun()
    assert [continuity.take(3, "prices:A", 1) for _ in range(3)] == [True, False, False]
    assert continuity.duplicates == 2


def test_a_hole_in_a_stream_is_an_error_that_names_it() -> None:
    continuity = begun()
    continuity.take(1, "prices:A", 1)
    continuity.take(2, "prices:B", 1)
    with pytest.raises(MissedEvents, match="2 of prices:A missed before position 9") as caught:
        continuity.take(9, "prices:A", 4)
    assert (caught.value.expected, caught.value.got) == (2, 4)


@pytest.mark.parametrize("history", ["all", {"after": 0}])
def test_the_whole_past_begins_with_version_1(history: History) -> None:
    with pytest.raises(MissedEvents):
        begun(history).take(9, "prices:A", 2)


def test_after_the_last_ones_a_new_stream_begins_with_version_1() -> None:
    continuity = begun({"last": 3}, head=10)
    assert continuity.take(10, "prices:A", 8)
    assert continuity.take(11, "prices:B", 1)
    with pytest.raises(MissedEvents):
        continuity.take(12, "prices:C", 2)


@pytest.mark.parametrize("history", [{"after": 5}, {"since": "2020-01-01T00:00:00Z"}])
def test_where_the_past_begins_anywhere_any_first_version_may_come(history: History) -> None:
    assert begun(history).take(6, "prices:A", 40)


@pytest.mark.parametrize(
    ("position", "stream", "version"),
    [
        (4, "prices:B", 2),  # its position fell
        (4, "prices:C", 1),  # the same, of a stream that was not seen
        (6, "prices:A", 1),  # its version fell
        (5, "prices:B", 2),  # two events at one position
    ],
)
def test_what_comes_too_late_is_an_error(position: int, stream: str, version: int) -> None:
    continuity = begun()
    continuity.take(2, "prices:A", 1)
    continuity.take(3, "prices:B", 1)
    continuity.take(5, "prices:A", 2)
    with pytest.raises(OutOfOrder, match=f"{stream} at position {position}"):
        continuity.take(position, stream, version)


def test_an_event_that_a_heartbeat_claimed_to_have_come_is_an_error() -> None:
    continuity = begun()
    continuity.take(2, "prices:A", 1)
    continuity.advance(9)
    with pytest.raises(OutOfOrder):
        continuity.take(7, "prices:A", 2)


def test_a_stale_epoch_is_an_error() -> None:
    continuity = begun()
    continuity.take(2, "prices:A", 1)
    with pytest.raises(EpochChanged, match=EPOCH):
        continuity.confirmed("another", 10)


def test_a_cursor_that_was_given_is_checked_too() -> None:
    given_one = Continuity(asked({"after": 4}, epoch=EPOCH))
    assert given_one.cursor == Cursor(EPOCH, 4)
    assert not given_one.moved
    with pytest.raises(EpochChanged):
        given_one.confirmed("another", 10)
    without_epoch = begun({"after": 4})
    assert without_epoch.cursor == Cursor(EPOCH, 4)


def test_latest_may_leave_out_but_not_go_back() -> None:
    continuity = begun(delivery="latest")
    assert continuity.take(3, "prices:A", 3)
    assert continuity.take(9, "prices:A", 8)
    assert not continuity.take(9, "prices:A", 8)
    with pytest.raises(OutOfOrder):
        continuity.take(10, "prices:A", 7)


def test_a_restart_forgets_everything() -> None:
    continuity = begun({"last": 2})
    continuity.take(10, "prices:A", 9)
    continuity.restart()
    assert (continuity.cursor, continuity.request()) == (None, asked({"last": 2}))
    continuity.confirmed("another", 1)
    assert continuity.take(1, "prices:A", 1)


# --- any log, any drops, against a server that keeps its promises -----------------------------------


@dataclass(frozen=True)
class Logged:
    position: int
    stream: str
    version: int


def log_of(streams: list[str]) -> list[Logged]:
    versions: dict[str, int] = {}
    log = []
    for position, stream in enumerate(streams, 1):
        versions[stream] = versions.get(stream, 0) + 1
        log.append(Logged(position, stream, versions[stream]))
    return log


def answer(request: SubscribePayload, log: list[Logged], head: int) -> list[Logged]:
    """What a server sends for a request that comes when `head` events are recorded."""
    match request.history:
        case HistoryAfter(after=after):
            return [one for one in log if one.position > after]
        case HistoryLast(last=last):
            ends = {one.stream: one.version for one in log[:head]}
            return [
                one
                for one in log
                if one.position > head or one.version > ends.get(one.stream, 0) - last
            ]
        case "none":
            return log[head:]
    return log


streams = st.lists(st.sampled_from(["prices:A", "prices:B", "regime:A"]), max_size=40)
histories = st.sampled_from(["all", "none", {"last": 2}, {"after": 0}, {"after": 3}])


@given(streams, histories, st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=12))
def test_over_any_drops_everything_comes_once_and_in_order(
    names: list[str], history: History, drops: list[tuple[int, bool]]
) -> None:
    log = log_of(names)
    head = max(len(log) // 2, 3)
    continuity = Continuity(asked(history))
    got: list[Logged] = []
    for count, beats in [*drops, (len(log), False)]:
        messages = answer(continuity.request(), log, head)
        continuity.confirmed(EPOCH, head)
        taken = [one for one in messages[:count] if _take(continuity, one)]
        got += taken
        if beats and taken:
            continuity.advance(taken[-1].position)
    assert all(a.position < b.position for a, b in pairwise(got))
    for stream in {one.stream for one in got}:
        versions = [one.version for one in got if one.stream == stream]
        assert versions == list(range(versions[0], versions[0] + len(versions)))
    whole = answer(asked(history), log, head)
    assert [one for one in got if one in whole] == whole
    assert continuity.duplicates == 0


@given(streams, st.data())
def test_whatever_is_lost_swapped_or_said_again_is_seen(
    names: list[str], data: st.DataObject
) -> None:
    log = log_of([*names, "prices:A", "prices:A", "prices:A"])
    spoilt = list(log)
    place = data.draw(st.integers(0, len(log) - 2))
    fault = data.draw(st.sampled_from(["lost", "swapped", "again"]))
    if fault == "lost":
        del spoilt[place]
    elif fault == "swapped":
        spoilt[place : place + 2] = reversed(spoilt[place : place + 2])
    else:
        spoilt.insert(data.draw(st.integers(place + 1, len(log))), log[place])
    continuity = begun()
    if fault == "again":
        assert [one for one in spoilt if _take(continuity, one)] == log
        assert continuity.duplicates == 1
    elif any(one.stream == log[place].stream for one in log[place + 1 :]) or fault == "swapped":
        with pytest.raises((MissedEvents, OutOfOrder)):
            _take_all(continuity, spoilt)


def _take(continuity: Continuity, one: Logged) -> bool:
    return continuity.take(one.position, one.stream, one.version)


def _take_all(continuity: Continuity, spoilt: list[Logged]) -> None:
    for one in spoilt:
        _take(continuity, one)
