"""Ours, as `synapse serve` runs it, checked by `synapse-check`: on SQLite, on PostgreSQL, one node or several.

With several nodes, each connection of the check goes to the next node in turn: what one node recorded is asked of
another, and a subscriber that reconnects resumes at another node than it left. A killed node is started again
over the same log, on the same port.
"""

import asyncio
import itertools
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.check.certificate import Certificate
from app.check.plan import Plan
from app.check.run import run as check
from app.check.stage import Stage
from tests.cluster.links import Network
from tests.integration.programs import Running

TOKEN: Final = "a-token-of-the-certificate"
NODES: Final = 3
AWAY_S: Final = 0.5
"""How long a killed node is away."""


@dataclass(frozen=True)
class OurLoad:
    """So many writers and prices; every price makes two events or more."""

    writers: int
    prices: int
    subscribers: int
    reconnect_every: int
    seed: int


class Node:
    """A server that can be killed and started again on its port."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder, self._database = folder, database
        self._port = 0
        self._process: Running | None = None

    def start(self) -> None:
        """Start it; returns once it serves."""
        env = {
            "SYNAPSE_DATABASE_URL": self._database,
            "SYNAPSE_TOKEN": TOKEN,
            "SYNAPSE_PORT": str(self._port),
            "SYNAPSE_PAPER": "off",
        }
        self._process = Running("serve", "--no-browser", folder=self._folder, env=env)
        self._port = urlsplit(self._process.url()).port or 0

    @property
    def place(self) -> tuple[str, int]:
        """Where it serves."""
        return "127.0.0.1", self._port

    def kill(self) -> None:
        """`kill -9`; returns when it is gone."""
        assert self._process is not None
        self._process.__exit__()

    @property
    def runs(self) -> bool:
        """Whether it lives."""
        return self._process is not None and self._process.process.poll() is None


@contextmanager
def nodes(folder: Path, database: str, count: int) -> Iterator[Sequence[Node]]:
    """So many nodes over one log."""
    with ExitStack() as stack:
        found = []
        for number in range(1, count + 1):
            own = folder / f"node{number}"
            own.mkdir()
            node = Node(own, database)
            node.start()
            stack.callback(node.kill)
            found.append(node)
        yield found


def run(serving: Sequence[Node], load: OurLoad, *, kills: bool) -> Certificate:
    """Check them as one server; `kills`: a node is killed after a third of the prices, one after two thirds."""
    turns = itertools.cycle(serving)

    def next_place() -> tuple[str, int]:
        return next(
            (node for node in itertools.islice(turns, len(serving)) if node.runs), serving[0]
        ).place

    with Network() as network:
        url = f"http://127.0.0.1:{network.link(next_place).port}"
        return asyncio.run(_check(serving, _plan(url, load), kills=kills))


def _plan(url: str, load: OurLoad) -> Plan:
    return Plan(
        url=url,
        run=secrets.token_hex(3),
        token=TOKEN,
        writers=load.writers,
        subscribers=load.subscribers,
        prices=load.prices,
        symbols=load.writers,
        reconnect_every=load.reconnect_every,
        seed=load.seed,
        patience_s=30.0,
    )


async def _check(serving: Sequence[Node], plan: Plan, *, kills: bool) -> Certificate:
    due = [plan.prices / 3, 2 * plan.prices / 3] if kills else []
    killing: list[asyncio.Task[None]] = []
    one_by_one = asyncio.Lock()

    def watch(stage: Stage) -> None:
        if due and stage.acknowledged >= due[0]:
            due.pop(0)
            node = serving[len(killing) % len(serving)]
            killing.append(asyncio.create_task(_kill(node, one_by_one)))

    found = await check(plan, watch)
    await asyncio.gather(*killing)
    if due:
        raise RuntimeError("the run was over before all kills had come")
    return found


async def _kill(node: Node, one_by_one: asyncio.Lock) -> None:
    async with one_by_one:
        await asyncio.to_thread(node.kill)
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(node.start)
