"""An event in a few words, and a log as a table."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from events.scalars import format_time
from events.testing.seen import Seen
from events.testing.values import shown

GIST_MAX: Final = 70
"""Characters of an event's gist."""

WINDOW: Final = 7
"""Events that a table shows before and after each marked one."""

ROWS_MAX: Final = 40
"""Events that a table shows in all."""


def gist(event: Seen) -> str:
    """What it says, in a few words."""
    words = _WORDS.get(event.type, _any_words)
    try:
        text = words(event.values)
    except (KeyError, TypeError, AttributeError, ValueError):  # of another schema
        text = _any_words(event.values)
    text = " ".join(text.split())
    return text if len(text) <= GIST_MAX else f"{text[: GIST_MAX - 1]}…"


def _regime(said: Mapping[str, Any]) -> str:
    before = f", was {_word(said['previous_regime'])}" if said["previous_regime"] else ""
    mood = "".join(f", {word}" for word in ("provisional", "warming_up") if said[word])
    return f"{said['symbol']} {_word(said['regime'])} {said['confidence']:.2f}{before}{mood}"


def _alert(said: Mapping[str, Any]) -> str:
    kind, severity = _word(said["kind"]), _word(said["severity"])
    return f"{said['symbol']} {kind} {severity} {_word(said['price'])}: {said['message']}"


def _portfolio(said: Mapping[str, Any]) -> str:
    value, held = _word(said["total_value"]), len(said["positions"])
    return f"{said['portfolio_id']} worth {value}, exposure {said['exposure']:.2f}, {held} held"


def _trade(said: Mapping[str, Any]) -> str:
    deal = f"{_word(said['side'])} {_word(said['quantity'])} {said['symbol']}"
    return f"{said['portfolio_id']} {deal} at {_word(said['price'])} {_word(said['status'])}"


def _price(said: Mapping[str, Any]) -> str:
    late = ", late" if said["corrects"] else ""
    bar = f", bar of {said['bar_s']} s" if said["bar_s"] else ""
    return f"{said['symbol']} {_word(said['price'])}{bar}{late}"


def _notice(said: Mapping[str, Any]) -> str:
    return f"{_word(said['kind'])}: {said['text']}"


def _word(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else shown(value).strip("'"))


def _any_words(said: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={shown(value)}" for name, value in said.items())


_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "regime_update": _regime,
    "price_alert": _alert,
    "portfolio_update": _portfolio,
    "trade_execution": _trade,
    "price_update": _price,
    "system_notice": _notice,
}


def table(events: Sequence[Seen], marks: Mapping[int, str] | None = None) -> str:
    """A log as text, a line an event; of a long one what lies around the marked events.

    Args:
        events: the log.
        marks: what to say of some events, by their index.
    """
    marks = marks or {}
    if not events:
        return "  (the log is empty)"
    rows = [_row(event) for event in events]
    head = ("position", "market time", "stream v", "type", "gist")
    kept = _kept(len(events), sorted(marks))
    widths = [max(len(row[i]) for row in (head, *(rows[k] for k in kept))) for i in range(4)]
    lines, before = [f"    {_line(head, widths)}"], -1
    for index in kept:
        lines += _cut(index - before - 1)
        lines.append(f"  {'>' if index in marks else ' '} {_line(rows[index], widths)}")
        if marks.get(index):
            lines.append(f"      ^ {marks[index]}")
        before = index
    return "\n".join([*lines, *_cut(len(events) - before - 1)])


def _row(event: Seen) -> tuple[str, ...]:
    position = "-" if event.position is None else str(event.position)
    at = "-" if event.occurred_at is None else _short(format_time(event.occurred_at))
    version = "" if event.version is None else f" {event.version}"
    return position, at, f"{event.stream or '-'}{version}", event.type, gist(event)


def _short(time: str) -> str:
    return time.replace("T", " ").replace(".000000", "").removesuffix("Z")


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    position, *rest = row
    cells = [f"{position:>{widths[0]}}"]
    cells += [f"{cell:<{width}}" for cell, width in zip(rest, widths[1:], strict=False)]
    return "  ".join([*cells, row[4]]).rstrip()


def _kept(count: int, marked: Sequence[int]) -> list[int]:
    if count <= ROWS_MAX:
        return list(range(count))
    around = marked[: ROWS_MAX // 2] or [count - 1]
    reach = WINDOW
    while True:
        kept = sorted(
            {
                index
                for mark in around
                for index in range(max(0, mark - reach), min(count, mark + reach + 1))
            }
        )
        if len(kept) <= ROWS_MAX or reach == 0:
            return kept
        reach -= 1


def _cut(count: int) -> list[str]:
    return [f"    … {count:,} more event{'s' if count != 1 else ''} not shown"] if count else []
