"""The replay session: each command, each pace, and every interleaving of them."""

# covers: app.stream.replay_effects, app.stream.replay_session

from typing import Any

import pytest

from app.stream.protocol import PongPayload
from app.stream.replay_effects import CheckToken, is_shift
from app.stream.replay_protocol import EventRate, ReplayStatus
from app.stream.replay_session import (
    PACED_PAGE_EVENTS,
    PULSE_S,
    STATE_EVERY_S,
    ReplaySession,
)
from events.catalog import Channel
from events.store import PAGE_EVENTS
from tests.unit.events.builders import at, notice, price, regime
from tests.unit.stream.replayed import Played, command, shift, start, texts_of
from tests.unit.stream.talk import message, ping

TEN = [price("A", "1", second) for second in range(10)]
PLAYING, PAUSED, FINISHED = ReplayStatus


def ten(**payload: Any) -> Played:
    return Played(TEN).say(start(**payload))


# --- start --------------------------------------------------------------------------------------


def test_a_start_is_answered_by_the_state_the_snapshot_and_the_first_event() -> None:
    played = ten(after=4)
    state, snapshot, *events = played.said
    assert (state, snapshot) == (played.states[0], played.snapshots[0])
    assert (played.state.request_msg_id, played.state.status) == ("start", PLAYING)
    assert (played.state.position, played.state.begin, played.state.end) == (4, 4, 10)
    assert (played.state.clock, played.state.speed) == (at(3), 1)
    assert (played.snapshots[0].position, played.snapshots[0].state_hash) == (4, "hash-4")
    assert events == []
    assert played.wait(1).positions == [5]


def test_at_the_logs_beginning_the_first_chosen_event_is_due_at_once() -> None:
    played = Played([price("B", "1", 0), *TEN[5:]]).say(start(symbols=["A"]))
    assert played.positions == [2]
    assert played.wait(0.9).state.clock == at(5.9)


def test_since_begins_at_its_time_and_until_ends_at_its_own() -> None:
    times = {"since": "2026-01-16T12:00:02.5Z", "until": "2026-01-16T12:00:05Z"}
    played = ten(**times)
    assert (played.state.begin, played.state.clock) == (3, at(2.5))
    assert played.wait(0.49).positions == []
    assert played.wait(0.02).positions == [4]
    assert played.wait(60).positions[-1] == 10  # the fake driver knows no until


def test_before_is_exclusive_and_an_empty_replay_is_finished_at_once() -> None:
    assert ten(before=4, speed="max").positions == [1, 2, 3]
    played = ten(after=3, before=4)
    assert (played.positions, played.state.status, played.state.position) == ([], FINISHED, 3)
    none = Played(TEN).say(start("trades"))
    assert (none.state.status, none.state.position, none.state.clock) == (FINISHED, 10, None)


def test_all_channels_are_read_as_the_log_lies_there() -> None:
    played = Played([regime(), price(), notice()], pages_wait=True)
    played.say(start(*Channel, speed="max"))
    assert played.reading[0].selection is None
    played.answer_page()
    assert played.positions == [1, 2, 3]


def test_a_second_start_begins_anew() -> None:
    played = ten(speed="max").say(command("pause"), start("prices", after=8, msg_id="again"))
    assert (played.states[-1].request_msg_id, played.state.status) == ("again", PLAYING)
    assert played.wait(60).positions == [*range(1, 11), 9, 10]


# --- paces --------------------------------------------------------------------------------------


def test_market_time_paces_and_a_gap_takes_its_time() -> None:
    played = Played([*TEN[:3], price("A", "1", 3_600)]).say(start(speed=2))
    assert played.positions == [1]
    assert played.wait(0.49).positions == [1]
    assert played.wait(0.02).positions == [1, 2]
    assert played.wait(1_700).positions == [1, 2, 3]
    assert played.wait(100).positions == [1, 2, 3, 4]
    assert played.state.status is FINISHED


def test_a_late_event_is_due_at_once_but_never_before_its_turn() -> None:
    late = [price("A", "1", 0), price("A", "1", 10), price("A", "1", 4), price("A", "1", 11)]
    played = Played(late).say(start())
    assert played.wait(9.9).positions == [1]
    assert played.wait(0.2).positions == [1, 2, 3]
    assert played.state.clock is not None
    assert played.wait(0.8).positions == [1, 2, 3]
    assert played.wait(0.2).positions == [1, 2, 3, 4]


def test_events_a_second_are_evenly_spaced() -> None:
    played = ten(speed={"events_per_s": 2})
    assert played.wait(0.45).positions == []
    assert played.wait(1.1).positions == [1, 2, 3]
    assert played.wait(4).positions == list(range(1, 11))
    assert played.state.speed == EventRate(events_per_s=2)


