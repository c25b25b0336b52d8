"""The checker of the cluster's tests finds what it is there for: each fault is planted in a run that is well."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from app.check.answers import Answer, Answered
from app.check.history import Connection, Seen, Sent
from app.check.wire import message
from events.catalog import TradeExecution, TradeSide, TradeStatus
from events.envelope import Append, NewEvent
from events.messages import event_text
from events.plan import LogView, plan_appends
from events.scalars import format_time
from tests.cluster.checker import FENCED, Evidence, Fenced, Trade, violations
from tests.cluster.viewer import EVERYTHING
from tests.unit.events.builders import EMPTY_HEAD, at, new, notice, price

EPOCH = "e"


def fenced(holder: str, fence: int, number: int) -> NewEvent:
    return replace(new(notice(f"{holder} {fence} {number}", number)), source=FENCED)


def trade(trade_id: str) -> NewEvent:
    payload = TradeExecution(
        trade_id=trade_id,
        portfolio_id="own",
        symbol="W1",
        side=TradeSide.BUY,
        quantity=Decimal(1),
        price=Decimal(100),
        fees=Decimal(0),
        status=TradeStatus.FILLED,
        reason=None,
        timestamp=at(0),
    )
    return replace(new(payload), source="api")


def tape(value: str, number: int) -> NewEvent:
    return new(price("TAPE", value, number))


class Run:
    """A run of eight events; two viewers, one of which changed nodes in the midst of it."""

    def __init__(self) -> None:
        self.events = [
            fenced("a", 1, 1),
            replace(new(price("W1", second=1)), source="api"),
            tape("10", 1),
            fenced("a", 1, 2),
            trade("t1"),
            fenced("b", 2, 1),
            tape("11", 2),
            replace(new(price("W1", second=2)), source="api"),
        ]
        self.record()

    def record(self) -> None:
        """Record and show the events; what was told of them stays the same."""
        view = LogView(EMPTY_HEAD, {}, {}, {}, 1_000)
        self.log = plan_appends(view, [Append((event,)) for event in self.events]).events
        ids = {number: event.event_id for number, event in enumerate(self.events, start=1)}
        self.evidence = Evidence(
            seen=[self.viewer("one", (0, 8)), self.viewer("two", (0, 3), (3, 8))],
            sent=[self.sent(1, 2), self.sent(2, 8)],
            answered=[self.answered(1, 2), self.answered(2, 8)],
            trades=[Trade("t1", (5, 5))],
            fenced=[Fenced(ids[1], 1), Fenced(ids[4], 4)],
            tape=("10", "11", "12"),
        )

    def viewer(self, name: str, *parts: tuple[int, int]) -> Seen:
        connections = [self.connection(number, *part) for number, part in enumerate(parts, start=1)]
        return Seen(name, "viewer", connections)

    def connection(self, number: int, after: int, upto: int) -> Connection:
        name = f"subscribe {number}"
        resumes = after > 0
        asked = {**EVERYTHING, "history": {"after": after} if resumes else "all", "epoch": EPOCH}
        confirmed = {
            "request_msg_id": name,
            "channels": EVERYTHING["channels"],
            "epoch": EPOCH,
            "head": upto,
            "resumed": resumes,
            "protocol_version": 1,
            "schema_hash": "s",
            "heartbeat_s": 1.0,
        }
        caught_up = {"request_msg_id": name, "position": upto}
        received = [
            message("subscription_confirmed", confirmed, "c"),
            *(event_text(event) for event in self.log[after:upto]),
            message("caught_up", caught_up, "u"),
        ]
        return Connection([message("subscribe", asked, name)], received)

    def sent(self, second: int, position: int) -> Sent:
        when = format_time(at(second))
        return Sent(
            "W1", when, Decimal(100), "w", acknowledged=True, positions=(position, position)
        )

    def answered(self, number: int, position: int) -> Answered:
        return Answered("w", f"k{number}", 1, Answer((position, position), 1, 0))

    @property
    def texts(self) -> list[str]:
        """What came over the second viewer's last connection."""
        received = self.evidence.seen[1].connections[1].received
        assert isinstance(received, list)
        return received

    def violations(self) -> list[str]:
        return violations(self.log, 8, self.evidence)


