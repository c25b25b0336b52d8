"""What a run is made of."""

from collections import Counter

import pytest

from app.check.plan import LATE_LAST, PRICES_MAX, Kind, Plan


@pytest.mark.parametrize(
    ("subscribers", "slow", "kinds"),
    [
        (0, 0.5, {}),
        (1, 0.0, {Kind.FAST: 1}),
        (5, 0.0, dict.fromkeys(set(Kind) - {Kind.SLOW}, 1)),
        (8, 0.25, {**dict.fromkeys(Kind, 1), Kind.FAST: 2, Kind.SLOW: 2}),
        (4, 1.0, {Kind.SLOW: 4}),
        (6, 0.25, dict.fromkeys(Kind, 1)),
        (6, 0.01, dict.fromkeys(Kind, 1)),
        (7, 0.9, {**dict.fromkeys(Kind, 1), Kind.SLOW: 2}),
    ],
)
def test_the_subscribers_are_one_of_each_kind_in_turn_and_a_share_is_slow(
    subscribers: int, slow: float, kinds: dict[Kind, int]
) -> None:
    plan = Plan("http://test", "r", subscribers=subscribers, slow=slow)
    assert Counter(plan.kinds()) == kinds


def test_the_symbols_are_the_runs_own() -> None:
    assert Plan("http://test", "1f", symbols=2, prefix="X").names == ["X-1f-1", "X-1f-2"]


def test_a_run_by_time_ends_at_as_many_prices_as_there_may_be() -> None:
    assert Plan("http://test", "r", prices=5).prices_max == 5
    assert Plan("http://test", "r", prices=5, seconds=1).prices_max == PRICES_MAX


def test_the_last_few_are_fewer_than_there_are() -> None:
    assert Plan("http://test", "r", prices=300).late_last == 9
    assert Plan("http://test", "r", prices=1).late_last == 2
    assert Plan("http://test", "r", prices=1, seconds=5).late_last == LATE_LAST


@pytest.mark.parametrize(("patience_s", "attempt_s"), [(0.0, 1.0), (5.0, 5.0), (60.0, 10.0)])
def test_one_answer_is_not_waited_for_longer_than_patience_lasts(
    patience_s: float, attempt_s: float
) -> None:
    assert Plan("http://test", "r", patience_s=patience_s).attempt_s_max == attempt_s
