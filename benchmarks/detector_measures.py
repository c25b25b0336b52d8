"""What a detector's readings were worth, measured with hindsight. The rules are those of docs/detector.md."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import log, sqrt
from random import Random
from statistics import median

from app.analysis.hindsight_labels import bear_label, crash_label, spells
from app.market.detector.base import Reading
from app.market.strategy import RECOMMENDATIONS
from benchmarks.scaled_crash import scaled_crash_label
from events.catalog import Regime

BARS_A_YEAR = 252
JUDGE_BEAR = 0.20
LAG_BARS = 2
COST = 0.001
BINS = 10
LEAST_BARS = 63
"""A bin of fewer bars may hold one episode only: it is printed, and not judged."""
TOP_BIN = 0.5
BLOCK_BARS = 63
RESAMPLES = 2_000
SEED = 1999
INTERVAL = 0.95


@dataclass(frozen=True)
class Truth:
    """One index: its closes, and what was true of them by hindsight."""

    name: str
    closes: Sequence[float]
    bear: Sequence[bool]
    crash: Sequence[bool]
    scaled_crash: Sequence[bool]


@dataclass(frozen=True)
class Bin:
    """Forecasts of like size: their mean, the share that came true, and how many bars."""

    predicted: float
    realised: float
    bars: int


@dataclass(frozen=True)
class Worth:
    """What following a rule earned.

    Attributes:
        sharpe: yearly; cash earns 0.
        low, high: its bootstrap interval.
        over_low, over_high: that of the difference from buy and hold, both over the same blocks.
        drawdown: the deepest fall from a peak, <= 0.
    """

    sharpe: float
    low: float
    high: float
    over_low: float
    over_high: float
    drawdown: float


@dataclass(frozen=True)
class Calls:
    """Calls of a label, bar by bar. A share of nothing is None."""

    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Measured:
    """All figures of one detector on one index.

    Attributes:
        brier: of P(BEAR) + P(CRASH) against the bear label.
        bins: reliability of the same forecasts, by tenths; None where a bin is empty.
        switched: in the market outside BEAR and CRASH.
        scaled: with the target exposures of `app/market/strategy.py`.
        exposure: mean target exposure.
        shifts, regime_shifts: a year; of risk-on / risk-off, and of the four regimes.
        delays: bars from each bear's first bar to the first risk-off in it; None: missed.
        false_alarms: spells of risk-off in which no bar was a bear's.
        bars_a_second: of `step`, on this machine.
    """

    brier: float
    bins: tuple[Bin | None, ...]
    switched: Worth
    scaled: Worth
    exposure: float
    shifts: float
    regime_shifts: float
    delays: tuple[int | None, ...]
    false_alarms: int
    crash: Calls
    scaled_crash: Calls
    bars_a_second: float

    @property
    def delay(self) -> float | None:
        """The median delay of the bears that were seen."""
        seen = [delay for delay in self.delays if delay is not None]
        return median(seen) if seen else None

    @property
    def missed(self) -> int:
        """Bears without one bar of risk-off."""
        return self.delays.count(None)

    @property
    def widest_gap(self) -> float | None:
        """The largest |predicted - realised| of the judged bins."""
        return self._gap(0.0)

    @property
    def top_gap(self) -> float | None:
        """The same of the bins from 0.5 up."""
        return self._gap(TOP_BIN)

    def _gap(self, least: float) -> float | None:
        gaps = [
            abs(one.predicted - one.realised)
            for one in self.bins
            if one is not None and one.bars >= LEAST_BARS and one.predicted >= least
        ]
        return max(gaps, default=None)


def truth_of(name: str, closes: Sequence[float]) -> Truth:
    """The labels of an index."""
    bear = bear_label(closes, JUDGE_BEAR)
    return Truth(name, closes, bear, crash_label(closes), scaled_crash_label(closes))


def measure(truth: Truth, readings: Sequence[Reading], bars_a_second: float) -> Measured:
    """Everything that is printed of one detector on one index."""
    off = [reading.probabilities[1] + reading.probabilities[2] for reading in readings]
    regimes = [reading.regime for reading in readings]
    out = [regime in {Regime.BEAR, Regime.CRASH} for regime in regimes]
    target = [RECOMMENDATIONS[regime].target_exposure for regime in regimes]
    called = [regime is Regime.CRASH for regime in regimes]
    years = len(regimes) / BARS_A_YEAR
    return Measured(
        brier(off, truth.bear),
        reliability(off, truth.bear),
        worth(truth.closes, [0.0 if is_out else 1.0 for is_out in out]),
        worth(truth.closes, target),
        sum(target) / len(target),
        sum(a != b for a, b in pairwise(out)) / years,
        sum(a != b for a, b in pairwise(regimes)) / years,
        delays(out, truth.bear),
        false_alarms(out, truth.bear),
        calls(called, truth.crash),
        calls(called, truth.scaled_crash),
        bars_a_second,
    )


# --- probabilities ------------------------------------------------------------------------------


def brier(forecasts: Sequence[float], label: Sequence[bool]) -> float:
    """Mean squared distance between a probability and what came true."""
    return sum((p - t) ** 2 for p, t in zip(forecasts, label, strict=True)) / len(label)


def reliability(forecasts: Sequence[float], label: Sequence[bool]) -> tuple[Bin | None, ...]:
    """Predicted beside realised, by tenths of the prediction."""
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for p, true in zip(forecasts, label, strict=True):
        groups[min(BINS - 1, int(p * BINS))].append((p, true))
    return tuple(
        Bin(sum(p for p, _ in g) / len(g), sum(t for _, t in g) / len(g), len(g)) if g else None
        for g in groups
    )


# --- calls --------------------------------------------------------------------------------------


def delays(out: Sequence[bool], bear: Sequence[bool]) -> tuple[int | None, ...]:
    """Bars from the first bar of each bear to the first risk-off in it; None: missed."""
    return tuple(
        next((now - spell.start for now in spell if out[now]), None) for spell in spells(bear)
    )


def false_alarms(out: Sequence[bool], bear: Sequence[bool]) -> int:
    """Spells of risk-off without one bar of a bear."""
    return sum(not any(bear[now] for now in spell) for spell in spells(out))


def calls(called: Sequence[bool], label: Sequence[bool]) -> Calls:
    """How many called bars were true, and how many true ones were called."""
    hits = sum(a and b for a, b in zip(called, label, strict=True))
    return Calls(
        hits / sum(called) if any(called) else None, hits / sum(label) if any(label) else None
    )


# --- money --------------------------------------------------------------------------------------


def returns_of(closes: Sequence[float], exposure: Sequence[float]) -> list[float]:
    """What each bar earned: the exposure of close t from t+2 on, less the cost of changing it."""
    earned, before = [], 1.0
    for now in range(LAG_BARS, len(closes)):
        held = exposure[now - LAG_BARS]
        earned.append(held * (closes[now] / closes[now - 1] - 1) - COST * abs(held - before))
        before = held
    return earned


def worth(closes: Sequence[float], exposure: Sequence[float]) -> Worth:
    """Sharpe ratio with its intervals, and the maximum drawdown."""
    earned = returns_of(closes, exposure)
    held = returns_of(closes, [1.0] * len(closes))
    mine, other = Resampled(earned), Resampled(held)
    pairs = [(mine.sharpe(blocks), other.sharpe(blocks)) for blocks in resamples(len(earned), SEED)]
    low, high = interval([a for a, _ in pairs])
    over_low, over_high = interval([a - b for a, b in pairs])
    return Worth(mine.sharpe([(0, len(earned))]), low, high, over_low, over_high, drawdown(earned))


def drawdown(returns: Sequence[float]) -> float:
    """The deepest fall from a peak."""
    value, peak, fall = 1.0, 1.0, 0.0
    for change in returns:
        value *= 1 + change
        peak = max(peak, value)
        fall = min(fall, value / peak - 1)
    return fall


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of the values."""
    ordered, tail = sorted(values), (1 - INTERVAL) / 2
    last = len(ordered) - 1
    return ordered[round(tail * last)], ordered[round((1 - tail) * last)]


