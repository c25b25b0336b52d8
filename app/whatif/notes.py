"""What has to be known to read a what-if, in words."""

from collections.abc import Iterator
from typing import Final

from app.analysis.whatif_result import RecordedPaper, SymbolWhatIf, WhatIf
from app.terminal.figures import count, counted

_BASIS_POINTS: Final = 10_000


def never_said(found: SymbolWhatIf, other: str) -> Iterator[str]:
    """The regimes that one side never says within the span, and how many shifts count as missed, or false, by that."""
    for regime in found.recorded.regimes:
        if regime not in found.other.regimes:
            pairs = [pair for pair in found.shifts if pair.kind == "missed"]
            into = sum(pair.regime is regime for pair in pairs)
            out = sum(pair.recorded_from is regime for pair in pairs)
            yield (
                f"{other} never says {regime.value} here: missed are {count(into)} into it, and {count(out)} out of it"
            )
    for regime in found.other.regimes:
        if regime not in found.recorded.regimes:
            pairs = [pair for pair in found.shifts if pair.kind == "false"]
            into = sum(pair.regime is regime for pair in pairs)
            out = sum(pair.other_from is regime for pair in pairs)
            yield (
                f"the log never says {regime.value} here: false are {count(into)} into it, and {count(out)} out of it"
            )


def notes_of(found: WhatIf) -> Iterator[str]:
    """What has to be known of both sides."""
    for name, symbol in found.symbols.items():
        yield from _of_symbol(name, symbol)
    if found.late_prices:
        make = "makes" if found.late_prices == 1 else "make"
        yield f"{counted(found.late_prices, 'late price')} {make} no regime, here as there"
    if found.by_hand:
        yield f"set by hand, and left out: {counted(found.by_hand, 'regime')}"


def _why_not(held: RecordedPaper) -> str:
    settings = []
    if held.other_cash is not None:
        settings.append(f"SYNAPSE_PAPER_CASH={held.other_cash.normalize():f}")
    if held.other_fee is not None:
        settings.append(f"SYNAPSE_PAPER_FEE_BPS={(held.other_fee * _BASIS_POINTS).normalize():f}")
    if not settings:
        return "they follow regimes that are not in the log, or its settings changed meanwhile"
    return f"it was recorded with {' and '.join(settings)}, unlike this run"


def _of_symbol(name: str, symbol: SymbolWhatIf) -> Iterator[str]:
    for held in symbol.portfolios:
        what = "the recorded side's, to the last digit"
        if not held.as_shown:
            what = f"not the recorded side's: {_why_not(held)}"
        trades = counted(held.trades, "trade")
        be = "is" if held.trades == 1 else "are"
        yield f"{name}: the {trades} of the log's portfolio {held.portfolio_id} {be} {what}"
    if not symbol.portfolios and symbol.compared:
        yield f"{name}: no paper portfolio of the log traded it in this span; both sides are run here"
    if symbol.only_recorded or symbol.only_other:
        yield (
            f"{name}: {counted(symbol.only_recorded, 'bar')} only in the recorded log, {count(symbol.only_other)} only"
            " in the other: single ticks make bars of --bar-s seconds, which the recorder may have had otherwise"
        )
    if symbol.labels is None and symbol.compared:
        yield f"{name}: both logs have other bars, and so other bears and crashes: these are not shown"
    if len(symbol.recorded.detectors) > 1:
        yield f"{name}: the recorded side was said by more than one detector"
