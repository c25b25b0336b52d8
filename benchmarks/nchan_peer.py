"""Nchan beside the stream: `python nchan_peer.py FOLDER` starts nginx with its module and publishes to it.

It obeys like the servers of stream_peers.py; the process that counts is nginx's one worker. Viewers are
Nchan's own WebSocket subscribers, without compression. The publisher sends one HTTP request an event on one
connection, those of a burst in one write, and goes on when each is answered; Nchan keeps the newest events in
memory and stores nothing.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.nats_peer import free_port
from benchmarks.placing import beside_the_viewers
from benchmarks.stream_peers import EVENT_BYTES, obey, run, say

HEAD = b"POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(EVENT_BYTES)
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
KEPT_EVENTS = 4_096
"""More than any burst: no viewer that is a little late may miss one."""

CONFIG = """
{load}
daemon off;
worker_processes 1;
worker_rlimit_nofile 65536;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 32768; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    nchan_shared_memory_size 512M;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /publish {{
            nchan_publisher;
            nchan_channel_id prices;
            nchan_message_buffer_length {kept};
        }}
        location = / {{
            nchan_subscriber websocket;
            nchan_channel_id prices;
            nchan_subscriber_first_message newest;
        }}
    }}
}}
"""


def nginx_with_nchan() -> tuple[str, str] | None:
    """The program and the line that loads the module (none where it is built in); None where they are not."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    asked = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)
    built = asked.stderr + asked.stdout
    if re.search(r"--add-module=\S*nchan", built):
        return program, ""
    told = re.search(r"--modules-path=(\S+)", built)
    beside = Path(program).resolve().parent.parent / "lib" / "nginx" / "modules"
    for folder in (*([Path(told[1])] if told else []), beside):
        module = folder / "ngx_nchan_module.so"
        if module.exists():
            return program, f"load_module {module};"
    return None


class Publisher:
    """An HTTP client of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def greet(self) -> None:
        """Until the worker answers: its port is open before there is one."""
        self._writer.write(b"GET /publish HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await self._answer()

    async def publish(self, burst: int) -> None:
        """So many requests in one write; until each is answered."""
        self._writer.write((HEAD + EVENT_BYTES) * burst)
        for _ in range(burst):
            await self._answer()

    async def _answer(self) -> bytes:
        head = await self._reader.readuntil(b"\r\n\r\n")
        size = LENGTH.search(head)
        return await self._reader.readexactly(int(size[1]) if size else 0)


async def serve(folder: Path) -> None:
    """Start nginx, publish, and stop it."""
    found, port = nginx_with_nchan(), free_port()
    assert found is not None
    program, load = found
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(load=load, folder=folder, port=port, kept=KEPT_EVENTS))
    # A worker of root's gives up its rights, and must still reach its files.
    folder.chmod(0o755)
    # What it says before it reads its own log's place is a warning about the usual place.
    with (
        (folder / "said").open("w") as said,
        subprocess.Popen([program, "-p", str(folder), "-c", str(config)], stderr=said) as server,
    ):
        try:
            publisher = Publisher(*await _connected(port))
            await publisher.greet()
            beside_the_viewers()
            say(port=port, pid=_worker(server.pid))
            # Nchan answers a handshake when it has taken the viewer in: none has to be waited for here.
            await obey(publisher.publish, lambda: 1 << 30)
        finally:
            server.terminate()


def _worker(master: int) -> int:
    return int(Path(f"/proc/{master}/task/{master}/children").read_text().split()[0])


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    until = time.monotonic() + 30
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    run(serve(Path(sys.argv[1])))
