"""Two moments side by side: the answer of `GET /api/compare`."""

from events.catalog import DetectorStamp, Record, Regime
from events.scalars import ExactNumber, Finite, Fraction, Price, Symbol, UtcTime


class Moment(Record):
    """One of the two moments; `at` is the newest market time by then."""

    position: int
    at: UtcTime | None
    state_hash: str


class SymbolThen(Record):
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


class FeatureChange(Record):
    """What became of a feature, and what that added to each score's sum; the largest effect first."""

    name: str
    a: Finite | None
    b: Finite | None
    change: Finite | None
    contributions: dict[str, Finite]


class SymbolChange(Record):
    """What became of a symbol; `drivers` are the features that did it, the largest effect first."""

    a: SymbolThen | None
    b: SymbolThen | None
    changed: list[str]
    price_change: Finite | None
    features: list[FeatureChange]
    drivers: list[str]


class PortfolioThen(Record):
    """A portfolio as it was at one of them."""

    total_value: ExactNumber
    exposure: Finite
    pnl_pct: Finite


class PortfolioChange(Record):
    """What became of a portfolio."""

    a: PortfolioThen | None
    b: PortfolioThen | None
    value_change: Finite | None


class Counts(Record):
    """What was recorded between the two positions, or is of the market time between them; null where not known."""

    events: int | None
    shifts: int | None
    alerts: int | None
    trades: int | None


class Comparison(Record):
    """Two moments side by side."""

    epoch: str
    a: Moment
    b: Moment
    symbols: dict[Symbol, SymbolChange]
    portfolios: dict[str, PortfolioChange]
    counts: Counts
