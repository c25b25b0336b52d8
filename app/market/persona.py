"""How a regime looks and what it says: a projection of the regime, never part of an event.

A persona is a table, not code: to add a third one, add one entry to `PERSONAS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from events.catalog import Regime


@dataclass(frozen=True, slots=True)
class PersonaLine:
    """What a persona makes of one regime.

    Attributes:
        vibe: the mood in one word: `bull`, `bear`, `panic` or `neutral`.
        look: how a page shows it, such as `red, pulsing`.
        message: what the persona says; for people.
    """

    vibe: str
    look: str
    message: str


@dataclass(frozen=True, slots=True)
class Persona:
    """A voice: one line for each of the four regimes."""

    name: str
    lines: Mapping[Regime, PersonaLine]


PERSONAS: Final[Mapping[str, Persona]] = MappingProxyType(
    {
        "big_pickle": Persona(
            "Big Pickle",
            {
                Regime.BULL: PersonaLine("bull", "green, neon", "TO THE MOON! 🚀"),
                Regime.BEAR: PersonaLine("bear", "red", "Time to be careful 🐻"),
                Regime.CRASH: PersonaLine("panic", "red, pulsing", "SELL EVERYTHING! 🔥"),
                Regime.SIDEWAYS: PersonaLine("neutral", "standard", "Steady as she goes 😐"),
            },
        ),
        "minimax": Persona(
            "MiniMax",
            {
                Regime.BULL: PersonaLine("bull", "green, neon", "The trend is up."),
                Regime.BEAR: PersonaLine("bear", "red", "The trend is down; caution is due."),
                Regime.CRASH: PersonaLine("panic", "red, pulsing", "Prices are falling fast."),
                Regime.SIDEWAYS: PersonaLine("neutral", "standard", "No clear direction."),
            },
        ),
    }
)
DEFAULT_PERSONA: Final = "big_pickle"
