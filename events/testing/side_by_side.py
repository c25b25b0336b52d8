"""Expected events and those that came, side by side, with what differs marked."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from events.testing.compare import Difference, differences, exact_differences
from events.testing.expectation import Expectation
from events.testing.gist import gist
from events.testing.seen import Seen

WIDTH_MAX: Final = 60
"""Characters of an expected event in the left column; a longer one is cut."""

_SAME_TYPE, _OTHER_TYPE, _ALONE = 1.0, 1.9, 1.0


class _Pair(NamedTuple):
    wanted: Expectation | Seen | None
    got: Seen | None
    off: Sequence[Difference]


def side_by_side(expected: Sequence[Expectation | Seen], got: Sequence[Seen]) -> str:
    """A table of both; empty if what came is what was expected, in order and complete."""
    pairs = _aligned(expected, got)
    if all(pair.wanted and pair.got and not pair.off for pair in pairs):
        return ""
    rows = [(_mark(pair), _left(pair.wanted), _right(pair)) for pair in pairs]
    width = max([len("expected"), *(len(left) for _, left, _ in rows)])
    lines = [f"     {'expected':<{width}}   got"]
    for number, (pair, (mark, left, right)) in enumerate(zip(pairs, rows, strict=True), start=1):
        lines.append(f"{mark} {number:>2} {left:<{width}}   {right}")
        lines += [f"       {off}" for off in pair.off]
    return "\n".join(lines)


def off_by(wanted: Expectation | Seen, got: Seen) -> list[Difference]:
    """How an event differs from an expectation, or from an exact one."""
    if isinstance(wanted, Expectation):
        return wanted.differences(got)
    if wanted.type != got.type:
        return [Difference("type", wanted.type, got.type)]
    # Of a bare payload nothing is known but itself.
    parts = {name: getattr(wanted, name) for name in ("source", "event_id", "causation_id")}
    own = {name: part for name, part in parts.items() if part is not None}
    found = exact_differences(wanted.values, got.values)
    return found + differences(own, {name: getattr(got, name) for name in own})


def _aligned(expected: Sequence[Expectation | Seen], got: Sequence[Seen]) -> list[_Pair]:
    """Both in their order, so paired that as little as possible differs."""
    off = [[off_by(wanted, one) for one in got] for wanted in expected]
    rows, columns = len(expected), len(got)
    cost = [
        [(rows - i + columns - j) * _ALONE for j in range(columns + 1)] for i in range(rows + 1)
    ]
    for i in reversed(range(rows)):
        for j in reversed(range(columns)):
            paired = cost[i + 1][j + 1] + _weight(off[i][j])
            cost[i][j] = min(paired, cost[i + 1][j] + _ALONE, cost[i][j + 1] + _ALONE)
    pairs, i, j = [], 0, 0
    while i < rows or j < columns:
        both = i < rows and j < columns
        if both and cost[i][j] == cost[i + 1][j + 1] + _weight(off[i][j]):
            pairs.append(_Pair(expected[i], got[j], off[i][j]))
            i, j = i + 1, j + 1
        elif i < rows and (j == columns or cost[i][j] == cost[i + 1][j] + _ALONE):
            pairs.append(_Pair(expected[i], None, ()))
            i += 1
        else:
            pairs.append(_Pair(None, got[j], ()))
            j += 1
    return pairs


def _weight(off: Sequence[Difference]) -> float:
    if not off:
        return 0
    return _OTHER_TYPE if off[0].path == "type" else _SAME_TYPE


def _mark(pair: _Pair) -> str:
    if pair.got is None:
        return "-"
    return "+" if pair.wanted is None else "!" if pair.off else " "


def _left(wanted: Expectation | Seen | None) -> str:
    if wanted is None:
        return "(nothing)"
    text = repr(wanted) if isinstance(wanted, Expectation) else f"{wanted.type} {gist(wanted)}"
    return text if len(text) <= WIDTH_MAX else f"{text[: WIDTH_MAX - 1]}…"


def _right(pair: _Pair) -> str:
    return "(nothing)" if pair.got is None else f"{pair.got.type} {gist(pair.got)}"
