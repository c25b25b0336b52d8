"""docs/benchmarks.md, its plots and the README's figures from benchmarks/results.json: `python -m benchmarks.render [--check]`.

Nothing on the page is written by hand: who is behind is said by verdicts.py, who is missing by suite.py.
"""

import argparse
import math
import re
import statistics
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.entries import ENTRIES
from benchmarks.plots import draw_growth, draw_table, is_fresh, short
from benchmarks.readme import put
from benchmarks.record import read_all
from benchmarks.verdicts import BEHIND, Judged, judged, losses

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "benchmarks" / "results.json"
PAGE: Final = Path("docs/benchmarks.md")
CERTIFICATE: Final = Path("benchmarks/certificate.json")
IMAGES: Final = Path("docs/images")
UNDRAWN: Final = frozenset(entry.name for entry in ENTRIES if not entry.plots)
WORDS: Final = {"slower": "slow", "larger": "large", "worse": "bad"}
REMAKE: Final = "python3 dev.py bench"


def page(results: Mapping[str, Any]) -> str:
    """The whole page."""
    lines = [*_head(results), *_losses(results)]
    names = [entry.name for entry in ENTRIES]
    titles = {entry.name: entry.title for entry in ENTRIES}
    for name in sorted(
        results["runs"], key=lambda name: (names.index(name) if name in names else 99, name)
    ):
        lines += ["", f"## {titles.get(name, name)}", "", *_section(results, name)]
    return "\n".join([*lines, *_foot(results)]) + "\n"


def _head(results: Mapping[str, Any]) -> Iterator[str]:
    machine, modes = results["machine"], {run["mode"] for run in results["runs"].values()}
    yield "# Benchmarks"
    yield ""
    yield f"Made by `{REMAKE}`: all that is on this page, its plots and `benchmarks/results.json`."
    yield f"`{REMAKE} --quick` makes the same tables in about five minutes, with fewer rounds and smaller counts;"
    yield f"`{REMAKE} --only NAME` one section again. Peers are installed by the same command, into `.bench`."
    yield ""
    if "quick" in modes:
        yield "> **Some or all of these figures are of a quick run.** They show who is where; they are not for quoting."
        yield ""
    yield "Absolute figures are of one shared machine, whose disk and cores others use too. **The ratios are what travels**:"
    yield "all contenders of a table run in turn within each round, a ratio is taken in each round, and the page shows the"
    yield "median of the rounds with the least and the most. A *limit* is no peer: it is the ground under us (bare sqlite3, a"
    yield "socket writer that sends the same bytes again), which does none of the work that is compared."
    yield "In the plots ours are blue, peers purple, limits hatched; the thin line goes from the least to the most."
    yield ""
    yield f"Machine: {machine['cores']} cores ({machine['cpu']}), {machine['memory_gib']} GiB, {machine['kernel']};"
    yield f"its disk makes 4 KiB durable in {machine['fsync_us']:,} µs."


