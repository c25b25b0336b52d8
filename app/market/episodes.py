"""Episodes: the time between two shifts of one symbol, and what its prices did meanwhile. Pure.

The module is a `Projection[Episodes]` in position order: what an episode was is told by what was known then.
It begins with a symbol's first final `regime_update` and ends with the final one of another regime, where the
next begins: so the episodes of a symbol tile its time. Provisional updates never count.

A *bar* is a final update of a detector with a later market time than the one before, and its *close* the newest
price then. A late price (older than the newest or of its very time, or one that corrects) changes nothing. A
regime made by hand is no bar; it counts from the newest market time of its symbol, for it was shown from then on,
whatever time it bears; and no episode begins before the one before it.

The figures are made of the closes of an episode, that of the shift which began it first and that of the one which
ended it last; r are the natural logarithms of their ratios, one to the next:

- return: last / first - 1; while the episode lasts, the newest price is the last;
- volatility, yearly: sqrt(sum((r - mean(r))^2) / (n - 1) * n / years), n returns within so many years of 365.25
  days: however long a bar, and whether or not the market closes at weekends. None for fewer than 2 returns;
- maximum drawdown: the least of close / highest close before it - 1; 0 or less. While it lasts, the newest price
  is a close too;
- mean confidence: over its bars, and the update that began it where that is none.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from math import log, sqrt
from typing import Any, Final, NamedTuple, TypeAlias

from app.market.state import MANUAL
from events.codec import payload_fields
from events.envelope import ReadableEvent
from events.projection import schema_of

EPISODES_KEPT: Final = 100
"""Ended episodes of one symbol that the state keeps: the newest. Those before them are in the states before it."""

YEAR_US: Final = 31_557_600_000_000
"""365.25 days in microseconds."""


class Episode(NamedTuple):
    """One episode, as it is told.

    Attributes:
        regime, previous_regime: its own, and that of the episode before; None for a symbol's first.
        position, end_position: of the regime updates that began and ended it; None while it lasts.
        start_us, end_us: market times of the two.
        start_price, end_price: exact, as written; of one that lasts the newest; None where none is known.
        bars: how many closed in it.
        total_return, volatility, maximum_drawdown, mean_confidence: fractions; the module tells how.
        warming_up: of the detector, at its start.
        source: of the update that began it.
    """

    regime: str
    previous_regime: str | None
    position: int
    end_position: int | None
    start_us: int
    end_us: int | None
    start_price: str | None
    end_price: str | None
    bars: int
    total_return: float | None
    volatility: float | None
    maximum_drawdown: float | None
    mean_confidence: float
    warming_up: bool
    source: str

    def overlaps(self, since_us: int | None, until_us: int | None) -> bool:
        """Whether any of its time lies between two market times (inclusive); at its end it is over."""
        after = until_us is not None and self.start_us > until_us
        over = self.end_us is not None and since_us is not None and self.end_us <= since_us
        return not after and not (over and self.start_us != since_us)


@dataclass(slots=True)
class Closes:
    """What is kept of a run of closes: enough for its volatility and its drawdown (Welford's recurrence)."""

    first_us: int | None = None
    last_us: int = 0
    last: float = 0.0
    highest: float = 0.0
    drawdown: float = 0.0
    returns: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def take(self, at_us: int, price: str | None) -> None:
        """One more close, unless it is no newer than the last."""
        if price is None:
            return
        close = float(price)
        if self.first_us is None:
            self.first_us, self.last_us, self.last, self.highest = at_us, at_us, close, close
        elif at_us > self.last_us:
            moved = log(close / self.last)
            self.returns += 1
            off = moved - self.mean
            self.mean += off / self.returns
            self.squares += off * (moved - self.mean)
            self.last_us, self.last = at_us, close
            self.drawdown = self._drawdown(close)
            self.highest = max(self.highest, close)

    def _drawdown(self, price: float) -> float:
        return min(self.drawdown, price / self.highest - 1)

    def maximum_drawdown(self, newest: str | None) -> float | None:
        """With the newest price as the last of them."""
        if self.first_us is None or newest is None:
            return None
        return self._drawdown(float(newest))

    @property
    def volatility(self) -> float | None:
        """Yearly."""
        if self.first_us is None or self.returns < 2:
            return None
        years = (self.last_us - self.first_us) / YEAR_US
        return sqrt(self.squares / (self.returns - 1) * self.returns / years)


@dataclass(slots=True)
class Lasting:
    """The episode of a symbol that lasts, as it is folded; see `Episode`."""

    regime: str
    previous_regime: str | None
    position: int
    start_us: int
    start_price: str | None
    warming_up: bool
    source: str
    bars: int = 0
    confidences: int = 0
    confidence_sum: float = 0.0
    closes: Closes = field(default_factory=Closes)

    def shown(
        self, price: str | None, end_us: int | None = None, end_position: int | None = None
    ) -> Episode:
        """As it is told, when the newest price is `price`."""
        gained = None
        if self.start_price is not None and price is not None:
            gained = float(price) / float(self.start_price) - 1
        return Episode(
            self.regime,
            self.previous_regime,
            self.position,
            end_position,
            self.start_us,
            end_us,
            self.start_price,
            price,
            self.bars,
            gained,
            self.closes.volatility,
            self.closes.maximum_drawdown(price),
            self.confidence_sum / self.confidences,
            self.warming_up,
            self.source,
        )


@dataclass(slots=True)
class SymbolEpisodes:
    """The episodes of one symbol.

    Attributes:
        price, price_us: the newest price, and its market time.
        bar_us: market time of the newest bar.
        lasting: the one that lasts.
        ended: the newest `EPISODES_KEPT` before it, oldest first.
    """

    price: str | None = None
    price_us: int | None = None
    bar_us: int | None = None
    lasting: Lasting | None = None
    ended: list[Episode] = field(default_factory=list)

    def newest_us(self, else_us: int) -> int:
        """The newest market time of its prices and bars."""
        return max((at for at in (self.price_us, self.bar_us) if at is not None), default=else_us)

    def episodes(self, since_us: int | None = None, until_us: int | None = None) -> list[Episode]:
        """Those that are known and overlap the time between two market times (inclusive), oldest first."""
        last = [] if self.lasting is None else [self.lasting.shown(self.price)]
        known = self.ended + last
        if since_us is None and until_us is None:
            return known
        return [each for each in known if each.overlaps(since_us, until_us)]


Episodes: TypeAlias = dict[str, SymbolEpisodes]
"""By symbol."""


def initial() -> Episodes:
    """The state of an empty log."""
    return {}


def apply(state: Episodes, event: ReadableEvent) -> Episodes:
    """The state after `event`: the same dict, changed. Events of unknown types are ignored."""
    if event.type in handles:
        payload = payload_fields(event)
        known = state.get(payload["symbol"])
        if known is None:
            known = state[payload["symbol"]] = SymbolEpisodes()
        if event.type == _PRICE:
            _price(known, event.occurred_at_us, payload)
        elif not payload["provisional"]:
            _final(known, event, payload)
    return state


def dump(state: Episodes) -> dict[str, Any]:
    """The state as JSON-able values."""
    return {symbol: _dumped(known) for symbol, known in state.items()}


def _dumped(known: SymbolEpisodes) -> list[Any]:
    lasting = None if known.lasting is None else astuple(known.lasting)
    ended = list(map(list, known.ended))
    return [known.price, known.price_us, known.bar_us, lasting, ended]


def load(dumped: Any) -> Episodes:
    """The state that `dump` wrote.

    Raises:
        ValueError: when it is none.
    """
    if not isinstance(dumped, dict):
        raise ValueError("not episodes")
    try:
        return {symbol: _loaded(*known) for symbol, known in dumped.items()}
    except TypeError as error:
        raise ValueError(f"not episodes: {error}") from error


def _loaded(price: Any, price_us: Any, bar_us: Any, lasting: Any, ended: Any) -> SymbolEpisodes:
    known = SymbolEpisodes(price, price_us, bar_us, None, list(map(Episode._make, ended)))
    if lasting is not None:
        known.lasting = Lasting(*lasting)
        known.lasting.closes = Closes(*lasting[-1])
    return known


def merge(parts: Iterable[Episodes]) -> Episodes:
    """One state of folds of different symbols.

    Raises:
        ValueError: two are of one symbol. Its prices and its regimes cannot be folded apart: which closes an
            episode has, only both together tell.
    """
    merged = initial()
    for part in parts:
        if shared := merged.keys() & part.keys():
            raise ValueError(f"the episodes of {min(shared)} cannot be put together of two folds")
        merged.update(part)
    return merged


def weigh(state: Episodes) -> int:
    """How many episodes are in it; see `Projector`."""
    return sum(len(known.ended) for known in state.values())


def _price(known: SymbolEpisodes, at_us: int, payload: dict[str, Any]) -> None:
    late = known.price_us is not None and at_us <= known.price_us
    if not late and payload["corrects"] is None:
        known.price, known.price_us = payload["price"], at_us


def _final(known: SymbolEpisodes, event: ReadableEvent, payload: dict[str, Any]) -> None:
    lasting, at_us = known.lasting, event.occurred_at_us
    is_bar = event.source != MANUAL and (known.bar_us is None or at_us > known.bar_us)
    if is_bar:
        known.bar_us = at_us
    elif event.source == MANUAL:
        at_us = known.newest_us(at_us)
    if lasting is not None and is_bar:
        lasting.closes.take(at_us, known.price)
    if lasting is None or lasting.regime != payload["regime"]:
        lasting = _shift(known, at_us, event, payload)
    elif not is_bar:
        return
    lasting.bars += is_bar
    lasting.confidences += 1
    lasting.confidence_sum += payload["confidence"]


def _shift(
    known: SymbolEpisodes, at_us: int, event: ReadableEvent, payload: dict[str, Any]
) -> Lasting:
    before = known.lasting
    if before is not None:
        at_us = max(at_us, before.start_us)
        before.closes.take(at_us, known.price)
        known.ended.append(before.shown(known.price, at_us, event.position))
        if len(known.ended) > EPISODES_KEPT:
            del known.ended[0]
    begun = known.lasting = Lasting(
        payload["regime"],
        None if before is None else before.regime,
        event.position,
        at_us,
        known.price,
        payload["warming_up"],
        event.source,
    )
    begun.closes.take(at_us, known.price)
    return begun


_PRICE: Final = "price_update"

name: Final = "episodes"
handles: Final = frozenset({_PRICE, "regime_update"})
schema: Final = schema_of("2", handles)
