"""A network of its own for each node, where the machine allows it: the kernel's wires, which are really cut.

A node reaches what it uses over one pair of virtual wires. Its viewers come to it another way, by a socket that is
opened inside its network, as they would come over another card of its machine.
"""

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.cluster.links import Network
from tests.cluster.node import Place

CLONE_NEWNET: Final = 0x4000_0000
NETWORK: Final = "10.213"
"""Whose addresses the tests take; nobody routes them any further."""


class Namespace(Place):
    """The place of one node."""

    def __init__(self, number: int, network: Network) -> None:
        """Nothing is made yet."""
        super().__init__()
        self.name = f"synapse-{os.getpid()}-{number}"
        self.prefix = ("ip", "netns", "exec", self.name)
        self._wire = f"sy{os.getpid() % 100_000}-{number}"
        self.host = f"{NETWORK}.{number}.1"
        self._own = f"{NETWORK}.{number}.2"
        self._network = network
        self._inside = ThreadPoolExecutor(1, initializer=self._enter)
        self._doors: dict[int, str] = {}

    def make(self) -> None:
        """Make the network, and the wires to it."""
        peer = f"{self._wire}p"
        _ip("netns", "add", self.name)
        _ip("link", "add", self._wire, "type", "veth", "peer", "name", peer)
        _ip("link", "set", peer, "netns", self.name)
        _ip("addr", "add", f"{self.host}/30", "dev", self._wire)
        _ip("link", "set", self._wire, "up")
        _ip("-n", self.name, "addr", "add", f"{self._own}/30", "dev", peer)
        _ip("-n", self.name, "link", "set", peer, "up")
        _ip("-n", self.name, "link", "set", "lo", "up")

    def remove(self) -> None:
        """Take it away again; the wires go with it."""
        self._inside.shutdown()
        _ip("netns", "delete", self.name)

    def cut(self) -> None:
        """From now on no packet passes, and nobody is told."""
        _ip("link", "set", self._wire, "down")

    def heal(self) -> None:
        """Packets pass again."""
        _ip("link", "set", self._wire, "up")

    def reached(self, url: str) -> str:
        """Where viewers reach a node that serves at a port of its own loopback."""
        port = int(url.rpartition(":")[2])
        if port not in self._doors:
            link = self._network.link(
                lambda: lambda: self._inside.submit(_connected, port).result()
            )
            self._doors[port] = f"http://127.0.0.1:{link.port}"
        return self._doors[port]

    def _enter(self) -> None:
        """Bring this thread, and no other, into the network."""
        with Path(f"/run/netns/{self.name}").open("rb") as handle:
            if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 5)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@contextmanager
def namespaces(network: Network, count: int) -> Iterator[list[Namespace]]:
    """So many networks; skipped with the reason where they may not be made."""
    with ExitStack() as stack:
        made = [Namespace(number, network) for number in range(1, count + 1)]
        for each in made:
            try:
                each.make()
            except (OSError, subprocess.CalledProcessError) as error:
                said = getattr(error, "stderr", None) or str(error)
                pytest.skip(f"a network may not be made here: {said.strip()}")
            stack.callback(each.remove)
        yield made