def test_at_most_speed_each_page_goes_out_as_it_comes_and_the_next_is_on_its_way() -> None:
    log = [price("A", "1", second) for second in range(2 * PAGE_EVENTS + 7)]
    played = Played(log, pages_wait=True).say(start(speed="max"))
    for pages in (1, 2):
        assert len(played.reading) == 1
        played.answer_page()
        assert len(played.positions) == pages * PAGE_EVENTS
    assert played.state.status is PLAYING
    played.answer_page()
    assert played.positions == list(range(1, len(log) + 1))
    assert (played.state.status, list(played.reading)) == (FINISHED, [])
    assert played.state.clock == at(len(log) - 1)


def test_what_falls_due_within_a_pulse_goes_out_together() -> None:
    played = ten(speed=1_000)
    assert played.positions == [1]
    assert played.wait(PULSE_S * 0.9).positions == [1]
    assert played.wait(PULSE_S * 0.2).positions == list(range(1, 11))


def test_the_clock_waits_for_the_store() -> None:
    played = Played(TEN, pages_wait=True).say(start(after=4, speed=1_000))
    played.wait(30)
    assert (played.positions, played.state.clock) == ([], at(3))
    played.answer_page()
    assert played.wait(1).positions == [5, 6, 7, 8, 9, 10]


def test_where_it_stands_is_told_at_least_once_a_second_while_it_plays() -> None:
    played = ten(after=1).say(command("speed", speed={"events_per_s": 0.01}))
    before = len(played.states)
    played.wait(10)
    assert len(played.states) - before == int(10 / STATE_EVERY_S)
    assert played.state.request_msg_id is None
    told = len(played.say(command("pause")).states)
    assert len(played.wait(10).states) == told


# --- commands -----------------------------------------------------------------------------------


def test_paused_the_clock_stands_still_and_goes_on_from_there() -> None:
    played = ten().wait(1.5).say(command("pause", "p"))
    assert (played.state.request_msg_id, played.state.status) == ("p", PAUSED)
    assert played.state.clock == at(1.5)
    played.wait(100).say(command("resume"))
    assert (played.state.clock, played.state.status) == (at(1.5), PLAYING)
    assert played.wait(0.49).positions == [1, 2]
    assert played.wait(0.02).positions == [1, 2, 3]


def test_another_speed_goes_on_from_where_the_clock_stands() -> None:
    played = ten().wait(0.5).say(command("speed", speed=5))
    assert (played.state.clock, played.state.speed) == (at(0.5), 5)
    assert played.wait(0.11).positions == [1, 2]
    assert played.say(command("speed", speed="max")).wait(1).positions == list(range(1, 11))


def test_a_step_pauses_and_sends_so_many_at_once() -> None:
    played = ten().say(command("step", "three", events=3))
    assert played.positions == [1, 2, 3, 4]
    assert (played.state.request_msg_id, played.state.status) == ("three", PAUSED)
    assert (played.state.position, played.state.clock) == (4, at(3))
    assert played.wait(100).positions == [1, 2, 3, 4]
    assert played.say(command("step")).positions == [1, 2, 3, 4, 5]
    assert played.say(command("step", events=100)).state.status is FINISHED
    assert played.positions == list(range(1, 11))
    assert played.say(command("step", "none")).state.request_msg_id == "none"


def test_a_step_over_pages_is_done_before_the_next_command() -> None:
    log = [price("A", "1", second) for second in range(PACED_PAGE_EVENTS + 50)]
    played = Played(log, pages_wait=True).say(start(), command("step", "far", events=110))
    assert not played.session.takes_commands
    played.answer_page()
    assert (len(played.positions), played.session.takes_commands) == (PACED_PAGE_EVENTS, False)
    played.answer_page()
    assert (len(played.positions), played.session.takes_commands) == (110, True)
    assert played.state.request_msg_id == "far"


def test_it_reads_a_little_ahead_and_more_when_it_has_run_dry() -> None:
    played = Played([price("A", "1", second) for second in range(2_000)], pages_wait=True)
    played.say(start())
    for limit in (PACED_PAGE_EVENTS, PACED_PAGE_EVENTS):
        assert played.reading[0].limit == limit
        played.answer_page()
    assert not played.reading
    played.say(command("speed", speed=1_000_000)).wait(1)
    assert played.reading[0].limit == PAGE_EVENTS
    played.answer_page()
    assert len(played.session._waiting) <= PAGE_EVENTS


def test_a_seek_goes_both_ways_and_the_next_event_follows_its_snapshot() -> None:
    played = ten().say(command("seek", "on", position=7))
    assert (played.state.position, played.state.clock) == (7, at(6))
    played.wait(1).say(command("seek", "back", position=2))
    assert played.wait(1).positions == [1, 8, 3]
    assert [one.position for one in played.snapshots] == [0, 7, 2]
    played.say(command("pause"), command("seek", time="2026-01-16T12:00:04.5Z"))
    assert (played.state.position, played.state.clock) == (5, at(4.5))
    assert played.state.status is PAUSED
    assert played.say(command("step")).positions[-1] == 6


