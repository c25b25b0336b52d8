"""What a benchmark measured, kept as JSON: one vocabulary for all of them, whatever they measure.

A benchmark prints its tables as before; with `--record FILE` it also says what is in them. Each call merges into
the file at once, by key, so that several benchmarks share one file and a benchmark that is cut off leaves what it
had. `python3 dev.py bench` collects such files into benchmarks/results.json, and render.py draws them.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

Better = Literal["higher", "lower"]

TABLES, RATIOS, GROWTHS, FACTS = "tables", "ratios", "growths", "facts"
KINDS: Final = (TABLES, RATIOS, GROWTHS, FACTS)
DIGITS: Final = 6
"""Significant digits that are kept: more is noise, and a diff that says nothing."""


@dataclass(frozen=True)
class Series:
    """One contender's values in a table, one a round.

    Attributes:
        contender: who, with its version where it is not ours.
        unit: of the values: "events/s", "ms", "MB".
        values: one a round, in the order of the rounds; none where it could not be measured (`note` says why).
        ours: whether it is ours.
        limit: whether it is a bare limit (raw sqlite3, a socket writer), and no peer that does our work.
        note: a word on it, for people.
    """

    contender: str
    unit: str
    values: tuple[float, ...]
    ours: bool = False
    limit: bool = False
    note: str = ""


class Recorder:
    """Collects, and writes what it has after each call; without a file it does nothing."""

    def __init__(self, path: Path | None) -> None:
        """`path`: the file; it may hold what others recorded, and then keeps it."""
        self._path = path

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Recorder":
        """The recorder that `--record FILE` asks for."""
        return cls(getattr(arguments, "record", None))

    def table(
        self, key: str, title: str, *, better: Better, series: Sequence[Series], says: str = ""
    ) -> None:
        """Contenders side by side: `better` tells which values win, `says` in a sentence what was measured."""
        rows = [asdict(each) | {"values": rounded(each.values)} for each in series]
        self._put(TABLES, key, {"title": title, "better": better, "series": rows, "says": says})

    def ratio(
        self, key: str, of: str, to: str, values: Sequence[float], goal: float | None = None
    ) -> None:
        """One contender's value divided by another's in each round of the table `key`, and what it should be."""
        found = {"table": key, "of": of, "to": to, "values": rounded(values), "goal": goal}
        self._put(RATIOS, f"{key}: {of} / {to}", found)

    def growth(
        self,
        key: str,
        title: str,
        *,
        x: str,
        unit: str,
        xs: Sequence[float],
        lines: Mapping[str, Sequence[float | None]],
        says: str = "",
    ) -> None:
        """Values against a size: `x` names the size, `lines` has a value (or None) for each of `xs`."""
        drawn = {name: rounded(line) for name, line in lines.items()}
        if any(len(line) != len(xs) for line in drawn.values()):
            raise ValueError(f"{key}: each line needs a value for each of the {len(xs)} sizes")
        drawing = {"title": title, "x": x, "unit": unit, "xs": rounded(xs), "lines": drawn}
        self._put(GROWTHS, key, drawing | {"says": says})

    def fact(self, key: str, title: str, value: float | str, unit: str = "") -> None:
        """A single figure, or a word."""
        kept = value if isinstance(value, str) else rounded([value])[0]
        self._put(FACTS, key, {"title": title, "value": kept, "unit": unit})

    def _put(self, kind: str, key: str, found: Mapping[str, Any]) -> None:
        if self._path is None:
            return
        document = read(self._path)
        document[kind][key] = dict(found)
        write(self._path, document)


def record_argument(parser: argparse.ArgumentParser) -> None:
    """Give a benchmark its `--record FILE`."""
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="add what was measured to this JSON"
    )


def rounded(values: Sequence[float | None]) -> list[float | None]:
    """The values with `DIGITS` significant digits."""
    return [None if value is None else float(f"{value:.{DIGITS}g}") for value in values]


def read(path: Path) -> dict[str, dict[str, Any]]:
    """What a file holds; a file that is not there holds nothing."""
    found = read_all(path)
    return {kind: found.get(kind, {}) for kind in KINDS}


def read_all(path: Path) -> dict[str, Any]:
    """The same, with whatever else stands in the file."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Write JSON that is the same for the same content, all of it or nothing."""
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(text + "\n", "utf-8")
    beside.replace(path)
