"""One reader for everybody who is caught up: each gets every batch once, whoever comes, goes or dawdles."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from app.stream import fan_out as fan_out_module
from app.stream.fan_out import FanOut, Seat
from app.stream.session import Interest
from app.stream.transport import Frames
from events.log import EventLog
from events.memory_store import MemoryEventStore
from events.messages import EventText
from events.selection import EMPTY_SELECTION, Selection
from events.tail import Tail
from tests.unit.events.builders import new, prices, regime
from tests.unit.stream.room import context_of
from tests.unit.stream.talk import Wire

PRICES = Interest(Selection.of(["prices"]), EMPTY_SELECTION)
REGIMES = Interest(Selection.of(["regime"]), EMPTY_SELECTION)
LATEST = Interest(EMPTY_SELECTION, Selection.of(["prices"]))


class Viewer(Wire):
    """A wire that remembers what it was offered, and where its client was let go."""

    def __init__(self) -> None:
        super().__init__()
        self.offered: list[Frames] = []
        self.behind: list[int] = []

    def offer(self, frames: Frames) -> bool:
        taken = super().offer(frames)
        self.offered += [frames] * taken
        return taken


class Hall:
    """A log and its fan-out."""

    def __init__(self, log: EventLog, heartbeat_s: float = 3_600) -> None:
        self.log = log
        self.fan_out: FanOut = context_of(log, heartbeat_s).fan_out

    def seat(self, viewer: Viewer, interest: Interest = PRICES) -> Seat:
        head = self.log.head.position
        return self.fan_out.join(viewer, interest, head, viewer.behind.append)

    async def settle(self) -> None:
        """Until the fan-out has sent all that there is."""
        while self.fan_out.cursor < self.log.head.position:
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def log() -> AsyncIterator[EventLog]:
    log = await EventLog.open(MemoryEventStore())
    yield log
    await log.close()


@pytest.fixture
async def hall(log: EventLog) -> AsyncIterator[Hall]:
    hall = Hall(log)
    hall.fan_out.start()
    yield hall
    await hall.fan_out.stop()


async def test_one_batch_is_one_write_of_the_same_bytes_to_all_of_one_interest(hall: Hall) -> None:
    viewers = [Viewer(), Viewer(), Viewer()]
    for viewer in viewers:
        hall.seat(viewer)
    other = Viewer()
    hall.seat(other, REGIMES)
    await hall.log.append([*prices(3), new(regime())])
    await hall.settle()
    assert [viewer.positions() for viewer in viewers] == [[1, 2, 3]] * 3
    assert [len(viewer.offered) for viewer in viewers] == [1, 1, 1]
    assert viewers[0].offered[0] is viewers[2].offered[0]
    assert other.positions() == [4]


async def test_latest_gets_the_newest_of_a_batch(hall: Hall) -> None:
    viewer = Viewer()
    hall.seat(viewer, LATEST)
    await hall.log.append([*prices(5), *prices(2, "NDX")])
    await hall.settle()
    assert viewer.positions() == [5, 7]


async def test_who_does_not_keep_up_is_let_go_where_it_stopped_and_the_others_go_on(
    hall: Hall,
) -> None:
    slow, quick = Viewer(), Viewer()
    hall.seat(slow)
    hall.seat(quick)
    await hall.log.append(prices(2))
    await hall.settle()
    slow.stop_reading()
    await hall.log.append(prices(3))
    await hall.log.append(prices(1))
    await hall.settle()
    assert (slow.positions(), slow.behind) == ([1, 2], [2])
    assert quick.positions() == [1, 2, 3, 4, 5, 6]


async def test_who_leaves_learns_how_far_it_was_sent_also_over_what_it_did_not_want(
    hall: Hall,
) -> None:
    viewer = Viewer()
    seat = hall.seat(viewer, REGIMES)
    await hall.log.append(prices(4))
    await hall.settle()
    assert hall.fan_out.leave(seat) == 4
    assert hall.fan_out.leave(seat) == 4
    await hall.log.append([new(regime())])
    await hall.settle()
    assert viewer.positions() == []


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody else has a turn after each write."""
    monkeypatch.setattr(fan_out_module, "WRITES_AT_ONCE", 1)


