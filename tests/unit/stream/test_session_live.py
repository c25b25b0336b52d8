"""What a live connection gets: unsubscribing, heartbeats, falling behind, the newest only."""

from itertools import pairwise
from typing import Any

from app.stream.protocol import (
    CaughtUpPayload,
    LaggingPayload,
    UnsubscribedPayload,
)
from app.stream.session import (
    Say,
    Session,
)
from events.catalog import Channel
from tests.unit.stream.driven import LOG, catch_up, follow, live, opened, read, said, sent, step
from tests.unit.stream.talk import subscribe, unsubscribe

# --- unsubscribing ------------------------------------------------------------------------------


def test_an_unsubscribe_is_answered_and_ends_what_it_names() -> None:
    session = live(subscribe("prices", "regime", history="none"))
    assert said(session.receive(unsubscribe("prices", symbols=["A"], msg_id="u7"))) == [
        UnsubscribedPayload(request_msg_id="u7", channels=[Channel.PRICES], symbols=["A"])
    ]
    assert sent(follow(session, 8)) == [6, 7]
    session.receive(unsubscribe("prices", "regime"))
    assert follow(session, 12) == []
    assert session.cursor == 12


def test_unsubscribing_from_what_is_not_held_is_answered_as_well() -> None:
    assert isinstance(said(Session(15).receive(unsubscribe("trades")))[0], UnsubscribedPayload)


def test_an_unsubscribe_between_asking_and_answering_takes_effect() -> None:
    session = Session(15)
    opened(session, subscribe("prices", "regime", history="all"), at=8, after=0)
    (stage,) = session.stages
    asked = session.next_read(stage)
    assert asked is not None
    page = read(asked)
    session.receive(unsubscribe("prices", symbols=["A"]))
    assert sent(session.page(stage, asked, page)) == [2, 3, 6, 7]
    assert [type(payload) for payload in said(catch_up(session))] == [CaughtUpPayload]


def test_unsubscribing_in_the_middle_of_chosen_positions_takes_effect() -> None:
    session = Session(15)
    opened(session, subscribe("prices", history={"last": 1}), at=8, after=8, positions=(5, 6))
    session.receive(unsubscribe("prices", symbols=["B"]))
    effects = catch_up(session)
    assert sent(effects) == [5]
    assert [type(payload) for payload in said(effects)] == [CaughtUpPayload]


def test_all_unsubscribed_in_mid_catch_up_still_gets_its_caught_up() -> None:
    session = Session(15)
    opened(session, subscribe("prices", history="all"), at=8, after=0)
    session.receive(unsubscribe("prices"))
    assert catch_up(session) == [Say(CaughtUpPayload(request_msg_id="s1", position=8))]


def test_what_was_given_up_may_be_subscribed_again_with_its_history() -> None:
    session = live(at=8)
    session.receive(unsubscribe("prices"))
    opened(session, subscribe("prices", msg_id="s2", history="all"), at=8, after=0)
    assert sent(catch_up(session)) == [1, 2, 5, 6]
    assert sent(follow(session, 12)) == [9, 10]


# --- falling behind -----------------------------------------------------------------------------


def test_who_falls_out_of_the_tail_is_told_and_reads_the_store() -> None:
    session = live(subscribe("prices", history="none"), at=4)
    opened(session, subscribe("regime", msg_id="s2", history="none"), at=4, after=4)
    catch_up(session)
    assert said(session.fall_behind(12)) == [
        LaggingPayload(request_msg_id="s1", from_position=4),
        LaggingPayload(request_msg_id="s2", from_position=4),
    ]
    assert session.cursor is None
    effects = catch_up(session)
    assert sent(effects) == [5, 6, 7, 9, 10, 11]
    assert said(effects) == [
        CaughtUpPayload(request_msg_id="s1", position=12),
        CaughtUpPayload(request_msg_id="s2", position=12),
    ]
    assert sent(follow(session, 14)) == [13, 14]


def test_one_that_catches_up_while_the_others_fell_behind_waits_for_nobody() -> None:
    session = live(subscribe("prices", history="none"), at=4)
    opened(session, subscribe("regime", msg_id="s2", history="none"), at=8, after=8)
    session.fall_behind(16)
    new, fallen = session.stages
    assert said(step(session, new)) == [CaughtUpPayload(request_msg_id="s2", position=8)]
    assert sent(step(session, fallen)) == [5, 6, 9, 10, 13, 14]
    assert step(session, fallen) == []
    assert sent(follow(session, 16)) == [11, 15]
    assert said(step(session, fallen)) == [CaughtUpPayload(request_msg_id="s1", position=16)]
    assert sent(follow(session, 19)) == [17, 18, 19]


def test_a_pair_stays_held_while_it_is_behind() -> None:
    session = live(at=4)
    session.fall_behind(8)
    opened(session, subscribe("prices", "regime", msg_id="s2", history="all"), at=8, after=0)
    assert sorted(sent(catch_up(session))) == [3, 5, 6, 7]


# --- delivery: latest ---------------------------------------------------------------------------


def latest(*channels: str, **payload: Any) -> str:
    return subscribe(*channels, delivery="latest", **{"history": "none", **payload})


def test_latest_sends_the_newest_of_each_stream_and_type_in_a_batch() -> None:
    session = live(latest("prices", "regime"))
    assert session.interest.conflates
    assert sent(follow(session, 16)) == [13, 14, 15]
    assert sent(follow(session, 17)) == [17]


def test_latest_and_every_live_side_by_side() -> None:
    session = live(latest("prices"))
    opened(session, subscribe("regime", msg_id="s2", history="none"), at=4, after=4)
    catch_up(session)
    assert not session.interest.conflates
    assert sent(follow(session, 16)) == [7, 11, 13, 14, 15]


def test_the_history_of_latest_is_whole() -> None:
    session = Session(15)
    opened(session, latest("prices", history="all"), at=12, after=0)
    assert sent(catch_up(session)) == [1, 2, 5, 6, 9, 10]


def test_latest_is_conflated_as_well_after_it_fell_behind() -> None:
    session = live(latest("prices"))
    session.fall_behind(20)
    assert sent(catch_up(session)) == [17, 18]
    assert sent(follow(session, 22)) == [21, 22]


def test_versions_rise_in_every_stream_whatever_the_delivery() -> None:
    session = live(latest("prices", "system"))
    numbers = [n for upto in (9, 17, 30) for n in sent(follow(session, upto))]
    versions: dict[str, list[int]] = {}
    for position in numbers:
        event = LOG[position - 1]
        versions.setdefault(event.stream, []).append(event.version)
    assert all(a < b for rising in versions.values() for a, b in pairwise(rising))