def test_a_run_that_is_well_has_no_violations() -> None:
    assert Run().violations() == []


def miss(run: Run) -> None:
    del run.texts[2]


def end_too_soon(run: Run) -> None:
    del run.texts[-2:]


def double(run: Run) -> None:
    run.texts.insert(2, run.texts[2])


def swap(run: Run) -> None:
    run.texts[2], run.texts[3] = run.texts[3], run.texts[2]


def alter(run: Run) -> None:
    run.texts[2] = run.texts[2].replace("t1", "t2")


def rewrite(run: Run) -> None:
    run.texts[2] = run.texts[2].replace('":', '": ')


def begin_too_late(run: Run) -> None:
    run.evidence.seen[1] = run.viewer("two", (0, 3), (4, 8))


def lose_an_acknowledged_price(run: Run) -> None:
    run.evidence.sent.append(run.sent(3, 8))


def tell_another_place(run: Run) -> None:
    run.evidence.sent[0] = run.sent(1, 7)


def lose_a_trade(run: Run) -> None:
    run.evidence.trades.append(Trade("t2", (6, 7)))


def replan(run: Run, number: int, event: NewEvent) -> None:
    """The same run, with another event in the place of one."""
    run.events[number - 1] = event
    run.record()


def double_a_trade(run: Run) -> None:
    replan(run, 7, trade("t1"))


def append_under_an_old_fence(run: Run) -> None:
    replan(run, 8, fenced("a", 1, 3))


def give_one_fence_to_two(run: Run) -> None:
    replan(run, 6, fenced("b", 1, 3))


def record_what_was_refused(run: Run) -> None:
    run.evidence.fenced.append(Fenced(run.log[3].event_id, None))


def play_the_feed_twice(run: Run) -> None:
    replan(run, 7, tape("10", 1))


def lose_an_event_of_the_log(run: Run) -> None:
    del run.log[2]


def forge_the_log(run: Run) -> None:
    run.log[2] = run.log[2]._replace(payload_json=run.log[2].payload_json.replace('"10"', '"12"'))


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (miss, "missed: two: subscribe 2: position 5 missed"),
        (
            end_too_soon,
            "two: 7 events came, at least 8 should; the first that is missing, or another one, is 8",
        ),
        (double, "doubled: two: subscribe 2: position 5 twice"),
        (swap, "reordered: two: subscribe 2: position 5 after 6"),
        (alter, "changed: two: position 5: the text is not the log's"),
        (rewrite, "the same JSON, written otherwise"),
        (
            begin_too_late,
            "two: 7 events came, at least 8 should; the first that is missing, or another one, is 4",
        ),
        (lose_an_acknowledged_price, "acknowledged at 8 to 8, and not in the log"),
        (tell_another_place, "acknowledged at 7 to 7, recorded elsewhere"),
        (lose_a_trade, "lost: the trade t2 was acknowledged at 6 to 7"),
        (double_a_trade, "doubled: the trade t1 is recorded at [5, 7]"),
        (append_under_an_old_fence, "old fence: position 8 has 1, after 2"),
        (give_one_fence_to_two, "old fence: 1 is of a and of b, at 6"),
        (record_what_was_refused, "was refused, and is recorded"),
        (play_the_feed_twice, "the feed's prices are not those of its file: 2 of them, 1 doubled"),
        (lose_an_event_of_the_log, "position 4 came where 3 belongs"),
        (forge_the_log, "the hash chain breaks at position 3"),
    ],
)
def test_a_planted_fault_is_found(plant: Callable[[Run], None], said: str) -> None:
    run = Run()
    plant(run)
    assert said in "\n".join(run.violations())
