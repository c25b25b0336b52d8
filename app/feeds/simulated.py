"""A seeded market that changes its regime now and then: for demonstrations and tests.

A hidden regime lasts for a segment of some dozens of bars, and gives every bar's log return its mean
and spread; each bar is like one trading day. All randomness is counter-based (a hash of the seed and the
bar's number), so bar k depends on nothing but the seed, k and the price before it.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from math import cos, exp, log, pi, sqrt
from time import monotonic
from typing import Final

from app.feeds.base import ResumePoint, Sleep
from app.feeds.pace import Pace
from app.market.ticks import PriceTick
from events.catalog import Regime

SIMULATED_SYMBOL: Final = "SIM"
"""The symbol of a simulation that names none; the demo's."""

START_PRICE: Final = Decimal("1000.00")
PULL: Final = 0.002
"""Share of the log distance to the start price that each bar goes back: keeps years of bars in range."""

COUNTED_A_TURN: Final = 10_000
"""Recorded bars that are counted over before others get their turn, about 1 ms."""

_CENT: Final = Decimal("0.01")
_MICROSECOND: Final = timedelta(microseconds=1)


def seed_of(seed: int, symbol: str) -> int:
    """The seed with the symbol mixed in, so that two symbols have two markets; of `SIMULATED_SYMBOL` the seed itself."""
    if symbol == SIMULATED_SYMBOL:
        return seed
    digest = hashlib.blake2b(f"{seed}|{symbol}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


@dataclass(frozen=True, slots=True)
class HiddenRegime:
    """How the market moves while one regime lasts.

    Attributes:
        drift, spread: mean and standard deviation of a bar's log return.
        bars: the shortest and the longest segment.
        next: the regimes that may follow, each as likely as the others.
    """

    drift: float
    spread: float
    bars: tuple[int, int]
    next: tuple[Regime, ...]


HIDDEN: Final[Mapping[Regime, HiddenRegime]] = {
    Regime.BULL: HiddenRegime(
        0.0030, 0.008, (60, 120), (Regime.SIDEWAYS, Regime.BEAR, Regime.CRASH)
    ),
    Regime.SIDEWAYS: HiddenRegime(0.0, 0.005, (40, 80), (Regime.BULL, Regime.BEAR)),
    Regime.BEAR: HiddenRegime(-0.0040, 0.013, (40, 80), (Regime.BULL, Regime.CRASH)),
    Regime.CRASH: HiddenRegime(-0.0180, 0.030, (12, 22), (Regime.BULL, Regime.BULL, Regime.BEAR)),
}


def uniforms(seed: int, kind: str, number: int) -> tuple[float, float, float, float]:
    """Four numbers in (0, 1), fixed by the seed and the counter; 53 bits each."""
    digest = hashlib.blake2b(f"{seed}|{kind}|{number}".encode(), digest_size=32).digest()
    return tuple(  # type: ignore[return-value]
        ((int.from_bytes(digest[at : at + 8], "big") >> 11) + 0.5) / 2**53 for at in (0, 8, 16, 24)
    )


def hidden_regimes(seed: int) -> Iterator[Regime]:
    """The hidden regime of bar 0, 1, 2, …; endless."""
    regime = Regime.BULL
    for segment in count():
        length, following, _, _ = uniforms(seed, "segment", segment)
        shortest, longest = HIDDEN[regime].bars
        for _ in range(shortest + int(length * (longest - shortest + 1))):
            yield regime
        choices = HIDDEN[regime].next
        regime = choices[int(following * len(choices))]


def make_bar(
    seed: int, number: int, regime: Regime, before: Decimal
) -> tuple[Decimal, Decimal, Decimal, Decimal, Decimal]:
    """Open, high, low, close and volume of bar `number`, after a close at `before`."""
    hidden = HIDDEN[regime]
    u1, u2, u3, u4 = uniforms(seed, "bar", number)
    normal = sqrt(-2 * log(u1)) * cos(2 * pi * u2)
    pull = PULL * log(START_PRICE / before)
    change = hidden.drift + pull + hidden.spread * normal
    close = _cents(float(before) * exp(change))
    high = _cents(float(max(before, close)) * (1 + hidden.spread * u3))
    low = _cents(float(min(before, close)) * (1 - hidden.spread * u4))
    volume = Decimal(round(1e6 * (1 + 40 * abs(change)) * (0.75 + u3 / 2)))
    return before, max(high, before, close), min(low, before, close), close, volume


def _cents(price: float) -> Decimal:
    return max(_CENT, Decimal(price).quantize(_CENT))


def _now() -> datetime:
    return datetime.now(UTC)


class SimulatedFeed:
    """An endless simulated market; implements `Feed`.

    Bars carry the wall clock's time (`bar_s` 1), strictly rising. A resumed feed goes on with the bar
    after those recorded, as if it had never stopped.

    Args:
        seed: fixes every price, together with the symbol.
        name: the feed's slug; its events carry `simulated`, whatever it is.
        clock: the wall clock, UTC.
    """

    source = "simulated"
    stalls_after_s: float | None = None
    gap_bars: int | None = None
    """None: its bars follow one another, also when hours lie between two of them."""

    def __init__(
        self,
        seed: int,
        symbol: str = SIMULATED_SYMBOL,
        bars_per_s: float | None = 1,
        *,
        name: str = "simulated",
        clock: Callable[[], datetime] = _now,
        sleep: Sleep = asyncio.sleep,
        monotonic_clock: Callable[[], float] = monotonic,
    ) -> None:
        self.name = name
        self.symbols = (symbol,)
        self._seed = seed_of(seed, symbol)
        self._bars_per_s = bars_per_s
        self._clock = clock
        self._sleep = sleep
        self._monotonic = monotonic_clock

    async def ticks(self, resume: Mapping[str, ResumePoint]) -> AsyncIterator[PriceTick]:
        """The bars from number `resume[symbol].bars` on (from 0 without one); endless."""
        symbol = self.symbols[0]
        point = resume.get(symbol)
        first = 0 if point is None else point.bars
        price = START_PRICE if point is None else point.last_price
        last_at = None if point is None else point.last_at
        pace = Pace(self._bars_per_s, sleep=self._sleep, monotonic=self._monotonic)
        for number, regime in enumerate(hidden_regimes(self._seed)):
            if number < first:
                if number % COUNTED_A_TURN == 0:
                    await asyncio.sleep(0)
                continue
            await pace.wait()
            opened, high, low, price, volume = make_bar(self._seed, number, regime, price)
            now = self._clock()
            last_at = now if last_at is None else max(now, last_at + _MICROSECOND)
            yield PriceTick(
                symbol=symbol,
                price=price,
                timestamp=last_at,
                open=opened,
                high=high,
                low=low,
                volume=volume,
                bar_s=1,
            )
