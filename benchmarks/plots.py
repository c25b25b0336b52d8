"""The plots of the page, from results.json: small SVGs, readable on light and dark ground, the same for the same data."""

import hashlib
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

INK: Final = "#7d8590"
"""Between light and dark: readable on either."""

OURS, PEER, LIMIT = "#2f81f7", "#a371f7", "#8b949e"
LINES: Final = ("#2f81f7", "#db6d28", "#2da44e", "#a371f7", "#d4a72c", "#e85aad", "#39a0a0")
WIDTH_IN: Final = 7.2
FAR: Final = 30.0
"""From this many times between the least and the most a bar is drawn on a logarithmic scale."""

NAME_MOST: Final = 52


def digest(entry: Mapping[str, Any]) -> str:
    """What a plot is drawn from, in a word; it stands in the file."""
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:16]


def is_fresh(path: Path, entry: Mapping[str, Any]) -> bool:
    """Whether a plot is there and is of these data."""
    return path.exists() and digest(entry) in path.read_text("utf-8")


def draw_table(path: Path, table: Mapping[str, Any]) -> None:
    """Bars: the median of each contender, and a line from the least to the most."""
    rows = [row for row in table["series"] if row["values"]]
    figure, axes = _figure(0.9 + 0.3 * len(rows))
    medians = [statistics.median(row["values"]) for row in rows]
    colours = [OURS if row["ours"] else LIMIT if row["limit"] else PEER for row in rows]
    bars = axes.barh(range(len(rows)), medians, color=colours, height=0.62)
    for bar, row, median in zip(bars, rows, medians, strict=True):
        if row["limit"]:
            bar.set(alpha=0.45, hatch="///", edgecolor=INK)
        least, most = min(row["values"]), max(row["values"])
        middle = bar.get_y() + bar.get_height() / 2
        axes.plot([least, most], [middle, middle], color=INK, linewidth=1.2)
        axes.annotate(
            short(median), (max(most, median), middle), (4, 0), textcoords="offset points",
            va="center", color=INK, fontsize=8,
        )  # fmt: skip
    if min(medians) > 0 and max(medians) / min(medians) > FAR:
        axes.set_xscale("log")
        axes.set_xlim(left=min(min(row["values"]) for row in rows) / 3)
    _plain(axes.xaxis)
    axes.margins(x=0.14)
    axes.set_yticks(range(len(rows)), [_cut(row["contender"]) for row in rows])
    axes.invert_yaxis()
    better = "more is better" if table["better"] == "higher" else "less is better"
    axes.set_xlabel(f"{rows[0]['unit']}, {better}" if rows else "")
    _save(figure, path, table)


def draw_growth(path: Path, growth: Mapping[str, Any]) -> None:
    """Lines against a size, both on logarithmic scales."""
    figure, axes = _figure(3.2)
    for number, (name, line) in enumerate(growth["lines"].items()):
        points = [(x, y) for x, y in zip(growth["xs"], line, strict=True) if y is not None]
        colour, style = LINES[number % len(LINES)], "-" if number < len(LINES) else "--"
        if points:
            axes.plot(
                *zip(*points, strict=True),
                style,
                marker="o",
                markersize=3.5,
                color=colour,
                label=name,
            )
    axes.set_xscale("log")
    axes.set_xticks(growth["xs"], [short(x) for x in growth["xs"]])
    axes.set_xticks([], minor=True)
    if all(value is None or value > 0 for line in growth["lines"].values() for value in line):
        axes.set_yscale("log")
    _plain(axes.yaxis)
    axes.set_xlabel(growth["x"])
    axes.set_ylabel(growth["unit"])
    axes.grid(visible=True, color=INK, alpha=0.25, linewidth=0.6)
    # Beside the lines, so that it hides none of them.
    axes.legend(
        frameon=False, labelcolor=INK, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5)
    )
    _save(figure, path, growth)


def short(value: float) -> str:
    """A figure in three digits or so: 12,300; 1.24 M; 0.031."""
    for size, letter in ((1e9, " G"), (1e6, " M")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{float(f'{value:.3g}'):,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _figure(height_in: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor("none")
    axes.tick_params(which="both", colors=INK, labelsize=8)
    axes.xaxis.label.set(color=INK, fontsize=8)
    axes.yaxis.label.set(color=INK, fontsize=8)
    for side, spine in axes.spines.items():
        spine.set(color=INK, visible=side in {"left", "bottom"})
    return figure, axes


def _plain(axis: Any) -> None:
    """Label an axis with figures as the page has them, and between the powers of ten only where those are few."""
    low, high = axis.get_view_interval()
    few = low <= 0 or high / low < 200
    axis.set_major_formatter(lambda value, _at: short(value))
    axis.set_minor_formatter(lambda value, _at: short(value) if few and _shown(value) else "")


def _shown(value: float) -> bool:
    return f"{value:.0e}"[0] in "235"


def _save(figure: Any, path: Path, entry: Mapping[str, Any]) -> None:
    import matplotlib as mpl

    path.parent.mkdir(parents=True, exist_ok=True)
    # Texts stay texts: smaller, and searchable.
    with mpl.rc_context({"svg.hashsalt": "synapse", "svg.fonttype": "none"}):
        figure.savefig(
            path,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Description": digest(entry)},
        )


def _cut(name: str) -> str:
    return name if len(name) <= NAME_MOST else f"{name[: NAME_MOST - 3]}..."