def test_moved_back_from_its_end_it_goes_on_as_it_was() -> None:
    played = ten(speed="max").say(command("seek", position=8))
    assert played.positions[-2:] == [9, 10]
    assert played.state.status is FINISHED
    played.say(command("pause"), command("seek", position=8)).wait(5)
    assert (played.state.status, played.positions[-2:]) == (PAUSED, [9, 10])
    assert len(played.positions) == 12


def test_a_page_that_a_seek_made_useless_is_passed_over() -> None:
    played = Played(TEN, pages_wait=True).say(start(speed="max"), command("seek", position=5))
    assert len(played.reading) == 2
    played.answer_page()
    assert played.positions == []
    played.answer_page()
    assert played.positions == [6, 7, 8, 9, 10]


@pytest.mark.parametrize("position", [2, 9])
def test_a_seek_beyond_what_is_replayed_is_refused_and_nothing_moves(position: int) -> None:
    played = ten(after=3, before=9).say(command("pause"), command("seek", position=position))
    assert played.errors == ["outside_replay"]
    assert len(played.snapshots) == 1
    assert played.say(command("step")).positions == [4]


@pytest.mark.parametrize(
    "text",
    [command(kind) for kind in ("pause", "resume", "step", "next_shift", "previous_shift")]
    + [command("seek", position=1), command("speed", speed=2)],
)
def test_a_command_before_the_start_is_refused(text: str) -> None:
    played = Played(TEN).say(text)
    assert played.errors == ["no_replay"]
    assert played.say(start(speed="max")).positions == list(range(1, 11))


def test_a_malformed_message_is_told_and_the_replay_goes_on() -> None:
    played = ten().say("{", command("seek"), message("shout", {}), ping("p"))
    assert played.errors == ["malformed_json", "invalid_message", "unknown_message_type"]
    assert played.said[-1] == PongPayload(request_msg_id="p")
    assert played.wait(1).positions == [1, 2]
    (effect,) = played.session.receive(message("authenticate", {"token": "t"}), played.now)
    assert effect == CheckToken("t")


# --- shifts -------------------------------------------------------------------------------------


def test_only_a_final_update_with_another_regime_is_a_shift() -> None:
    changed, same, first, provisional, other = texts_of(
        [
            shift(),
            regime().model_copy(update={"previous_regime": regime().regime}),
            regime(),
            shift(provisional=True),
            price(),
        ]
    )
    assert is_shift(changed)
    assert not any(map(is_shift, [same, first, provisional, other]))
    unknown = changed._replace(text='{"payload":{}}')
    assert not is_shift(unknown)


SHIFTY = [regime("A", 0), shift("A", 1), regime("A", 2), shift("B", 3), shift("A", 4)]


def test_it_goes_from_shift_to_shift_within_what_was_chosen() -> None:
    played = Played(SHIFTY).say(start("regime", symbols=["A"]), command("pause"))
    for kind, position in (("next", 2), ("next", 5), ("previous", 2)):
        played.say(command(f"{kind}_shift", kind))
        assert (played.state.request_msg_id, played.state.position) == (kind, position)
        assert played.snapshots[-1].position == position
        assert played.state.clock == at(position - 1)
    assert played.state.status is PAUSED
    played.say(command("previous_shift"))
    assert (played.errors, played.session.position) == (["no_shift"], 2)
    assert played.say(command("step")).positions[-1] == 3


def test_a_replay_that_plays_goes_on_playing_after_a_shift() -> None:
    played = Played(SHIFTY).say(start("regime"), command("next_shift"))
    assert played.state.status is PLAYING
    assert played.wait(2.1).positions[-2:] == [3, 4]


def test_without_the_channel_there_is_no_shift() -> None:
    assert Played(SHIFTY).say(start("prices"), command("next_shift")).errors == ["no_shift"]
    assert Played(SHIFTY).say(start("prices"), command("previous_shift")).errors == ["no_shift"]


@pytest.mark.parametrize("kind", ["next", "previous"])
def test_a_far_shift_is_searched_for_page_by_page(kind: str) -> None:
    updates = [regime("A", second) for second in range(2 * PAGE_EVENTS)]
    log = [shift("A", 0), notice(), *updates, notice(), shift("A", len(updates))]
    begin = {"next": 1, "previous": len(log) - 1}[kind]
    played = Played(log).say(start("regime"), command("pause"), command("seek", position=begin))
    played.say(command(f"{kind}_shift"))
    assert played.state.position == {"next": len(log), "previous": 1}[kind]
    assert played.searches == 3


def test_a_new_session_wants_nothing() -> None:
    session = ReplaySession(5.0)
    assert (session.next_tick(), session.takes_commands) == (None, True)
    assert session.tick(6.0) == []


def test_a_last_page_that_is_full_ends_it_too() -> None:
    played = Played([price("A", "1", second) for second in range(PAGE_EVENTS)])
    played.say(start(speed="max"))
    assert (len(played.positions), played.state.status) == (PAGE_EVENTS, FINISHED)
    assert [one.status for one in played.states] == [PLAYING, FINISHED]
