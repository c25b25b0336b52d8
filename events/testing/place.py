"""Where an event can stand, and whether it can stand there at all: what contradicts itself is absent from any log."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from events.catalog import CATALOG, SYMBOL_CHANNELS, EventType, split_stream
from events.testing.matchers import Matcher

if TYPE_CHECKING:
    from events.testing.expectation import Expectation
    from events.testing.scope import Scope


@dataclass(frozen=True, slots=True)
class Place:
    """What is said of an event's place; each fact as its name, its value, and who says so."""

    facts: tuple[tuple[str, Any, str], ...] = ()

    @classmethod
    def of(cls, wanted: "Expectation") -> "Place":
        """What an expectation says."""
        facts: list[tuple[str, Any, str]] = []
        if wanted.type is not None:
            facts.append(("type", wanted.type, wanted.name))
        for name in ("type", "channel", "stream", "position"):
            value = wanted.envelope.get(name)
            if value is not None and not isinstance(value, Matcher):
                said = str(value) if isinstance(value, str) else value
                facts.append((name, said, f"from_({name}={said!r})"))
        symbol = wanted.fields.get("symbol")
        if isinstance(symbol, str):
            facts.append(("symbol", symbol, f"symbol={symbol!r}"))
        return cls(tuple(facts))

    def within(self, part: "Scope") -> "Place":
        """The same, in a part of the log."""
        facts: list[tuple[str, Any, str]] = [
            (name, value, f"within({name}={value!r})")
            for name in ("channel", "symbol", "stream")
            if (value := getattr(part, name)) is not None
        ]
        facts += [
            (name, getattr(part, name), f"within({part.text})")
            for name in ("positions", "times")
            if getattr(part, name) != (None, None)
        ]
        return Place((*self.facts, *facts))


def contradiction(place: Place) -> str | None:
    """Why no event can stand there; None if one can."""
    implied = [fact for said in place.facts for fact in _implied(*said)]
    for name in ("type", "channel", "symbol", "stream"):
        values = {value: said for known, value, said in implied if known == name}
        if len(values) > 1:
            (one, said), (other, also) = list(values.items())[:2]
            return f"its {name} is {one!r} by {said}, and {other!r} by {also}"
    return _without_symbol(implied) or _apart(place)


def _implied(name: str, value: Any, said: str) -> list[tuple[str, Any, str]]:
    """A fact, and what follows from it."""
    facts = [(name, value, said)]
    if name == "type" and value in CATALOG:
        facts.append(("channel", str(CATALOG[value].channel), said))
    if name == "stream":
        channel, entity = split_stream(value)
        facts.append(("channel", channel, said))
        if channel in SYMBOL_CHANNELS:
            facts.append(("symbol", entity, said))
    return facts


def _without_symbol(facts: list[tuple[str, Any, str]]) -> str | None:
    symbol = next((said for name, _, said in facts if name == "symbol"), None)
    for name, value, _ in facts:
        for entry in _entries(name, value) if symbol else []:
            if "symbol" not in entry.model.model_fields:
                return f"{symbol} is asked for, and a {entry.name} has no symbol"
    return None


def _entries(name: str, value: Any) -> list[EventType]:
    if name == "type":
        return [entry for entry in CATALOG.values() if entry.name == value]
    return [entry for entry in CATALOG.values() if name == "channel" and entry.channel == value]


def _apart(place: Place) -> str | None:
    """Why its parts of the log have nothing in common."""
    for kind in ("positions", "times"):
        parts = [(value, said) for name, value, said in place.facts if name == kind]
        parts += [
            ((value, value), said)
            for name, value, said in place.facts
            if kind == "positions" and name == "position"
        ]
        first = [(low, said) for (low, _), said in parts if low is not None]
        last = [(high, said) for (_, high), said in parts if high is not None]
        if first and last:
            (low, one), (high, other) = max(first), min(last)
            if low > high:
                return f"{one} and {other} have nothing in common"
    return None
