"""The nodes of benchmarks/cluster.py: processes over one log in real PostgreSQL, with real NATS between them."""

import json
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.migrate import upgrade
from benchmarks.append_postgres import fresh_database
from benchmarks.peers import run_async
from benchmarks.stream_contenders import Contender, Running, our_door, running
from benchmarks.wire_clients import Viewers
from events.sql_store import SqlEventStore
from tests.nats import Nats
from tests.ports import free_port
from tests.postgres import PostgresServer, name_of, postgres_server

PROGRAM: Final = Path(__file__).resolve().parent / "cluster_node.py"
NATS, NOTIFY, POLL = "nats", "notify", "poll"
WARM_UP_EVENTS: Final = 20
WARM_UP_EVERY_S: Final = 0.02
PAUSE_S: Final = 0.05
"""Between two questions whether something has come about."""

STATISTICS: Final = (
    "SELECT xact_commit + xact_rollback AS done FROM pg_stat_database WHERE datname = '{}'"
)


class Servers:
    """PostgreSQL and NATS, for all rounds.

    Attributes:
        postgres: a server of its own, with its defaults.
        nats: one that can be killed, and asked for what it has carried.
    """

    def __init__(self, postgres: PostgresServer, nats: Nats, monitor: int) -> None:
        """`monitor`: the port at which NATS tells its figures."""
        self.postgres = postgres
        self.nats = nats
        self._monitor = monitor

    def nats_bytes(self) -> tuple[int, int]:
        """Bytes that came in to NATS so far, and that went out."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._monitor}/varz") as answer:
            found = json.load(answer)
        return int(found["in_bytes"]), int(found["out_bytes"])

    @contextmanager
    def cluster(self, count: int, hints: str) -> Iterator["Cluster"]:
        """So many nodes over a fresh log, which hear of each other by `hints`."""
        with fresh_database(self.postgres, migrated=True) as url, ExitStack() as stack:
            run_async(_begin(url))
            nats_url = [self.nats.url] if hints == NATS else []
            command = [sys.executable, str(PROGRAM), url, hints, *nats_url]
            node = Contender(lambda _folder: command, our_door())
            with ThreadPoolExecutor(count) as pool:
                started = (running(node, apart=False) for _ in range(count))
                nodes = list(pool.map(stack.enter_context, started))
            cluster = Cluster(self, name_of(url), nodes)
            cluster.settle()
            yield cluster


async def _begin(url: str) -> None:
    """Begin the log, as `synapse db upgrade` does."""
    await (await SqlEventStore.open_postgres(url, upgrade)).close()


@contextmanager
def servers() -> Iterator[Servers]:
    """Start them, and stop them in the end."""
    monitor = free_port()
    nats = Nats("-m", str(monitor))
    with postgres_server() as postgres:
        try:
            nats.start()
            yield Servers(postgres, nats, monitor)
        finally:
            nats.stop()


@dataclass(slots=True)
class Cluster:
    """Nodes that run.

    Attributes:
        servers: what they run over.
        database: the log's name there.
        nodes: the first one writes, unless all do.
    """

    servers: Servers
    database: str
    nodes: Sequence[Running]

    def transactions(self) -> int:
        """How many transactions the log's database has done so far; known up to a second late."""
        return int(self.servers.postgres.run(STATISTICS.format(self.database))[0]["done"])

    def ask(self, node: Running, **order: object) -> dict[str, Any]:
        """Give an order, and wait for what it comes to."""
        node.send(**order)
        node.finish()
        return node.answer

    def settle(self) -> None:
        """Wait until the nodes hear each other, and every one knows what any of them has written."""
        while not self._is_settled():
            time.sleep(PAUSE_S)

    def _is_settled(self) -> bool:
        counted = [self.ask(node, do="count") for node in self.nodes]
        hear = all(count["connected"] or count["kind"] == POLL for count in counted)
        return hear and len({count["head"] for count in counted}) == 1

    def viewers(self, node: Running, count: int) -> Viewers:
        """Viewers of a node, who have seen a first few events, and nothing from before they came."""
        self.settle()
        viewers = Viewers(node.port, our_door())
        viewers.connect(count)
        self.flow(viewers, WARM_UP_EVENTS, WARM_UP_EVERY_S)
        return viewers

    def flow(
        self, viewers: Viewers, events: int, every_s: float
    ) -> tuple[list[int], list[list[int]]]:
        """Have the first node write: when it was called for each event, and when that reached each viewer (ns).

        Raises:
            NotDelivered: some viewer missed something.
        """
        writer = self.nodes[0]
        writer.send(do="publish", events=events, every_s=every_s)
        arrivals = viewers.arrivals(events, patience_s=60 + events * every_s)
        writer.finish()
        return writer.answer["called"], arrivals


def milliseconds(called: Sequence[int], arrivals: Sequence[Sequence[int]]) -> list[float]:
    """How long each event took to each viewer."""
    return [
        (at - start) / 1e6
        for start, moments in zip(called, arrivals, strict=True)
        for at in moments
    ]
