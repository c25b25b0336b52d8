"""What one connection may say and what it gets back: requests, their histories, how they join."""

from typing import Any

import pytest

from app.stream.protocol import (
    PROTOCOL_VERSION,
    CaughtUpPayload,
    ErrorPayload,
    PongPayload,
    Severity,
    SubscriptionConfirmedPayload,
    schema_hash,
)
from app.stream.session import (
    REQUESTS_MAX,
    SYMBOLS_HELD_MAX,
    CheckToken,
    OpenHistory,
    Say,
    Session,
)
from events.catalog import Channel
from events.errors import EpochMismatch, PositionBeyondHead, PositionGap
from events.selection import Selection
from tests.unit.stream.driven import LOG, catch_up, follow, live, opened, said, sent, step
from tests.unit.stream.talk import message, ping, subscribe, unsubscribe

# --- each kind of message -----------------------------------------------------------------------


def test_a_ping_is_answered() -> None:
    assert said(Session(15).receive(ping("p9"))) == [PongPayload(request_msg_id="p9")]


def test_a_token_is_to_be_checked() -> None:
    effects = Session(15).receive(message("authenticate", {"token": "secret"}))
    assert effects == [CheckToken("secret")]


def test_a_subscribe_is_to_be_opened() -> None:
    (effect,) = Session(15).receive(subscribe("regime", symbols=["A"]))
    assert isinstance(effect, OpenHistory)
    assert effect.request.payload.symbols == ["A"]


@pytest.mark.parametrize(
    ("text", "code", "path", "request_id"),
    [
        ("{", "malformed_json", "", None),
        (message("shout", {}, "m2"), "unknown_message_type", "type", "m2"),
        (subscribe("regime", shape=1), "invalid_message", "payload.shape", "s1"),
        (subscribe(channels=[1]), "invalid_message", "payload.channels.0", "s1"),
        (
            message("ping", {}, "m3", timestamp="2026-01-16T12:00:00"),
            "invalid_message",
            "timestamp",
            "m3",
        ),
    ],
)
def test_a_malformed_message_is_answered_and_changes_nothing(
    text: str, code: str, path: str, request_id: str | None
) -> None:
    session = live()
    (error,) = said(session.receive(text))
    assert isinstance(error, ErrorPayload)
    assert (error.severity, error.code, error.request_msg_id) == (
        Severity.VALIDATION_ERROR,
        code,
        request_id,
    )
    assert [problem.path for problem in error.details] == [path]
    assert sent(follow(session, 6)) == [5, 6]


def test_a_cursor_of_another_epoch_or_beyond_the_head_is_refused() -> None:
    session = Session(15)
    (effect,) = session.receive(subscribe(history={"after": 9}, epoch="old"))
    assert isinstance(effect, OpenHistory)
    for error, code in (
        (EpochMismatch("old", "epoch-1"), "epoch_mismatch"),
        (PositionBeyondHead(9, 4), "position_beyond_head"),
    ):
        (answer,) = said([session.refuse(effect.request, error.code, str(error))])
        assert isinstance(answer, ErrorPayload)
        assert (answer.severity, answer.code, answer.request_msg_id) == (
            Severity.BUSINESS_LOGIC_ERROR,
            code,
            "s1",
        )
    assert (session.stages, session.cursor) == ([], None)


# --- confirmed, history, caught up, live --------------------------------------------------------


def test_the_confirmation_says_where_the_client_is() -> None:
    told = opened(Session(15), subscribe("regime", "prices", history="all"), at=7, after=0)
    assert told == SubscriptionConfirmedPayload(
        request_msg_id="s1",
        channels=[Channel.REGIME, Channel.PRICES],
        epoch="epoch-1",
        head=7,
        resumed=False,
        protocol_version=PROTOCOL_VERSION,
        schema_hash=schema_hash(),
        heartbeat_s=15,
    )


def test_only_a_cursor_resumes() -> None:
    histories: list[Any] = [{"after": 2}, {"last": 2}, "all", "none"]
    resumed = [opened(Session(1), subscribe(history=h), 2, 2).resumed for h in histories]
    assert resumed == [True, False, False, False]


def test_history_comes_in_order_then_caught_up_then_live() -> None:
    session = Session(15)
    opened(session, subscribe("prices", history="all"), at=8, after=0)
    (stage,) = session.stages
    assert sent(step(session, stage)) == [1, 2, 5, 6]
    assert step(session, stage) == [Say(CaughtUpPayload(request_msg_id="s1", position=8))]
    assert (session.stages, session.cursor) == ([], 8)
    assert sent(follow(session, 10)) == [9, 10]
    assert session.cursor == 10


def test_single_positions_come_before_the_rest() -> None:
    session = Session(15)
    opened(session, subscribe("prices", history={"last": 1}), at=8, after=8, positions=(5, 6))
    effects = catch_up(session)
    assert sent(effects) == [5, 6]
    assert said(effects) == [CaughtUpPayload(request_msg_id="s1", position=8)]


def test_what_does_not_match_is_not_sent_and_the_cursor_moves_over_it() -> None:
    session = live(subscribe("regime", symbols=["B"], history="none"))
    assert follow(session, 12) == []
    assert session.cursor == 12


def test_a_batch_that_does_not_follow_the_cursor_is_a_gap() -> None:
    session = live(at=4)
    for batch in (LOG[5:7], LOG[3:6]):
        with pytest.raises(PositionGap):
            session.tail(batch)


def test_symbols_narrow_only_the_channels_of_symbols() -> None:
    session = live(subscribe("prices", "system", symbols=["B"], history="none"))
    assert sent(follow(session, 8)) == [6, 8]


# --- a second subscribe -------------------------------------------------------------------------


