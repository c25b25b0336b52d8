"""Three nodes over one PostgreSQL, each behind wires of its own that a test can cut, and processes that steal a lease."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from events.scalars import format_time
from tests.cluster.checker import TAPE, Fenced
from tests.cluster.links import Link, Network, Target
from tests.cluster.node import Node, Place
from tests.integration.programs import ROOT, environment
from tests.integration.served import PATIENCE_S
from tests.nats import Nats, nats_server
from tests.postgres import PostgresServer, name_of
from tests.wires import socket_of

HERE: Final = (Place(), Place(), Place())
"""Three nodes on this machine."""

HINTS: Final = os.environ.get("SYNAPSE_CLUSTER_HINTS", "nats")
TOLD: Final = {
    # A hint of NATS brings events, one of PostgreSQL says that there are some.
    "nats": 'synapse_follow_events_total{source="hint"}',
    "notify": 'synapse_hints_total{outcome="heard"}',
}
"""What a node counts when others tell it of events, by the way in which they do."""

HOLDERS: Final = ("a", "b", "c")
TAPE_PER_S: Final = 20
TERMINATE: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = '{}' AND pid <> pg_backend_pid()"
)


class Cluster:
    """What runs.

    Attributes:
        server: PostgreSQL.
        url: the log's database, straight; the nodes go over their links.
        nodes: the web nodes.
        nats: by which they tell each other of commits.
        to_database, to_nats: of each node, its wires.
        tape: the closes that the feed brings, in order.
        ended_holders: how many of the lease's holders ended though nobody ended them.
    """

    def __init__(
        self,
        server: PostgresServer,
        nats: Nats,
        network: Network,
        folder: Path,
        bars: int,
        standbys: Sequence[Target] = (),
        places: Sequence[Place] = HERE,
    ) -> None:
        """No node is started yet.

        Args:
            server: what has the log.
            nats: what brings hints.
            network: what makes the wires.
            folder: for the files of the nodes.
            bars: how long the feed's file is.
            standbys: where else the log may come to be.
            places: of the nodes.
        """
        self.server = server
        self.nats = nats
        self.url = server.new_database()
        self.tape = [str(100 + number) for number in range(bars)]
        self.to_database: list[Link] = []
        self.to_nats: list[Link] = []
        self.nodes: list[Node] = []
        self._folder = folder
        self.ended_holders = 0
        self._holders: dict[str, subprocess.Popen[bytes]] = {}
        file = folder / "tape.csv"
        file.write_text("\n".join(["timestamp,close", *map(_row, range(bars), self.tape)]))
        feed = f"csv:{file}?symbol={TAPE}&name=tape&bars_per_s={TAPE_PER_S}"
        for number, place in enumerate(places):
            link = network.link(lambda: str(socket_of(self.url)), place.host)
            self.to_database.append(link)
            links = [link, *(network.link(standby, place.host) for standby in standbys)]
            url = _url_of([f"{place.host}:{link.port}" for link in links], name_of(self.url))
            to_nats = network.link(lambda: ("127.0.0.1", nats.port), place.host)
            self.to_nats.append(to_nats)
            env = {
                "SYNAPSE_HINTS": HINTS,
                "SYNAPSE_NATS_URL": f"nats://{place.host}:{to_nats.port}",
            }
            self.nodes.append(Node(f"node {number}", folder, url, [feed], env, place))

    def start(self) -> None:
        """Start every node, and wait until they serve."""
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.wait()

    def close(self) -> None:
        """End every process."""
        for holder in HOLDERS:
            self.kill_holder(holder)
        for node in self.nodes:
            node.kill()

    def terminate_connections(self) -> None:
        """End every connection to the log's database, as an operator may."""
        self.server.run(TERMINATE.format(name_of(self.url)))

    # --- the holders of the stolen lease --------------------------------------------------------

    def start_holder(self, name: str) -> None:
        """Begin to take the lease from the others as `name`."""
        file = str(self._folder / f"holder-{name}")
        self._holders[name] = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.lease_worker", self.url, name, file],
            cwd=ROOT,
            env=environment(None),
        )

    def signal_holder(self, name: str, number: int) -> None:
        """Stop it, or let it go on."""
        os.kill(self._holders[name].pid, number)

    def kill_holder(self, name: str) -> None:
        """End one at once, if it is there."""
        if (process := self._holders.pop(name, None)) is not None:
            self.ended_holders += process.poll() is not None
            process.kill()
            process.wait(PATIENCE_S)

    def fenced(self) -> list[Fenced]:
        """What the holders were told."""
        lines = [
            json.loads(line)
            for name in HOLDERS
            if (file := self._folder / f"holder-{name}").exists()
            for line in file.read_text().splitlines(keepends=True)
            if line.endswith("\n")  # it was killed while it wrote
        ]
        return [Fenced(UUID(line["id"]), line["position"], line["at_once"]) for line in lines]


def _url_of(hosts: Sequence[str], database: str) -> str:
    which = "?target_session_attrs=primary" if len(hosts) > 1 else ""
    return f"postgresql+asyncpg://postgres@{','.join(hosts)}/{database}{which}"


def _row(number: int, close: str) -> str:
    when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return f"{format_time(when)},{close}"


@contextmanager
def running_cluster(
    folder: Path, bars: int, server: PostgresServer, standbys: Sequence[Target] = ()
) -> Iterator[Cluster]:
    """A cluster over a server, started; see `Cluster`."""
    with nats_server() as nats, Network() as network:
        cluster = Cluster(server, nats, network, folder, bars, standbys)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.close()