@pytest.mark.usefixtures("one_by_one")
async def test_who_comes_while_a_batch_is_on_its_way_gets_none_of_it_twice(hall: Hall) -> None:
    first, late = [Viewer() for _ in range(4)], Viewer()
    for viewer in first:
        hall.seat(viewer)
    await hall.log.append(prices(2))
    while not first[0].offered:
        await asyncio.sleep(0)
    hall.seat(late)  # has had both by other ways
    await hall.log.append(prices(2))
    await hall.settle()
    assert late.positions() == [3, 4]
    assert [viewer.positions() for viewer in first] == [[1, 2, 3, 4]] * 4


@pytest.mark.usefixtures("one_by_one")
async def test_who_goes_while_a_batch_is_on_its_way_is_not_written_to_again(hall: Hall) -> None:
    viewers = [Viewer() for _ in range(4)]
    seats = [hall.seat(viewer) for viewer in viewers]
    await hall.log.append(prices(2))
    while not viewers[0].offered:
        await asyncio.sleep(0)
    assert hall.fan_out.leave(seats[3]) == 0
    await hall.settle()
    assert [viewer.positions() for viewer in viewers] == [[1, 2], [1, 2], [1, 2], []]


async def test_one_that_is_further_than_the_batch_begins_gets_the_rest_of_it(log: EventLog) -> None:
    hall = Hall(log)
    behind, ahead = Viewer(), Viewer()
    hall.seat(behind)
    await log.append(prices(2))
    hall.seat(ahead)
    await log.append(prices(2))
    hall.fan_out.start()  # finds all four in one batch
    await hall.settle()
    await hall.fan_out.stop()
    assert (behind.positions(), ahead.positions()) == ([1, 2, 3, 4], [3, 4])
    assert len(behind.offered) == 1


async def test_nobody_may_join_before_what_was_sent(hall: Hall) -> None:
    hall.seat(Viewer())
    await hall.log.append(prices(3))
    await hall.settle()
    with pytest.raises(AssertionError, match="would miss"):
        hall.fan_out.join(Viewer(), PRICES, 2, print)


async def test_a_fan_out_that_was_outrun_lets_everybody_catch_up_alone(log: EventLog) -> None:
    log.end.tail = Tail(0, 2)
    hall = Hall(log)
    viewers = [Viewer(), Viewer()]
    for viewer in viewers:
        hall.seat(viewer)
    await log.append(prices(3))
    hall.fan_out.start()
    await hall.settle()
    await hall.fan_out.stop()
    assert [viewer.behind for viewer in viewers] == [[0], [0]]


async def test_a_batch_that_cannot_be_made_lets_everybody_catch_up_alone(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    viewer, later = Viewer(), Viewer()
    hall.seat(viewer)

    def fail(_self: Interest, _events: Sequence[EventText]) -> tuple[EventText, ...]:
        raise RuntimeError("planted")

    with monkeypatch.context() as patched:
        patched.setattr(Interest, "chosen", fail)
        await hall.log.append(prices(1))
        await hall.settle()
    assert viewer.behind == [0]
    assert "planted" in "".join(capsys.readouterr())
    hall.seat(later)
    await hall.log.append(prices(1))
    await hall.settle()
    assert later.positions() == [2]


async def test_a_heartbeat_says_to_each_how_far_it_was_sent(log: EventLog) -> None:
    hall = Hall(log, heartbeat_s=0.001)
    viewer, slow = Viewer(), Viewer()
    hall.seat(viewer)
    hall.seat(slow)
    hall.fan_out.start()
    await log.append([*prices(2), new(regime())])
    await viewer.until("heartbeat", 2)
    slow.stop_reading()
    while not slow.behind:
        await asyncio.sleep(0)
    await hall.fan_out.stop()
    beats = [one["payload"] for one in viewer.messages if one["type"] == "heartbeat"]
    assert beats[-1]["head"] == 3
    assert beats[-1]["channels"] == {"prices": 2, "regime": 3}
    assert slow.behind == [3]