Blocks = Sequence[tuple[int, int]]


@cache
def resamples(bars: int, seed: int) -> tuple[Blocks, ...]:
    """Stationary bootstrap (Politis and Romano, 1994): blocks (start, end) on the closed circle.

    Their lengths are geometric with a mean of 63 bars. Every series of a length gets the same blocks.
    """
    random = Random(seed)
    stays = log(1 - 1 / BLOCK_BARS)
    made = []
    for _ in range(RESAMPLES):
        blocks, left = [], bars
        while left:
            length = min(left, 1 + int(log(1 - random.random()) / stays))
            start = random.randrange(bars)
            blocks.append((start, start + length))
            left -= length
        made.append(tuple(blocks))
    return tuple(made)


class Resampled:
    """Running sums of returns and of their squares, twice around: a block costs one subtraction."""

    def __init__(self, returns: Sequence[float]) -> None:
        around = [*returns, *returns]
        self._sums = _running(around, lambda r: r)
        self._squares = _running(around, lambda r: r * r)

    def sharpe(self, blocks: Blocks) -> float:
        """The yearly Sharpe ratio of the blocks laid end to end; 0 where nothing moved."""
        bars = sum(end - start for start, end in blocks)
        mean = sum([self._sums[end] - self._sums[start] for start, end in blocks]) / bars
        square = sum([self._squares[end] - self._squares[start] for start, end in blocks]) / bars
        variance = square - mean * mean
        return mean / sqrt(variance) * sqrt(BARS_A_YEAR) if variance > 1e-18 else 0.0


def _running(values: Sequence[float], part: Callable[[float], float]) -> list[float]:
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + part(value))
    return sums
