"""The peer NATS JetStream, through its own client: a stream in files, and ordered consumers.

Writers publish, wait for the acknowledgement, and publish again under the same `Nats-Msg-Id` where none came: the
server knows those of the last two minutes. Subscribers are ordered consumers; who resumes begins at the
sequence after its last one. The server may be killed on the way, and started again over the same files.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from benchmarks.certificate_history import History, Item, Stretch, View, Write
from benchmarks.certificate_load import LOOK_S, SLOW_PAUSE_S, SLOW_READ, Kind, Load, Settling
from benchmarks.nats_peer import nats_server
from tests.nats import Nats

STREAM: Final = "PROOF"
SUBJECT: Final = "proof"
ANSWER_S: Final = 2.0
"""How long an acknowledgement is waited for; as long between two attempts at most."""
OPEN_S: Final = 5.0
"""How long a connection may take to open before it is tried anew."""
AWAY_S: Final = 0.5
"""How long a killed server is away."""
HEARTBEAT_S: Final = 0.5
"""An ordered consumer whose server says nothing for twice as long makes itself anew (5 s unless it is told)."""
CONFIG: Final = """
jetstream {{ store_dir: "{folder}"{sync} }}
"""


def server(folder: Path, *, synced: bool) -> Nats:
    """A server with its files in a folder; `synced`: each write is on the disk before it is acknowledged."""
    config = folder / "nats.conf"
    sync = ", sync_interval: always" if synced else ""
    config.write_text(CONFIG.format(folder=folder / "store", sync=sync))
    return Nats("-c", str(config))


@asynccontextmanager
async def _connected(nats: Nats) -> AsyncIterator[Any]:
    """A connection that comes back by itself, as often as it must."""
    from nats.aio.client import Client

    async def quiet(_error: Exception) -> None:
        """What goes wrong while the server is away shows in what comes."""

    while True:
        client = Client()
        try:
            opening = client.connect(
                nats.url, max_reconnect_attempts=-1, reconnect_time_wait=1, error_cb=quiet
            )
            await asyncio.wait_for(opening, OPEN_S)
            break
        except Exception:  # noqa: BLE001  # killed in the middle of the greeting: another attempt
            await client.close()
    try:
        yield client
    finally:
        await client.close()


async def _follow(nats: Nats, view: View, load: Load) -> None:
    """One subscriber, until it is cancelled."""
    chance = load.cuts(view)
    while True:
        stretch = Stretch(view.cursor)
        view.stretches.append(stretch)
        upto = load.stay(chance) if view.kind == Kind.RECONNECTING else None
        async with _connected(nats) as client:
            await _take(client, view, stretch, upto)


async def _take(client: Any, view: View, stretch: Stretch, upto: int | None) -> None:
    """One ordered consumer: until so many events have come."""
    from nats.errors import TimeoutError as NothingCame
    from nats.js.api import ConsumerConfig, DeliverPolicy

    begin = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=stretch.after + 1
    )
    consumer = None
    while consumer is None:  # the server may be away
        with suppress(Exception):
            consumer = await client.jetstream(timeout=ANSWER_S).subscribe(
                SUBJECT,
                stream=STREAM,
                ordered_consumer=True,
                config=begin,
                idle_heartbeat=HEARTBEAT_S,
            )
    while len(stretch.came) != upto:
        with suppress(NothingCame):
            message = await consumer.next_msg(timeout=ANSWER_S)
            stretch.came.append(_item(message.metadata.sequence.stream, message.data))
            if view.kind == Kind.SLOW and len(stretch.came) % SLOW_READ == 0:
                await asyncio.sleep(SLOW_PAUSE_S)


async def _write(client: Any, writer: int, load: Load, writes: list[Write]) -> None:
    stream = client.jetstream(timeout=ANSWER_S)
    for number in range(load.each):
        write = Write(writer, number)
        writes.append(write)
        text = f"{writer} {number}"
        while not write.acknowledged:
            try:
                told = await stream.publish(
                    SUBJECT, text.encode(), headers={"Nats-Msg-Id": text}, timeout=ANSWER_S
                )
            except Exception:  # noqa: BLE001  # away: the same message again
                await asyncio.sleep(LOOK_S)
            else:
                write.position, write.acknowledged = told.seq, True


async def _kill_twice(nats: Nats, load: Load, writes: list[Write]) -> None:
    """`kill -9` after a third of the events and after two thirds, and a start over the same files."""
    for share in (1 / 3, 2 / 3):
        await _reached(writes, share * load.events)
        await asyncio.to_thread(nats.kill)
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(nats.start)


async def _reached(writes: list[Write], count: float) -> None:
    while len(writes) < count:
        await asyncio.sleep(LOOK_S)


async def _late(nats: Nats, view: View, load: Load, writes: list[Write]) -> None:
    if view.kind == Kind.LATE:
        await _reached(writes, load.events / 3)
    await _follow(nats, view, load)


async def run(nats: Nats, load: Load, *, kills: bool) -> History:
    """Write and follow a running server's new stream; what came of it."""
    writes: list[Write] = []
    views = load.views()
    async with _connected(nats) as client:
        await client.jetstream().add_stream(name=STREAM, subjects=[SUBJECT])
        following = [asyncio.create_task(_late(nats, view, load, writes)) for view in views]
        killing = [asyncio.create_task(_kill_twice(nats, load, writes))] if kills else []
        try:
            writing = (_write(client, number, load, writes) for number in range(load.writers))
            await asyncio.gather(*writing, *killing)
            stored = await _stored(client)
            settling = Settling(views, stored[-1].position)
            while not settling.is_over():
                _raise_failed(following)
                await asyncio.sleep(LOOK_S)
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)
    return History(stored, writes, views)


def _raise_failed(following: Iterable["asyncio.Task[None]"]) -> None:
    """A subscriber that failed here is a fault of ours, and no finding on the peer."""
    for task in following:
        if task.done():
            task.result()


async def _stored(client: Any) -> list[Item]:
    """Every message that the stream holds, asked for one by one."""
    from nats.js.errors import NotFoundError

    stream = client.jetstream()
    state = (await stream.stream_info(STREAM)).state
    found: list[Item] = []
    for sequence in range(state.first_seq, state.last_seq + 1):
        with suppress(NotFoundError):
            found.append(_item(sequence, (await stream.get_msg(STREAM, sequence)).data))
    return found


def _item(sequence: int, data: bytes) -> Item:
    writer, number = map(int, data.split())
    return Item(sequence, writer, number)


def server_version() -> str:
    """What the program says that it is."""
    program = nats_server()
    assert program is not None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[-1].removeprefix("v")
