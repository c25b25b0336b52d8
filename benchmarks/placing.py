"""Which cores the stream's benchmarks use: the viewers the last one, the server that is measured all the others.

So neither takes the other's time, and every server has the same cores. Where there is one core, or a system
that cannot say who runs where, everybody shares what there is.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

CORES_VARIABLE = "SYNAPSE_BENCH_CORES"
"""All cores, for the processes that are started on some of them."""


def _cores() -> frozenset[int]:
    if not hasattr(os, "sched_getaffinity"):
        return frozenset()
    here = ",".join(map(str, os.sched_getaffinity(0)))
    return frozenset(map(int, os.environ.setdefault(CORES_VARIABLE, here).split(",")))


ALL = _cores()
VIEWERS = frozenset({max(ALL)}) if len(ALL) > 1 else ALL
SERVER = ALL - VIEWERS or ALL


def said() -> str:
    """Who runs where, for the heading."""
    if len(ALL) < 2:
        return "servers and viewers share all cores"
    return f"servers on core {_named(SERVER)}, viewers on core {_named(VIEWERS)}"


@contextmanager
def on_the_servers_cores() -> Iterator[None]:
    """Processes started in here are servers; this process is with the viewers afterwards."""
    _move(SERVER)
    try:
        yield
    finally:
        _move(VIEWERS)


def beside_the_viewers() -> None:
    """Run this process, a client that publishes to a server, where the other clients run."""
    _move(VIEWERS)


def _move(cores: frozenset[int]) -> None:
    if cores:
        os.sched_setaffinity(0, cores)


def _named(cores: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(cores)))
