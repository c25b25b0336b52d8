"""What a run's writers and subscribers share, and how long they bear with a server that is away."""

import time
from decimal import Decimal

import pytest

from app.check.history import Sent
from app.check.http import CannotCheck, Http
from app.check.plan import ATTEMPT_S_MIN, Plan
from app.check.span import Span
from app.check.stage import QUIET_S_MAX, TICK_S_MAX, Patience, Stage


def stage(**more: object) -> Stage:
    plan = Plan("http://test", "r", **more)  # type: ignore[arg-type]  # one field each
    return Stage(plan, Http(plan.url, None), "e", 0)


def test_the_last_writer_gets_what_is_left_and_then_there_is_nothing() -> None:
    run = stage(prices=7)
    assert [run.take(5), run.take(5), run.take(5)] == [5, 2, 0]


def test_progress_is_of_what_was_acknowledged_and_whole_once_the_log_was_read() -> None:
    run = stage(prices=10)
    run.acknowledged = 5
    assert run.progress == 0.5
    run.log = Span([])
    assert run.progress == 1.0


def test_one_copy_of_a_text_is_kept_and_only_prices_of_the_run_are_timed() -> None:
    run = stage()
    first, second = "".join(["a", "b"]), "".join(["a", "b"])
    assert run.keep(first) is run.keep(second) is first
    run.sending([Sent("A", "noon", Decimal(1), "writer 1")])
    run.arrived("A", "noon")
    run.arrived("SPX", "noon")
    assert len(run.latencies_s) == 1


def test_chance_follows_from_the_seed_and_the_name() -> None:
    draws = {stage(seed=seed).chance(who).random() for seed in (1, 2) for who in ("a", "b")}
    assert len(draws) == 4
    assert stage(seed=1).chance("a").random() in draws


async def test_patience_ends_and_begins_again_with_every_answer() -> None:
    patience = Patience(Plan("http://test", "r", patience_s=0.01))
    await patience.wait("gone")  # for all of it: the first delay is longer
    with pytest.raises(CannotCheck, match=r"http://test has been away for 0\.01 s .*: gone"):
        await patience.wait("gone")
    patience.heard()
    await patience.wait("gone")


async def test_an_attempt_takes_no_longer_than_what_is_left_of_patience() -> None:
    patience = Patience(Plan("http://test", "r", patience_s=0.2))
    assert patience.trying() == ATTEMPT_S_MIN
    assert Patience(Plan("http://test", "r", patience_s=5)).trying() == pytest.approx(5, abs=0.5)


def test_the_clock_stands_while_the_server_is_silent_or_the_run_was_held_up() -> None:
    run = stage()
    run._ticked_at = run._heard_at = time.monotonic() - 0.5
    run.tick()
    assert run.clock_s == TICK_S_MAX
    run._ticked_at = run._heard_at = time.monotonic() - 2 * QUIET_S_MAX
    run.tick()
    assert run.clock_s == TICK_S_MAX
    run.heard()
    run._ticked_at -= 1
    run.tick()
    assert run.clock_s == pytest.approx(2 * TICK_S_MAX)
