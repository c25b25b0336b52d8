"""What `what_if` and `hindsight` answer: everything that the commands print with `--json`, and its rows as tables."""

from datetime import datetime
from typing import Any, Self

from app.analysis.hindsight_result import Hindsight, Label, LabelEpisode, Said
from app.analysis.whatif_result import LabelDelays, WhatIf
from app.analysis.whatif_shifts import ShiftPair
from app.client.table import Table
from events.catalog import Record, Regime
from events.scalars import Finite, UtcTime


class _OfSymbol(Record):
    symbol: str


class ShiftRow(ShiftPair, _OfSymbol):
    """A shift of either log."""


class LabelRow(_OfSymbol):
    """A bear or a crash, and when it was said; None from `said` on where it was missed. See `LabelEpisode`, `Said`."""

    label: Label
    top_at: UtcTime
    bottom_at: UtcTime
    fall: Finite
    known_at: UtcTime
    settled: bool
    said: Regime | None
    said_at: UtcTime | None
    delay_bars: int | None
    bars_after_known: int | None
    lost: Finite | None
    to_come: Finite | None


class DelayRow(_OfSymbol):
    """A bear or a crash, and how many bars after its top each log said so; None: it never did."""

    label: Label
    top_at: UtcTime
    bottom_at: UtcTime
    fall: Finite
    known_at: UtcTime
    recorded_at: UtcTime | None
    recorded_bars: int | None
    other_at: UtcTime | None
    other_bars: int | None


class WhatIfAnswer(WhatIf):
    """A log beside what another detector would have made of its prices.

    Attributes:
        constants: those of the detector that are not its own.
    """

    constants: dict[str, float]

    @classmethod
    def of(cls, found: WhatIf, constants: dict[str, float]) -> Self:
        """The same, with its constants."""
        return cls(constants=constants, **_fields(found))

    @property
    def shifts(self) -> Table[ShiftRow]:
        """The shifts of all symbols side by side: `found.shifts.to_pandas()`."""
        rows = (
            ShiftRow(symbol=name, **_fields(pair))
            for name, one in self.symbols.items()
            for pair in one.shifts
        )
        return Table(rows, ShiftRow)

    @property
    def labels(self) -> Table[DelayRow]:
        """The bears and crashes of hindsight, and when each log said so; none of a symbol with other bars."""
        rows = (
            _delays(name, each) for name, one in self.symbols.items() for each in one.labels or ()
        )
        return Table(rows, DelayRow)


class HindsightAnswer(Hindsight):
    """A log's regimes as they were broadcast, beside labels that know the future."""

    @classmethod
    def of(cls, found: Hindsight) -> Self:
        """The same."""
        return cls(**_fields(found))

    @property
    def labels(self) -> Table[LabelRow]:
        """The bears and crashes of all symbols: `found.labels.to_pandas()`."""
        rows = (_label(name, each) for name, one in self.symbols.items() for each in one.labels)
        return Table(rows, LabelRow)


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in type(record).model_fields}


def _label(symbol: str, each: LabelEpisode) -> LabelRow:
    said = _fields(each.said) if each.said else {}
    return LabelRow(
        symbol=symbol,
        label=each.label,
        top_at=each.top_at,
        bottom_at=each.bottom_at,
        fall=each.fall,
        known_at=each.known_at,
        settled=each.settled,
        said=said.get("regime"),
        said_at=said.get("at"),
        delay_bars=said.get("bars"),
        bars_after_known=said.get("bars_after_known"),
        lost=said.get("lost"),
        to_come=said.get("to_come"),
    )


def _delays(symbol: str, each: LabelDelays) -> DelayRow:
    recorded_at, recorded_bars = _when(each.recorded)
    other_at, other_bars = _when(each.other)
    return DelayRow(
        symbol=symbol,
        label=each.label,
        top_at=each.top_at,
        bottom_at=each.bottom_at,
        fall=each.fall,
        known_at=each.known_at,
        recorded_at=recorded_at,
        recorded_bars=recorded_bars,
        other_at=other_at,
        other_bars=other_bars,
    )


def _when(said: Said | None) -> tuple[datetime | None, int | None]:
    return (None, None) if said is None else (said.at, said.bars)
