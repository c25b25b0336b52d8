"""`MarketSetup`: what the decisions are made with, chosen once for the life of a process.

Its fingerprint is part of every saved fold: under another setup the recorded prices are folded again from the
first one. Nothing that was broadcast changes by that; every regime update names its detector.
"""

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from app.market.alerts.rules import DEFAULT_RULES, AlertRule
from app.market.detector.anchored import ANCHORED
from app.market.detector.base import Detector
from events.catalog import DetectorStamp
from events.scalars import LABEL_PATTERN, SYMBOL_PATTERN

DAY_S: Final = 86_400
PAPER_SYMBOLS_MAX: Final = 20
"""Symbols of a paper portfolio that follows any symbol: the first so many that it trades."""


@dataclass(frozen=True, slots=True)
class PaperPortfolio:
    """A portfolio that the paper trader runs.

    Attributes:
        portfolio_id: its name.
        symbols: what it follows; None for any symbol, up to `PAPER_SYMBOLS_MAX` of them.
    """

    portfolio_id: str
    symbols: tuple[str, ...] | None = None

    def follows(self, symbol: str) -> bool:
        """Whether a symbol is one of its own."""
        return self.symbols is None or symbol in self.symbols


def parse_paper(text: str) -> tuple[PaperPortfolio, ...]:
    """The paper portfolios that a setting names: `main=SPX,IXIC;sim=SIM`, `main=*` for any symbol, or `off`.

    Raises:
        ValueError: it cannot be read, or names a portfolio twice.
    """
    if text.strip() in {"", "off"}:
        return ()
    portfolios: dict[str, PaperPortfolio] = {}
    for part in text.split(";"):
        name, separator, named = (piece.strip() for piece in part.partition("="))
        symbols = tuple(symbol.strip() for symbol in named.split(","))
        known = all(re.fullmatch(SYMBOL_PATTERN, symbol) for symbol in symbols)
        if not separator or not re.fullmatch(LABEL_PATTERN, name) or not (known or named == "*"):
            raise ValueError(
                f'{part.strip()!r} must be PORTFOLIO=SYMBOL,SYMBOL or PORTFOLIO=*, or all of it "off"'
            )
        if name in portfolios:
            raise ValueError(f"names the portfolio {name} twice")
        if len(symbols) > PAPER_SYMBOLS_MAX:
            raise ValueError(f"a paper portfolio follows {PAPER_SYMBOLS_MAX} symbols at most")
        portfolios[name] = PaperPortfolio(name, None if named == "*" else symbols)
    return tuple(portfolios.values())


@dataclass(frozen=True)
class MarketSetup:
    """What `decide` and `evolve` work with.

    Attributes:
        detector: turns closes into regimes.
        bar_s: length of the bars that bare ticks make, in seconds; they begin at multiples of it since
            1970-01-01T00:00Z.
        rules: the built-in alert rules; events set and remove on top of them.
        paper: the portfolios that are traded on paper.
        cash: paper money for each symbol of a paper portfolio; of any other portfolio, what it starts with.
        paper_fee: the fees of a paper trade, as a share of its value.
    """

    detector: Detector[Any] = ANCHORED
    bar_s: int = DAY_S
    rules: tuple[AlertRule, ...] = DEFAULT_RULES
    paper: tuple[PaperPortfolio, ...] = ()
    cash: Decimal = Decimal(100_000)
    paper_fee: Decimal = Decimal("0.001")

    @cached_property
    def stamp(self) -> DetectorStamp:
        """The detector, as events name it."""
        detector = self.detector
        return DetectorStamp(
            name=detector.name, version=detector.version, constants_hash=detector.constants_hash
        )

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over everything that a fold of the log depends on."""
        parts = (
            self.stamp.model_dump_json(),
            self.bar_s,
            [rule.model_dump_json() for rule in self.rules],
            self.paper,
            self.cash,
            self.paper_fee,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


DEFAULT_SETUP: Final = MarketSetup()