def _losses(results: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## Where we lose", "")
    found = losses(results)
    if not found:
        yield "In no ratio of these tables."
    for title in dict.fromkeys(one.title for one in found):
        # Two benchmarks may have measured the same pair.
        told = "; ".join(dict.fromkeys(_loss(one) for one in found if one.title == title))
        yield f"- {title}: {told}."
    missed = [one for key in results["tables"] for one in judged(results, key) if not one.reached]
    if missed:
        yield from ("", "Goals that are missed:", "")
    for one in missed:
        yield f"- {one.title}: {one.of} / {one.to}: {one.median:.2f}, goal {one.goal:g}."


def _loss(one: Judged) -> str:
    if math.isinf(one.factor) and one.medians:
        return (
            f"{one.of} has **{short(one.medians[0])}** where {one.to} has {short(one.medians[1])}"
        )
    unsure = "" if one.clear else " and within the spread"
    # A pair alone was measured once, or never changes: it has no spread to tell.
    spread = (
        ""
        if one.least == one.most
        else f", ratio {one.median:.2f} ({one.least:.2f} to {one.most:.2f})"
    )
    return (
        f"{one.of} is **{one.factor:.3g} times as {WORDS[one.worse]}** as {one.to}{spread}{unsure}"
    )


def _section(results: Mapping[str, Any], name: str) -> Iterator[str]:
    run = results["runs"][name]
    command = f"{REMAKE} {name} {run['arguments']}".strip()
    pinned = ", pinned to one core" if run["one_core"] else ""
    yield f"`{command}`{pinned}: {run['seconds']} s on {run['at'][:10]} at {run['commit']}."
    if run["outcome"] != "ok":
        yield from ("", f"**Gap: {run['outcome']}.**")
    for gap in run["gaps"]:
        yield from ("", f"Gap: {gap}.")
    for kind, draw in (("tables", _table), ("growths", _growth)):
        for key, found in sorted(results[kind].items()):
            if found["benchmark"] == name:
                yield from draw(results, key, found)
    facts = [each for _, each in sorted(results["facts"].items()) if each["benchmark"] == name]
    if facts:
        yield from ("", "| | |", "|---|---:|")
    for each in facts:
        value = each["value"] if isinstance(each["value"], str) else short(each["value"])
        yield f"| {each['title']} | {value} {each['unit']} |".replace("  ", " ")


def _table(results: Mapping[str, Any], key: str, table: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"### {table['title']}", "")
    if table["says"]:
        yield from (table["says"], "")
    yield "| | unit | median | least | most | rounds | |"
    yield "|---|---|---:|---:|---:|---:|---|"
    found = judged(results, key)
    behind = {one.to for one in found if one.kind == BEHIND}
    for row in table["series"]:
        yield _row(row, ahead_of_us=row["contender"] in behind)
    if found:
        yield from (
            "",
            "| ratio | to | median | least | most | goal | |",
            "|---|---|---:|---:|---:|---|---|",
        )
    for one in found:
        goal = (
            ""
            if one.goal is None
            else f"{one.goal:g}: {'reached' if one.reached else '**missed**'}"
        )
        figures = " | ".join(f"{value:.2f}" for value in (one.median, one.least, one.most))
        yield f"| {one.of} | {one.to} | {figures} | {goal} | {one.verdict} |"
    if _drawn(table):
        yield from ("", f"![{table['title']}](images/{plot_name(key)})")


def _row(row: Mapping[str, Any], *, ahead_of_us: bool) -> str:
    values = row["values"]
    name = f"**{row['contender']}**" if row["ours"] else row["contender"]
    notes = [row["note"]] * bool(row["note"]) + ["a limit"] * row["limit"]
    notes += ["ahead of us"] * ahead_of_us
    figures = [statistics.median(values), min(values), max(values)] if values else []
    shown = " | ".join(map(short, figures)) if values else "not measured | | "
    return f"| {name} | {row['unit']} | {shown} | {len(values) or ''} | {'; '.join(notes)} |"


def _growth(_results: Mapping[str, Any], key: str, growth: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"### {growth['title']}", "")
    if growth["says"]:
        yield from (growth["says"], "")
    yield (
        " | ".join([f"| {growth['unit']}, by {growth['x']}", *(f"{x:,.0f}" for x in growth["xs"])])
        + " |"
    )
    yield "|---|" + "---:|" * len(growth["xs"])
    for name, line in growth["lines"].items():
        yield " | ".join([f"| {name}", *("" if v is None else short(v) for v in line)]) + " |"
    yield from ("", f"![{growth['title']}](images/{plot_name(key)})")


def _foot(results: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", "## Versions", "")
    yield ", ".join(f"{name} {version}" for name, version in results["versions"].items()) + "."


def plot_name(key: str) -> str:
    """The file of a table's or growth's plot."""
    return f"bench-{re.sub('[^a-z0-9]+', '-', key.lower())}.svg"


def plots(results: Mapping[str, Any]) -> dict[str, tuple[Any, Mapping[str, Any]]]:
    """Each plot's file, how it is drawn, and from what."""
    drawn = {
        plot_name(key): (draw_table, table)
        for key, table in results["tables"].items()
        if _drawn(table)
    }
    return drawn | {plot_name(key): (draw_growth, each) for key, each in results["growths"].items()}


def _drawn(table: Mapping[str, Any]) -> bool:
    return table["benchmark"] not in UNDRAWN and any(row["values"] for row in table["series"])


def render(results: Mapping[str, Any], root: Path = ROOT) -> list[Path]:
    """Write the page and its plots; plots of tables that are gone go too."""
    wanted = plots(results)
    for path in (root / IMAGES).glob("bench-*.svg"):
        if path.name not in wanted:
            path.unlink()
    written = [root / IMAGES / name for name in wanted]
    for path, (draw, entry) in zip(written, wanted.values(), strict=True):
        draw(path, entry)
    (root / PAGE).write_text(page(results), "utf-8")
    for path, text in _readme(results, root):
        path.write_text(text, "utf-8")
        written.append(path)
    return [*written, root / PAGE]


def stale(results: Mapping[str, Any], root: Path = ROOT) -> list[str]:
    """What does not say what the results say."""
    wanted = plots(results)
    found = [name for name, (_, each) in wanted.items() if not is_fresh(root / IMAGES / name, each)]
    found += [p.name for p in (root / IMAGES).glob("bench-*.svg") if p.name not in wanted]
    shown = root / PAGE
    if not shown.exists() or shown.read_text("utf-8") != page(results):
        found.append(PAGE.name)
    found += [path.name for path, text in _readme(results, root) if path.read_text("utf-8") != text]
    return sorted(found)


def _readme(results: Mapping[str, Any], root: Path) -> Iterator[tuple[Path, str]]:
    path, certificate = root / "README.md", root / CERTIFICATE
    if path.exists():
        yield path, put(path.read_text("utf-8"), results, read_all(certificate))


def main() -> int:
    """Write the page, or with --check say what is stale and exit with 1."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 when stale")
    results = read_all(RESULTS)
    if not parser.parse_args().check:
        print("\n".join(f"wrote {path.relative_to(ROOT)}" for path in render(results)))
        return 0
    found = stale(results)
    print("\n".join(f"stale: {name}" for name in found) or "fresh")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
