"""What features are called in words: as on the dashboard, whose names a test compares with these. Pure."""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    "trend": "Versus 200-bar average",
    "t50": "Versus 50-bar average",
    "dv": "Downside versus usual",
    "m126": "Change over 126 bars",
    "high21": "Versus 21-bar high",
    "low42": "Versus 42-bar low",
    "vol": "Usual volatility, a year",
}
"""Of the anchored detector's features, as docs/detector.md defines them."""

BIAS: Final = "Where the score begins"

_SCALED: Final[Mapping[tuple[str, str], str]] = {
    ("side", "t50"): "|t50| x vol",
    ("side", "low42"): "low42 x vol",
}
"""Terms of the anchored detector whose value is not the feature itself, by score and feature."""


def in_words(feature: str) -> str:
    """A feature in words; nothing where it has none."""
    return WORDS.get(feature, "")


def term_name(score: str, feature: str) -> str:
    """What a term's value is: the feature, or what the score makes of it."""
    return _SCALED.get((score, feature), feature)


def legend(features: list[str]) -> str:
    """Features and their words on one line, each once; empty where none has any."""
    named = dict.fromkeys(each for each in features if each in WORDS)
    return "; ".join(f"{each}: {WORDS[each].lower()}" for each in named)
