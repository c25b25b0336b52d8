"""Why a regime is what it is: the shift that a moment names, or the regime that holds there, with what led to it."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from app.answers.explain import Explanation, Flip
from app.client.errors import QuestionRefused
from app.client.log import Log
from app.client.messages import Event
from app.client.shift import Shift
from app.market.strategy import DISCLAIMER
from app.moments import LAST_SHIFT, parse_moment
from app.terminal.message import message_of
from events.catalog import PriceUpdate


@dataclass(frozen=True, slots=True)
class Crossed:
    """The score that led from one regime to another, and the limit that it passed.

    Attributes:
        score: its name.
        direction: whether the score had to be above or below.
        threshold: the limit.
        before, after: the score at the bar before, and then.
    """

    score: str
    direction: str
    threshold: float
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Why:
    """The reasons.

    Attributes:
        shift: the update by which the regime began.
        at_shift: whether that is the moment asked for; else the regime holds there.
        explanation: the detector's terms at the moment.
        before: those of the bar before a shift; None where that is not known.
        price_before: the price before the one that caused it.
    """

    shift: Shift
    at_shift: bool
    explanation: Explanation
    before: Explanation | None
    price_before: Event | None

    @property
    def change(self) -> float | None:
        """Of the price that caused the shift, against the one before."""
        tick, before = self.shift.tick, self.price_before
        if tick is None or before is None:
            return None
        new, old = tick.payload, before.payload
        assert isinstance(new, PriceUpdate)
        assert isinstance(old, PriceUpdate)
        return float(new.price / old.price) - 1

    @property
    def crossed(self) -> Crossed | None:
        """Which score passed which limit; None where the bar before could not tell."""
        if self.before is None:
            return None
        regime = self.shift.update.regime
        flip = next((each for each in self.before.flips if each.to is regime), None)
        return None if flip is None else _crossed(flip, self.before, self.explanation)

    def as_json(self) -> dict[str, Any]:
        """All of it, by the names of the wire."""
        shift, crossed = self.shift, self.crossed
        return {
            "event": message_of(shift.event),
            "is_shift": shift.is_shift,
            "at_shift": self.at_shift,
            "tick": shift.tick and message_of(shift.tick),
            "price_before": self.price_before and message_of(self.price_before),
            "change": self.change,
            "explanation": self.explanation,
            "before": self.before,
            "crossed": crossed and asdict(crossed),
            "alerts": [message_of(each) for each in shift.alerts],
            "trades": [message_of(each) for each in shift.trades],
            "disclaimer": DISCLAIMER,
        }


def why(log: Log, moment: str, symbol: str | None) -> Why:
    """Ask a log.

    Raises:
        QuestionRefused: there is no such moment, or it says of no symbol.
    """
    _check_position(log, moment)
    shift = log.shift(moment, symbol)
    if not _names(moment, shift):
        held = log.explain(shift.update.symbol, moment)
        return Why(shift, False, held, None, None)
    tick = shift.tick
    asked = (tick or shift.event).position - 1
    before = log.explain(shift.update.symbol, asked) if asked > 0 and shift.is_shift else None
    return Why(shift, True, shift.explanation, before, _price_before(log, tick))


def _check_position(log: Log, moment: str) -> None:
    """What has not been recorded is no event that was not found."""
    if moment.isdigit() and int(moment) > (head := log.head().position):
        told = f"position {int(moment)} is beyond the head, {head}"
        raise QuestionRefused("position_beyond_head", told)


def _names(moment: str, shift: Shift) -> bool:
    """Whether the moment is the very update that the shift is: its position, its time, or its day."""
    asked, at = parse_moment(moment), shift.event.occurred_at
    if asked == LAST_SHIFT:
        return True
    if not shift.is_shift or shift.update.provisional:
        return False
    if isinstance(asked, datetime):
        return asked == at or moment == f"{at.astimezone(UTC):%Y-%m-%d}"
    return asked == shift.event.position


def _price_before(log: Log, tick: Event | None) -> Event | None:
    if tick is None or not isinstance(tick.payload, PriceUpdate):
        return None
    symbol = tick.payload.symbol
    found = log.events(channels=["prices"], symbols=[symbol], before=tick.position, last=1)
    return next(iter(found), None) if tick.position > 1 else None


def _crossed(flip: Flip, before: Explanation, after: Explanation) -> Crossed | None:
    """The flip's own score; where another one did it, as of BEAR and CRASH, that one."""
    then = {each.name: each.value for each in after.scores}
    was = {each.name: each.value for each in before.scores}

    def holds(name: str) -> bool:
        value = then.get(name)
        above = flip.direction == "above"
        return value is not None and (value > flip.threshold if above else value < flip.threshold)

    name = flip.score if holds(flip.score) else next(filter(holds, then), None)
    if name is None or name not in was:
        return None
    return Crossed(name, flip.direction, flip.threshold, was[name], then[name])
