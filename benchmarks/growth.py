"""What grows: every path that a viewer waits for, against the size of the log, viewers, symbols and replays.

    python benchmarks/growth.py [--quick] [--folder FOLDER] [--sizes 1000 ... 10000000] [--only log ...] [--record FILE]

Against the log (10^3 to 10^7 events, growth_log.py): the start of `synapse serve` until /readyz answers, the state now
and at random moments, a page at random positions, the bars of a symbol, a socket with the last 50 until it has caught
up, the page's largest paint in a real browser, appends, and the memory of the idle server. Each log is made once, into
`--folder` or SYNAPSE_GROWTH_LOGS if there is one, and kept there for the next time (10^7 events: 7 GB, a quarter of an
hour). Figures are medians.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import growth_crowds, growth_paths
from benchmarks.growth_log import SYMBOLS, make
from benchmarks.growth_paths import Figures
from benchmarks.peers import fresh_folder, print_machine
from benchmarks.record import Recorder, record_argument

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
QUICK_SIZES: Final = (1_000, 100_000)
CONNECTIONS: Final = (10, 100, 1_000, 10_000)
SYMBOL_COUNTS: Final = (1, 10, 100, 1_000)
REPLAYS: Final = (1, 10, 100)
LOG, VIEWERS, MARKETS, PASTS = "log", "connections", "symbols", "replays"
KINDS: Final = (LOG, VIEWERS, MARKETS, PASTS)

Rows = Sequence[Figures]


def logs(folder: Path, sizes: Sequence[int], *, quick: bool) -> Rows:
    """Every path over a log of each size."""
    found = []
    for size in sizes:
        database = folder / f"{size}-{SYMBOLS}" / "synapse.db"
        if not database.exists():
            make(database, size)
        paints = not quick and size in (min(sizes), max(sizes))
        found.append(growth_paths.measure(database, paints=paints))
        print(f"{size:,} events: measured", flush=True)
    return found


def show(title: str, xs: Sequence[int], rows: Rows, units: Mapping[str, str]) -> None:
    """One line a path, one column a size."""
    print(f"\n{title:28}" + "".join(f"{x:>14,}" for x in xs))
    for name in units:
        cells = [f"{row[name]:,.1f}" if name in row else "" for row in rows]
        if any(cells):
            print(f"  {name:26}" + "".join(f"{cell:>14}" for cell in cells) + f"  {units[name]}")


def record(
    recorder: Recorder, key: str, x: str, xs: Sequence[int], rows: Rows, units: Mapping[str, str]
) -> None:
    """A drawing for each unit."""
    for unit in dict.fromkeys(units.values()):
        names = [
            name for name, its in units.items() if its == unit and any(name in r for r in rows)
        ]
        if names:
            lines = {name: [row.get(name) for row in rows] for name in names}
            title = f"{', '.join(names).capitalize()} against {x}"
            named = unit.partition(" ")[0].replace("/", "-a-").replace("%", "cpu").lower()
            recorder.growth(f"growth-{key}-{named}", title, x=x, unit=unit, xs=xs, lines=lines)


def against(
    recorder: Recorder,
    kind: str,
    xs: Sequence[int],
    measure: Callable[[Sequence[int]], Rows],
    units: Mapping[str, str],
) -> None:
    """Measure, show, record."""
    rows = measure(xs)
    what = "events in the log" if kind == LOG else kind
    show(f"against {what}", xs, rows, units)
    record(recorder, kind, what, xs, rows, units)


def run(arguments: argparse.Namespace, folder: Path) -> None:
    """All that is asked for."""
    recorder, quick = Recorder.of(arguments), arguments.quick
    sizes = arguments.sizes or (QUICK_SIZES if quick else SIZES)
    crowds = growth_crowds
    if LOG in arguments.only:
        measure = lambda xs: logs(folder, xs, quick=quick)  # noqa: E731
        against(recorder, LOG, sizes, measure, growth_paths.UNITS)
    if VIEWERS in arguments.only:
        units = {crowds.FAN_OUT: "ms", crowds.KIB: "KiB"}
        against(recorder, VIEWERS, CONNECTIONS[: 2 if quick else None], crowds.connections, units)
    if MARKETS in arguments.only:
        units = {crowds.INGEST: "events/s"} | dict.fromkeys(
            (crowds.STATE, crowds.SUBSCRIBE, crowds.PAINT), "ms"
        )
        measure = lambda xs: [crowds.symbols(x, paints=not quick) for x in xs]  # noqa: E731
        against(recorder, MARKETS, SYMBOL_COUNTS[: 3 if quick else None], measure, units)
    if PASTS in arguments.only:
        units = {crowds.EACH: "events/s", crowds.TOTAL: "events/s", crowds.LIVE: "ms"}
        against(recorder, PASTS, REPLAYS[: 2 if quick else None], crowds.replays, units)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="10^3 and 10^5 events, small crowds, no browser"
    )
    kept = os.environ.get("SYNAPSE_GROWTH_LOGS")
    where = "where the logs are made, and kept; SYNAPSE_GROWTH_LOGS unless it is given"
    parser.add_argument("--folder", type=Path, default=kept and Path(kept), help=where)
    parser.add_argument("--sizes", type=int, nargs="+", help="events in the logs")
    parser.add_argument("--only", choices=KINDS, nargs="+", default=KINDS)
    record_argument(parser)
    arguments = parser.parse_args()
    with fresh_folder() as folder:
        print_machine(folder)
        print(f"load of the machine before: {os.getloadavg()[0]:.1f}", flush=True)
        run(arguments, arguments.folder or folder)


if __name__ == "__main__":
    main()