def test_a_second_subscribe_brings_its_own_history_and_then_joins() -> None:
    session = live(subscribe("prices", history="none"), at=4)
    opened(session, subscribe("regime", msg_id="s2", history="all"), at=4, after=0)
    assert sent(follow(session, 8)) == [5, 6]
    effects = catch_up(session)
    assert sent(effects) == [3, 7]
    assert said(effects) == [CaughtUpPayload(request_msg_id="s2", position=8)]
    assert sent(follow(session, 12)) == [9, 10, 11]


def test_a_pair_that_is_held_is_never_sent_again() -> None:
    session = live(subscribe("prices", symbols=["A"], history="none"), at=4)
    opened(session, subscribe("prices", msg_id="s2", history="all"), at=4, after=0)
    assert sent(catch_up(session)) == [2]
    assert sent(follow(session, 8)) == [5, 6]


def test_a_pair_that_is_still_catching_up_is_held_too() -> None:
    session = Session(15)
    opened(session, subscribe("prices", history="all"), at=8, after=0)
    opened(session, subscribe("prices", "regime", msg_id="s2", history="all"), at=8, after=0)
    first, second = session.stages
    assert sent(step(session, first)) == [1, 2, 5, 6]
    assert sent(step(session, second)) == [3, 7]


def test_all_that_is_held_already_is_confirmed_and_caught_up_with_nothing() -> None:
    session = live(subscribe("prices", history="none"), at=4)
    opened(session, subscribe("prices", msg_id="s2", history="all"), at=4, after=0)
    assert catch_up(session) == [Say(CaughtUpPayload(request_msg_id="s2", position=4))]
    assert sent(follow(session, 6)) == [5, 6]


def test_two_that_were_opened_at_different_heads_lose_nothing_between_them() -> None:
    session = Session(15)
    opened(session, subscribe("prices", history="none"), at=4, after=4)
    opened(session, subscribe("regime", msg_id="s2", history="none"), at=12, after=12)
    first, second = session.stages
    assert said(step(session, first)) == [CaughtUpPayload(request_msg_id="s1", position=4)]
    # The second is further than the first has been sent: it must not carry it along.
    assert step(session, second) == []
    assert session.cursor == 4
    assert sent(follow(session, 12)) == [5, 6, 9, 10]
    assert said(step(session, second)) == [CaughtUpPayload(request_msg_id="s2", position=12)]
    assert sent(follow(session, 16)) == [13, 14, 15]


def test_the_same_holds_when_the_first_is_live_in_an_empty_log() -> None:
    session = Session(15)
    opened(session, subscribe("prices", history="none"), at=0, after=0)
    catch_up(session)
    opened(session, subscribe("regime", msg_id="s2", history="none"), at=4, after=4)
    assert step(session, session.stages[0]) == []
    assert session.cursor == 0
    assert sent(follow(session, 4)) == [1, 2]


def test_a_stage_that_is_behind_the_live_ones_reads_on_before_it_joins() -> None:
    session = live(subscribe("prices", history="none"), at=4)
    opened(session, subscribe("regime", msg_id="s2", history="none"), at=4, after=4)
    assert sent(follow(session, 12)) == [5, 6, 9, 10]
    (stage,) = session.stages
    assert sent(step(session, stage)) == [7, 11]
    assert said(step(session, stage)) == [CaughtUpPayload(request_msg_id="s2", position=12)]


def test_one_connection_holds_no_more_than_its_share() -> None:
    session = Session(15)
    for number in range(REQUESTS_MAX):
        text = subscribe(symbols=[f"S{number}"], msg_id=f"s{number}", history="none")
        opened(session, text, at=4, after=4)
    catch_up(session)
    (error,) = said(session.receive(subscribe("regime", msg_id="more")))
    assert isinstance(error, ErrorPayload)
    assert (error.code, error.request_msg_id) == ("too_many_subscriptions", "more")
    session.receive(unsubscribe("prices", symbols=["S7"]))
    assert isinstance(session.receive(subscribe("regime"))[0], OpenHistory)


def test_a_subscribe_that_adds_nothing_takes_no_share() -> None:
    session = live()
    for number in range(REQUESTS_MAX + 5):
        opened(session, subscribe(msg_id=f"s{number}", history="none"), at=4, after=4)
        catch_up(session)
    assert sent(follow(session, 6)) == [5, 6]


def test_a_connection_names_no_more_than_its_share_of_symbols() -> None:
    session = Session(15)
    each = 1_000
    for start in range(0, SYMBOLS_HELD_MAX, each):
        names = [f"S{number}" for number in range(start, start + each)]
        opened(session, subscribe(symbols=names, history="none"), at=4, after=4)
    catch_up(session)
    for more in (
        subscribe(symbols=["A"], msg_id="m"),
        unsubscribe("prices", symbols=["A"], msg_id="m"),
    ):
        (error,) = said(session.receive(more))
        assert isinstance(error, ErrorPayload)
        assert (error.code, error.request_msg_id) == ("too_many_symbols", "m")
    session.receive(unsubscribe("prices"))
    assert isinstance(session.receive(subscribe(symbols=["A"]))[0], OpenHistory)


def test_what_is_held_follows_every_subscribe_and_unsubscribe() -> None:
    session = live(subscribe("prices", symbols=["A"], history="none"))
    opened(session, subscribe("prices", symbols=["A", "B"], msg_id="s2", history="none"), 4, 4)
    assert session.held == Selection.of(["prices"], ["A", "B"])
    session.receive(unsubscribe("prices", symbols=["A"]))
    assert session.held == Selection.of(["prices"], ["B"])
    catch_up(session)
    assert session.interest.every == Selection.of(["prices"], ["B"])
