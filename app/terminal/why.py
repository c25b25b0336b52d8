"""Why a regime is what it is: the shift that a moment names, or the regime that holds there, with what led to it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.answers.explain import Explanation, Flip
from app.client.errors import QuestionRefused
from app.client.events import EventDetail
from app.client.log import Log
from app.client.messages import Event
from app.client.shift import Shift, newest_price
from app.market.strategy import DISCLAIMER
from app.moments import LAST_SHIFT, Moment, parse_moment
from app.terminal.message import message_of
from events.catalog import PriceUpdate, Regime, RegimeUpdate

HALF: Final = 0.5
"""A regime of this probability is the most probable one."""


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
        asked: the moment.
        shift: the update by which the regime began.
        at_shift: whether that is the moment asked for; else the regime holds there.
        explanation: the detector's terms at the moment.
        before: those of the bar before a shift; None where that is not known.
        price_before: the price before the one that caused it.
        about: what happened at the position asked for, where that is not the shift.
        stands: whether it is the shift that caused that, and not what held at the moment.
        also: what the price that caused a shift caused beside it.
        probabilities: of each regime at the moment; None where they are not known, or the regime has one half.
    """

    asked: Moment
    shift: Shift
    at_shift: bool
    explanation: Explanation
    before: Explanation | None
    price_before: Event | None
    about: EventDetail | None = None
    stands: bool = False
    also: tuple[Event, ...] = ()
    probabilities: Mapping[Regime, float] | None = None

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
            "about": self.about and _detail(self.about),
            "stands": self.stands,
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
            "also": [message_of(each) for each in self.also],
            "probabilities": self.probabilities,
            "disclaimer": DISCLAIMER,
        }


def why(log: Log, moment: str, symbol: str | None) -> Why:
    """Ask a log.

    Raises:
        QuestionRefused: there is no such moment, or it says of no symbol.
    """
    _check_position(log, moment)
    shift, asked = log.shift(moment, symbol), parse_moment(moment)
    if not _names(moment, shift):
        return _held(log, asked, shift)
    tick, event = shift.tick, shift.event
    # The price of a ready bar stands right before its regime, and changes nothing of the one before.
    is_own = tick is not None and tick.occurred_at == event.occurred_at
    last = (tick.position if tick is not None and is_own else event.position) - 1
    before = log.explain(shift.update.symbol, last) if last > 0 and shift.is_shift else None
    return Why(
        asked,
        shift,
        True,
        shift.explanation,
        before,
        _price_before(log, tick),
        also=() if tick is None else _beside(log, tick, shift.event),
        probabilities=shift.update.probabilities,
    )


def _held(log: Log, asked: Moment, shift: Shift) -> Why:
    """Of a moment that is no shift: the regime that holds there, and what happened there."""
    symbol, about = shift.update.symbol, None
    if isinstance(asked, int):
        about = log.event(asked)
        causes = (one for one in about.causes if isinstance(one.payload, RegimeUpdate))
        cause = next(causes, None)
        if cause is not None and getattr(cause.payload, "symbol", None) == symbol:
            return _stands_on(log, asked, cause, about)
        begun = log.episodes(symbol, position=asked, limit=1)
        # A regime that was only said again is no beginning.
        if begun and begun[0].position != shift.event.position:
            shift = log.shift(begun[0].position)
    held = log.explain(symbol, asked)
    if isinstance(asked, datetime) and held.regime not in {None, shift.update.regime}:
        shift = _of_that_time(log, symbol, asked) or shift
    sure = held.confidence is None or held.confidence >= HALF
    probabilities = None if sure else _probabilities(log, asked, symbol)
    return Why(asked, shift, False, held, None, None, about, probabilities=probabilities)


def _stands_on(log: Log, asked: Moment, cause: Event, about: EventDetail) -> Why:
    """Of what a regime caused, such as a trade: that regime, which by then may have been over."""
    shift = log.shift(cause.position)
    return Why(
        asked,
        shift,
        False,
        shift.explanation,
        None,
        None,
        about,
        stands=True,
        probabilities=shift.update.probabilities,
    )


def _of_that_time(log: Log, symbol: str, asked: datetime) -> Shift | None:
    """The update that a time's regime is of: one by hand may bear another time than that from which it was shown."""
    known = log.state(at=asked, symbol=symbol).symbols.get(symbol)
    if known is None or known.since is None:
        return None
    at = known.since
    for event in log.events(channels=["regime"], symbols=[symbol], since=at, until=at):
        update = event.payload
        if not isinstance(update, RegimeUpdate) or update.provisional:
            continue
        if update.regime is known.regime:
            return log.shift(event.position)
    return None


def _probabilities(log: Log, asked: Moment, symbol: str) -> Mapping[Regime, float] | None:
    if isinstance(asked, int):
        state = log.state(position=asked, symbol=symbol)
    else:
        state = log.state(at=asked if isinstance(asked, datetime) else None, symbol=symbol)
    return state.symbols[symbol].probabilities if symbol in state.symbols else None


def _beside(log: Log, tick: Event, shift: Event) -> tuple[Event, ...]:
    """What a price caused but for the shift."""
    effects = log.event(tick.position).effects
    return tuple(each for each in effects if each.position != shift.position)


def _detail(about: EventDetail) -> dict[str, Any]:
    return {
        "event": message_of(about.event),
        "causes": [message_of(each) for each in about.causes],
        "effects": [message_of(each) for each in about.effects],
    }


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
    # By market time: one that came late was not what the detector knew last.
    before = tick.occurred_at - timedelta(microseconds=1)
    return newest_price(log, tick.payload.symbol, tick.position, before)


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
