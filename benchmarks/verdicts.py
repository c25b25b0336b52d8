"""Who wins: ratios of a recorded table, judged by rule and never by hand."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LIMIT, OWN, AHEAD, BEHIND = "a limit", "both ours", "ahead", "behind"
TIMES = frozenset({"s", "ms", "us", "µs"})
SIZES = frozenset({"MB", "MiB", "KB", "KiB", "GB", "GiB", "bytes", "bytes/event"})


@dataclass(frozen=True)
class Judged:
    """One ratio.

    Attributes:
        table: its table's key.
        title: its table's title.
        of: ours.
        to: whom it is beside.
        median: of the rounds' ratios.
        least: of them.
        most: of them.
        goal: what the median should reach.
        higher: whether a greater ratio is better.
        kind: `LIMIT`, `OWN`, `AHEAD` or `BEHIND`.
        worse: the word for being behind: slower, larger or worse.
        medians: ours and theirs, where both were measured.
    """

    table: str
    title: str
    of: str
    to: str
    median: float
    least: float
    most: float
    goal: float | None
    higher: bool
    kind: str
    worse: str
    medians: tuple[float, float] | None = None

    @property
    def clear(self) -> bool:
        """Whether all rounds say the same."""
        return not self.least <= 1 <= self.most

    @property
    def factor(self) -> float:
        """How many times as slow, large or bad; what has the other sign is beyond any."""
        if self.median <= 0:
            return math.inf
        return 1 / self.median if self.higher else self.median

    @property
    def verdict(self) -> str:
        """What the page says of it."""
        if self.kind in {LIMIT, OWN}:
            return self.kind
        unsure = "" if self.clear else ", within the spread"
        return f"ahead{unsure}" if self.kind == AHEAD else f"**{self.worse}: we lose**{unsure}"

    @property
    def reached(self) -> bool:
        """Whether the goal is reached; so it is where there is none."""
        if self.goal is None:
            return True
        return self.median >= self.goal if self.higher else self.median <= self.goal


def judged(results: Mapping[str, Any], key: str) -> list[Judged]:
    """The recorded ratios of a table, and those of our first row to each contender that none of them is beside.

    So no peer escapes by having no ratio.
    """
    table = results["tables"][key]
    rows = {row["contender"]: row for row in table["series"] if row["values"]}
    ratios = [each for each in results["ratios"].values() if each["table"] == key]
    seen = {each["to"] for each in ratios}
    ratios += (each for each in _worked_out(list(rows.values())) if each["to"] not in seen)
    # Goals are meant for the counts of a full run.
    quick = results.get("runs", {}).get(table.get("benchmark"), {}).get("mode") == "quick"
    return [_judge(key, table, rows, each | {"goal": None} if quick else each) for each in ratios]


def losses(results: Mapping[str, Any]) -> list[Judged]:
    """Where we are behind a peer, the worst first."""
    each = (one for key in results["tables"] for one in judged(results, key))
    behind = [one for one in each if one.kind == BEHIND]
    return sorted(behind, key=lambda one: -one.factor)


def _worked_out(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    ours = next((row for row in rows if row["ours"]), None)
    if ours is None:
        return
    for row in rows:
        if row["ours"] or row["unit"] != ours["unit"]:
            continue
        pairs = (ours["values"], row["values"])
        if len(pairs[0]) != len(pairs[1]):
            pairs = tuple([statistics.median(values)] for values in pairs)  # type: ignore[assignment]
        values = [_ratio(one, other) for one, other in zip(*pairs, strict=True)]
        yield {"of": ours["contender"], "to": row["contender"], "values": values, "goal": None}


def _ratio(one: float, other: float) -> float:
    if other == 0:  # faults, for one: none beside none is the same
        return 1.0 if one == 0 else math.inf
    return one / other


def _judge(
    key: str,
    table: Mapping[str, Any],
    rows: Mapping[str, Mapping[str, Any]],
    ratio: Mapping[str, Any],
) -> Judged:
    values, higher = ratio["values"], table["better"] == "higher"
    median, to = statistics.median(values), rows.get(ratio["to"], {})
    if all(each < 0 for each in to.get("values", [0])):
        # Of two drawdowns the smaller ratio is the one nearer to nothing.
        higher = not higher
    if to.get("limit"):
        kind = LIMIT
    elif to.get("ours"):
        kind = OWN
    else:
        kind = AHEAD if (median >= 1 if higher else median <= 1) else BEHIND
    return Judged(
        key,
        table["title"],
        ratio["of"],
        ratio["to"],
        median,
        min(values),
        max(values),
        ratio["goal"],
        higher,
        kind,
        _worse(to.get("unit", "")),
        _medians(rows.get(ratio["of"]), rows.get(ratio["to"])),
    )


def _medians(*rows: Mapping[str, Any] | None) -> tuple[float, float] | None:
    found = [statistics.median(row["values"]) for row in rows if row and row["values"]]
    return (found[0], found[1]) if len(found) == len(rows) else None


def _worse(unit: str) -> str:
    if unit in SIZES:
        return "larger"
    return "slower" if "/" in unit or unit in TIMES else "worse"
