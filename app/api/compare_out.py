"""The answer of `GET /api/compare`, as the contract tells it."""

from events.catalog import DetectorStamp, Record, Regime
from events.scalars import ExactNumber, Finite, Fraction, Price, Symbol, UtcTime


class MomentOut(Record):
    """One of the two moments; `at` is the newest market time by then."""

    position: int
    at: UtcTime | None
    state_hash: str


class SymbolThenOut(Record):
    """A symbol as it was at one of them; null before its first regime or price."""

    regime: Regime | None
    confidence: Fraction | None
    probabilities: dict[Regime, Fraction] | None
    price: Price | None
    since: UtcTime | None
    features: dict[str, Finite] | None
    strategy_recommendation: str | None
    target_exposure: Finite | None
    detector: DetectorStamp | None


class FeatureChangeOut(Record):
    """What became of a feature, and what that added to each score's sum; the largest effect first."""

    name: str
    a: Finite | None
    b: Finite | None
    change: Finite | None
    contributions: dict[str, Finite]


class SymbolChangeOut(Record):
    """What became of a symbol; `drivers` are the features that did it, the largest effect first."""

    a: SymbolThenOut | None
    b: SymbolThenOut | None
    changed: list[str]
    price_change: Finite | None
    features: list[FeatureChangeOut]
    drivers: list[str]


class PortfolioThenOut(Record):
    """A portfolio as it was at one of them."""

    total_value: ExactNumber
    exposure: Finite
    pnl_pct: Finite


class PortfolioChangeOut(Record):
    """What became of a portfolio."""

    a: PortfolioThenOut | None
    b: PortfolioThenOut | None
    value_change: Finite | None


class CountsOut(Record):
    """What was recorded between the two."""

    events: int
    shifts: int | None
    alerts: int
    trades: int


class ComparisonOut(Record):
    """Two moments side by side."""

    epoch: str
    a: MomentOut
    b: MomentOut
    symbols: dict[Symbol, SymbolChangeOut]
    portfolios: dict[str, PortfolioChangeOut]
    counts: CountsOut
