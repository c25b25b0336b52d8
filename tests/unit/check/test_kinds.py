"""How each kind of subscriber begins, and goes on."""

# covers: app.check.kinds, app.check.subscriber

import pytest

from app.check.http import Http
from app.check.kinds import OF_KIND, SSE_SYMBOLS_MAX
from app.check.plan import LATE_LAST, Kind, Plan
from app.check.stage import Stage
from app.check.subscriber import Subscriber
from events.catalog import Channel
from tests.unit.check.scenes import log_of

HTTP = Http("http://test", None)


def one_of(kind: Kind, number: int = 1, **more: object) -> Subscriber:
    plan = Plan("http://test", "r", **more)  # type: ignore[arg-type]  # one field each
    return OF_KIND[kind](Stage(plan, HTTP, "e", 7), number)


def test_the_fast_one_asks_for_everything_from_where_the_run_began() -> None:
    asked = one_of(Kind.FAST).beginning()
    assert (asked["history"], asked["epoch"]) == ({"after": 7}, "e")
    assert set(asked["channels"]) == {channel.value for channel in Channel}
    assert "symbols" not in asked


def test_late_ones_come_with_every_kind_of_past_the_last_few_first() -> None:
    pasts = [one_of(Kind.LATE, number).beginning()["history"] for number in range(1, 6)]
    assert pasts == [{"last": LATE_LAST}, "none", {"after": 7}, "all", {"last": LATE_LAST}]


def test_a_stream_of_server_sent_events_asks_for_what_fits_into_an_address() -> None:
    assert len(one_of(Kind.SSE, symbols=200).beginning()["symbols"]) == SSE_SYMBOLS_MAX


@pytest.mark.parametrize("kind", [Kind.RECONNECTING, Kind.SLOW, Kind.LATE, Kind.SSE, Kind.FAST])
def test_after_a_drop_it_goes_on_from_its_cursor(kind: Kind) -> None:
    one = one_of(kind)
    assert one.resumed() == one.beginning()
    one.cursor = 12
    assert (one.resumed()["history"], one.resumed()["epoch"]) == ({"after": 12}, "e")


def test_two_subscribes_have_no_one_cursor_and_begin_again() -> None:
    one = one_of(Kind.OVERLAPPING)
    one.cursor = 12
    assert one.resumed()["history"] == "all"
    assert one.cursor is None


async def test_a_reconnecting_one_never_cuts_after_the_first_event() -> None:
    one = one_of(Kind.RECONNECTING, reconnect_every=1)
    cuts = [await one.took({}) for _ in range(200)]
    assert cuts.count(True) == 100
    assert cuts[::2] == [False] * 100


def test_it_waits_for_the_last_event_that_is_meant_for_it_and_no_longer() -> None:
    log = log_of(4)
    assert one_of(Kind.FAST).target(log, 8) == 8
    assert one_of(Kind.FAST).target(log, 5) == 5
    assert one_of(Kind.SLOW).target(log, 8) == 0  # the log has nothing of its symbols
    gone = one_of(Kind.SLOW)
    assert not gone.has_reached(0)
    gone.seen.refusals.append("epoch_mismatch")
    assert gone.has_reached(8)
    drowned = one_of(Kind.SLOW)
    drowned.seen.flooded = True
    assert drowned.has_reached(8)
