"""What a group of appends does to the log, as a pure function."""

from hypothesis import given
from hypothesis import strategies as st

from events.chain import GENESIS, check_chain
from events.envelope import Append, Appended, Head, Idempotency
from events.errors import VersionConflict
from events.plan import LogView, StoredAnswer, plan_appends
from tests.unit.events.builders import EMPTY_HEAD, appended, new, notice, price, prices, regime


def view(now_us: int = 1_000, versions: dict[str, int] | None = None) -> LogView:
    return LogView(EMPTY_HEAD, versions or {}, {}, {}, now_us)


def test_the_plan_says_where_every_touched_stream_ends() -> None:
    group = [Append((new(price()), new(regime()))), Append((new(price()),))]
    plan = plan_appends(view(), group)
    assert plan.streams == {"prices:SPX": (2, 3), "regime:SPX": (1, 2)}
    assert [event.position for event in plan.events] == [1, 2, 3]


def test_the_view_is_moved_to_the_end_of_the_plan() -> None:
    given_view = view()
    plan = plan_appends(given_view, [Append(prices(3))])
    last = plan.events[-1]
    assert given_view.head == Head("e", 3, last.hash, last.recorded_at_us)
    assert given_view.versions == {"prices:SPX": 3}


def test_all_of_one_group_has_one_commit_time_not_before_the_head() -> None:
    late = LogView(Head("e", 0, GENESIS, 5_000), {}, {}, {}, 4_000)
    plan = plan_appends(late, [Append(prices(2)), Append((new(notice()),))])
    assert {event.recorded_at_us for event in plan.events} == {5_000}


def test_an_append_sees_what_the_one_before_it_did() -> None:
    group = [Append(prices(2), {"prices:SPX": 0}), Append(prices(1), {"prices:SPX": 2})]
    outcomes = plan_appends(view(), group).outcomes
    assert [appended(outcome).positions for outcome in outcomes] == [(1, 2), (3,)]


def test_what_was_refused_leaves_no_trace() -> None:
    plan = plan_appends(view(versions={"prices:SPX": 4}), [Append(prices(2), {"prices:SPX": 3})])
    (outcome,) = plan.outcomes
    assert isinstance(outcome, VersionConflict)
    assert (outcome.stream, outcome.expected, outcome.actual) == ("prices:SPX", 3, 4)
    assert (plan.events, plan.streams, plan.answers) == ([], {}, [])


def test_an_answer_is_kept_with_the_positions_that_it_speaks_of() -> None:
    idempotency = Idempotency("k", b"f", "said")
    plan = plan_appends(view(), [Append(prices(2), idempotency=idempotency)])
    assert plan.answers == [StoredAnswer("k", b"f", "said", (1, 2), 1_000)]


def test_a_known_answer_is_given_without_a_look_at_the_versions() -> None:
    known = view()
    known.answers["k"] = StoredAnswer("k", b"f", "said", (1, 2), 0)
    append = Append(prices(2), {"prices:SPX": 99}, Idempotency("k", b"f", "new"))
    (outcome,) = plan_appends(known, [append]).outcomes
    assert outcome == Appended((), (1, 2), answer="said")


groups = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["A", "B", "C"]), max_size=4),
        st.dictionaries(st.sampled_from(["prices:A", "prices:B"]), st.integers(-1, 4), max_size=2),
    ),
    max_size=8,
)


@given(groups)
def test_whatever_is_asked_positions_and_versions_stay_dense_and_chained(
    asked: list[tuple[list[str], dict[str, int]]],
) -> None:
    group = [Append(tuple(new(price(name)) for name in names), want) for names, want in asked]
    plan = plan_appends(view(), group)
    assert check_chain(GENESIS, 0, plan.events)[1] == len(plan.events)
    versions: dict[str, int] = {}
    for event in plan.events:
        versions[event.stream] = versions.get(event.stream, 0) + 1
        assert event.version == versions[event.stream]
    accepted = [
        len(a.events) for a, o in zip(group, plan.outcomes, strict=True) if isinstance(o, Appended)
    ]
    assert sum(accepted) == len(plan.events)
