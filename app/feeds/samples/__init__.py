"""Sample data that is shipped: twenty years of daily bars of two indices (see PROVENANCE.md)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Final

from app.feeds.csv_feed import read_bars
from app.market.ticks import PriceTick


@dataclass(frozen=True, slots=True)
class Sample:
    """One shipped file of daily bars, 1999-2018.

    Attributes:
        symbol: what the project calls it.
        title: what people call it.
        file: its name beside this module.
    """

    symbol: str
    title: str
    file: str

    @property
    def path(self) -> Traversable:
        """The file itself, wherever the package is installed."""
        return files(__name__) / self.file

    def bars(self) -> Iterator[PriceTick]:
        """Its daily bars, oldest first."""
        return read_bars(self.path, self.symbol)


SAMPLES: Final[Mapping[str, Sample]] = MappingProxyType(
    {
        "SPX": Sample("SPX", "S&P 500", "spx.csv"),
        "IXIC": Sample("IXIC", "NASDAQ Composite", "ixic.csv"),
    }
)
