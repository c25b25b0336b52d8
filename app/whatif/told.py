"""What an assistant is told: answers cut to a size that it can take in, and what was left out of them."""

import json
from typing import Any, Final

from app.answers.as_json import json_text
from app.market.public_state import KEPT
from app.whatif.answers import HindsightAnswer, WhatIfAnswer

STATE_EVENTS_MAX: Final = 8
"""Alerts, trades and alert rules each in the state of a moment: the newest."""

ROWS_MAX: Final = 10
"""Shifts, labels, false alarms and episodes each in a what-if or in hindsight: the newest."""

Told = dict[str, Any]


def plain(value: Any) -> Told:
    """An answer as its JSON says it."""
    found: Told = json.loads(json_text(value))
    return found


def state_told(state: Told, symbol: str | None) -> Told:
    """A state with the newest alerts, trades and rules only: those of the symbol, if one is named.

    `left_out` names what there was, or may have been, more of: a state knows the newest `KEPT` of all symbols.
    """
    left_out = []
    for name in ("alerts", "trades", "alert_rules"):
        of_it = [each for each in state[name] if symbol is None or each["symbol"] in {symbol, None}]
        if len(of_it) > STATE_EVENTS_MAX or (name != "alert_rules" and len(state[name]) >= KEPT):
            left_out.append(name)
        state[name] = of_it[-STATE_EVENTS_MAX:]
    return state | {"left_out": left_out}


def what_if_told(found: WhatIfAnswer) -> Told:
    """A what-if with its newest shifts and labels; `left_out` tells how many there were before them."""
    told = plain(found)
    shifts, labels = list(map(plain, found.shifts)), list(map(plain, found.labels))
    for one in told["symbols"].values():
        _cut(one, shifts=shifts, labels=labels)
    return told


def hindsight_told(found: HindsightAnswer) -> Told:
    """Hindsight with its newest labels, false alarms and episodes; `left_out` as in `what_if_told`."""
    told = plain(found)
    labels = list(map(plain, found.labels))
    for one in told["symbols"].values():
        _cut(one, labels=labels, false_alarms=one["false_alarms"], episodes=one["episodes"])
    return told


def _cut(one: Told, **rows: list[Told]) -> None:
    """Put the newest rows of each kind into what is told of the symbol."""
    of_it = {
        name: [row for row in each if row.get("symbol", one["symbol"]) == one["symbol"]]
        for name, each in rows.items()
    }
    one |= {name: each[-ROWS_MAX:] for name, each in of_it.items()}
    one["left_out"] = {
        name: len(each) - ROWS_MAX for name, each in of_it.items() if len(each) > ROWS_MAX
    }
