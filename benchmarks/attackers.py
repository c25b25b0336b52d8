"""Clients that mean harm, in a process of their own: `python attackers.py KIND PORT`, until it is killed.

It says `ready` once all of them are there. What the server hangs up on is connected again at once. The process
is a nice one: on one machine it must not take the processor from what is measured.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.wire_clients import Door, client_frame, raise_open_files

ADDRESS = "127.0.0.200"
SLOW, FLOODS, REPLAYS = 1_000, 20, 500
TRICKLE_S = 1.0
NICE = 10

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Attack = Callable[[Streams, int], Awaitable[None]]


def message(kind: str, number: int, payload: Mapping[str, object]) -> bytes:
    """A client's message, framed."""
    envelope = {"msg_id": str(number), "type": kind, "payload": payload, "direction": "c2s"}
    return client_frame(json.dumps({**envelope, "timestamp": "2026-01-16T12:00:00Z"}).encode())


async def slowloris(streams: Streams, _number: int) -> None:
    """A request that never comes to its end: one more header a second."""
    reader, writer = streams
    writer.write(b"GET /api/state HTTP/1.1\r\nHost: localhost\r\n")
    while not reader.at_eof():
        writer.write(b"X-Slow: a\r\n")
        await asyncio.sleep(TRICKLE_S)


async def flood(streams: Streams, _number: int) -> None:
    """Subscribes as fast as they can be written, each for the whole history, and reads what comes."""
    reader, writer = streams
    reading = asyncio.create_task(take(reader))
    for number in count():
        symbols = [f"^^{number % 16:02d}"]
        payload = {"channels": ["prices"], "symbols": symbols, "history": "all"}
        writer.write(message("subscribe", number, payload))
        await writer.drain()
        if reading.done():
            return
        await asyncio.sleep(0)


async def take(reader: asyncio.StreamReader) -> None:
    """Read and throw away, until the server hangs up."""
    with suppress(OSError):
        while await reader.read(1 << 18):
            pass


async def replay(streams: Streams, number: int) -> None:
    """The whole log, as fast as it comes, again and again."""
    reader, writer = streams
    payload = {"channels": ["prices"], "after": 0, "speed": "max"}
    while True:
        writer.write(message("replay_start", number, payload))
        got = b""
        while b'"finished"' not in got:
            got = got[-16:] + await reader.read(1 << 18)
            if reader.at_eof():
                return


KINDS: Mapping[str, tuple[int, str | None, Attack]] = {
    "slowloris": (SLOW, None, slowloris),
    "subscriptions": (FLOODS, "/ws/synapse", flood),
    "replays": (REPLAYS, "/ws/replay", replay),
}


async def attack(
    port: int, number: int, path: str | None, act: Attack, there: Callable[[], None]
) -> None:
    """One client, over and over."""
    while True:
        try:
            streams = await asyncio.open_connection(
                "127.0.0.1", port, local_addr=(ADDRESS, 0), limit=1 << 18
            )
        except OSError:
            await asyncio.sleep(TRICKLE_S)
            continue
        reader, writer = streams
        try:
            if path is not None:
                writer.write(Door(path=path).request())
                await reader.readuntil(b"\r\n\r\n")
            there()
            await act(streams, number)
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.transport.abort()
        await asyncio.sleep(TRICKLE_S / 10)  # a flood of handshakes is another attack


async def main(kind: str, port: int) -> None:
    """All of one kind."""
    raise_open_files()
    clients, path, act = KINDS[kind]
    arrived = count(1)

    def there() -> None:
        if next(arrived) == clients:
            print("ready", flush=True)

    await asyncio.gather(*(attack(port, number, path, act, there) for number in range(clients)))


if __name__ == "__main__":
    os.nice(NICE)
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
