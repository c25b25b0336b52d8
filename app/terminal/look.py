"""How a regime looks in a terminal: a sign, its word, and a colour, which never stands alone.

The colours lie between those of the dashboard's dark and light themes, so that they can be read on both grounds.
"""

from collections.abc import Mapping
from typing import Final

from rich.text import Text

from events.catalog import AlertSeverity, Regime

SIGNS: Final[Mapping[Regime, str]] = {
    Regime.BULL: "▲",
    Regime.BEAR: "▼",
    Regime.CRASH: "⚠",
    Regime.SIDEWAYS: "■",
}
COLOURS: Final[Mapping[Regime, str]] = {
    Regime.BULL: "#1ba672",
    Regime.BEAR: "#d98324",
    Regime.CRASH: "#e8365d",
    Regime.SIDEWAYS: "#7f93a8",
}
SEVERITIES: Final[Mapping[AlertSeverity, str]] = {
    AlertSeverity.INFO: "",
    AlertSeverity.WARNING: "yellow",
    AlertSeverity.CRITICAL: "bold red",
}
UP: Final = COLOURS[Regime.BULL]
DOWN: Final = COLOURS[Regime.CRASH]
DIM: Final = "dim"
FULL: Final = "█"
EMPTY: Final = "░"
BAR_COLUMNS: Final = 12

NO_ADVICE: Final = "Not investment advice."


def style_of(regime: Regime | None, *more: str) -> str:
    """The style of a regime's words."""
    return " ".join([*more, DIM if regime is None else COLOURS[regime]])


def word(regime: Regime | None) -> str:
    """A regime as sign and word."""
    return "-" if regime is None else f"{SIGNS[regime]} {regime.value}"


def regime_text(regime: Regime | None) -> Text:
    """The same in its colour."""
    return Text(word(regime), style_of(regime, "bold"))


def change_text(text: str) -> Text:
    """A signed figure in the colour of rising or falling."""
    if text.startswith("+"):
        return Text(text, UP)
    return Text(text, DOWN if text.startswith("-") and len(text) > 1 else "")


def bar(fraction: float | None, columns: int = BAR_COLUMNS) -> str:
    """A share as a bar of blocks."""
    full = 0 if fraction is None else round(min(max(fraction, 0.0), 1.0) * columns)
    return FULL * full + EMPTY * (columns - full)
