"""The house stays small: budgets for the lengths of files and functions, in lines."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.house.tree import ROOT, functions, python_files

FILE_MEDIAN = 120
FILE_MAX = 400
FUNCTION_USUAL = 30
FUNCTION_USUAL_SHARE = 0.9
FUNCTION_MAX = 70

CORE = ("app", "events")
ALL = (
    *CORE,
    "migrations/env.py",
    "benchmarks",
    "tests",
    "docs/generate",
    "docs/examples",
    "dev.py",
    "dev_bench.py",
    "dev_docs.py",
    "dev_setup.py",
    "dev_supply.py",
    "hatch_build.py",
    "pytest_regime_synapse.py",
    "_regime_synapse_isolated.py",
)


@dataclass(frozen=True)
class Length:
    """How many lines one file or function has."""

    place: str
    lines: int


def measure(files: Sequence[Path], root: Path = ROOT) -> tuple[list[Length], list[Length]]:
    """Return the lengths of the files and of all functions in them."""
    of_files, of_functions = [], []
    for path in files:
        name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        of_files.append(Length(name, len(text.splitlines())))
        for node in functions(ast.parse(text)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            of_functions.append(Length(f"{name}:{node.lineno} {node.name}", lines))
    return of_files, of_functions


def over(lengths: Sequence[Length], limit: int) -> list[str]:
    """Name whatever is longer than ``limit`` lines, longest first."""
    offenders = sorted((one for one in lengths if one.lines > limit), key=lambda one: -one.lines)
    return [f"{one.place}: {one.lines} lines, at most {limit}" for one in offenders]


def over_median(lengths: Sequence[Length], limit: int) -> list[str]:
    """Say so when half of the files are longer than ``limit``, with the longest ones."""
    if not lengths or median(one.lines for one in lengths) <= limit:
        return []
    middle = median(one.lines for one in lengths)
    return [f"the median is {middle} lines, at most {limit}", *over(lengths, limit)[:20]]


def over_share(lengths: Sequence[Length], limit: int, share: float) -> list[str]:
    """Say so when fewer than ``share`` of the functions are under ``limit`` lines."""
    under = sum(one.lines < limit for one in lengths)
    if not lengths or under >= share * len(lengths):
        return []
    said = f"{under} of {len(lengths)} functions are under {limit} lines, at least {share:.0%}"
    return [said, *over(lengths, limit - 1)[:20]]


def test_no_file_and_no_function_is_too_long() -> None:
    of_files, of_functions = measure(python_files(*ALL))
    assert over(of_files, FILE_MAX) == []
    assert over(of_functions, FUNCTION_MAX) == []


def test_most_files_and_functions_are_short() -> None:
    of_files, of_functions = measure(python_files(*CORE))
    assert over_median(of_files, FILE_MEDIAN) == []
    assert over_share(of_functions, FUNCTION_USUAL, FUNCTION_USUAL_SHARE) == []


def test_planted_long_file_and_function_are_found(tmp_path: Path) -> None:
    body = "".join(f"    x = {number}\n" for number in range(9))
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "long.py").write_text(f"async def long():\n{body}\n\ndef short(): ...\n")
    of_files, of_functions = measure(python_files("app", root=tmp_path), tmp_path)
    assert over(of_files, 12) == ["app/long.py: 13 lines, at most 12"]
    assert over(of_functions, 9) == ["app/long.py:1 long: 10 lines, at most 9"]
    assert over_median(of_files, 12)[0] == "the median is 13 lines, at most 12"
    assert over_share(of_functions, 9, 0.9)[0].startswith("1 of 2 functions")
    assert over_share(of_functions, 9, 0.5) == []
