from collections.abc import Iterable

import pytest

from app.client.messages import Event
from app.terminal.keys import Key
from app.terminal.pace import MAX, Pace, parse_speed
from app.terminal.player import FRAME_S, Player, paced
from tests.unit.terminal.told import price

FRAMES_MAX = 100_000


class Hands:
    """A clock that waiting moves, and keys that are pressed at its times."""

    def __init__(self, *keys: tuple[float, Key]) -> None:
        self.now = 0.0
        self.shown = 0
        self.told: list[Key] = []
        self.seen: list[tuple[float, int]] = []
        self._keys = list(keys)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    def wait(self, seconds: float) -> Key | None:
        if self._keys and self._keys[0][0] <= self.now:
            return self._keys.pop(0)[1]
        self.now += seconds
        return None

    def show(self) -> None:
        self.shown += 1
        assert self.shown < FRAMES_MAX

    def add(self, event: Event) -> None:
        self.seen.append((self.now, event.occurred_at.day))

    def play(self, events: Iterable[Event], speed: str) -> tuple[bool, Player]:
        player = Player(events, Pace(parse_speed(speed), self.now), self.clock)
        ended = player.play(self.add, self.show, self.wait, self.told.append)
        return ended, player


def days(count: int) -> list[Event]:
    return [price(100 + day, day) for day in range(count)]


def test_each_event_comes_when_it_is_due() -> None:
    hands = Hands()
    ended, player = hands.play(days(4), "1d/s")
    assert ended
    assert player.ended
    assert [day for _, day in hands.seen] == [15, 16, 17, 18]
    for second, (at, _) in enumerate(hands.seen):
        assert at == pytest.approx(second, abs=FRAME_S * 1.01)


def test_a_pause_stands_still_until_it_ends() -> None:
    hands = Hands((0.5, "pause"), (10, "pause"))
    hands.play(days(3), "1d/s")
    assert [at for at, _ in hands.seen] == pytest.approx([0, 10.5, 11.5], abs=0.2)
    assert hands.told == ["pause", "pause"]


def test_faster_and_slower_change_the_speed() -> None:
    hands = Hands((0, "faster"))
    _, player = hands.play(days(5), "1d/s")
    assert str(player.pace.speed) == "2d/s"
    assert hands.seen[-1][0] == pytest.approx(2, abs=0.2)
    slow = Hands((0, "slower"))
    _, player = slow.play(days(3), "1d/s")
    assert str(player.pace.speed) == "12h/s"
    assert slow.seen[-1][0] == pytest.approx(4, abs=0.2)


def test_quit_ends_it_at_once() -> None:
    hands = Hands((1, "quit"))
    ended, player = hands.play(days(100), "1d/s")
    assert not ended
    assert not player.ended
    assert len(hands.seen) <= 2


def test_at_most_all_is_shown_without_waiting() -> None:
    hands = Hands()
    ended, _ = hands.play(days(10), "max")
    assert (ended, hands.shown, hands.now) == (True, 1, 0)


def test_in_a_pipe_the_pace_is_kept_as_well() -> None:
    hands, at = Hands(), list[float]()
    for _ in paced(days(3), Pace(parse_speed("6h/s"), 0), hands.clock, hands.sleep):
        at.append(hands.now)
    assert at == [0, 4, 8]
    assert len(list(paced(days(9), Pace(MAX, 0), hands.clock, hands.sleep))) == 9
    assert hands.now == 8
