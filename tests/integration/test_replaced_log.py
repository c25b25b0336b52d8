"""A log that is replaced under a running server: clients are told goodbye, and served what is there now."""

# covers: app.lifetimes, app.api.waiting, app.serving, app.commands.serve, app.queries.reader, app.log_file

import asyncio
import json
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.api.headers import HEADERS, GuardedFastAPI
from app.api.waiting import WHY
from app.client import EpochChanged, Event, Limits, SynapseClient, aio
from app.client.errors import LogUnavailable
from app.log_file import FileSource
from app.serving import Server
from app.stream.close_codes import CLOSE_RESTART
from tests.dumps import dump, restore
from tests.integration.programs import Running
from tests.integration.served import PATIENCE_S, Json, daily, receive, receive_until, subscribe
from tests.postgres import PostgresServer, name_of

QUICK = Limits(backoff_s_min=0.01, backoff_s_max=0.05)
SIM = ("--feed", "simulated:SIM?seed=1&bars_per_s=50")


class Node:
    """A served log in PostgreSQL, as a process of its own."""

    def __init__(self, program: Running, folder: Path) -> None:
        self.program = program
        self.url = program.url()
        self.socket_url = f"{self.url.replace('http', 'ws')}/ws/synapse"
        self._token = (folder / "synapse.token").read_text().strip()

    def post(self, symbol: str, *numbers: int) -> None:
        prices = [daily(symbol, f"{5 + number}", number) for number in numbers]
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = httpx.post(f"{self.url}/api/prices", json={"prices": prices}, headers=headers)
        assert answer.status_code == 200, answer.text

    def state(self) -> Json:
        return dict(httpx.get(f"{self.url}/api/state").raise_for_status().json())

    def wait_for(self, met: Callable[[httpx.Response], bool], path: str = "/api/state") -> None:
        patience = time.monotonic() + PATIENCE_S
        while True:
            # Who comes in at the moment at which it leaves is cut off, as at any stop.
            with suppress(httpx.RemoteProtocolError, httpx.ReadError):
                if met(httpx.get(f"{self.url}{path}", timeout=PATIENCE_S)):
                    return
            assert time.monotonic() < patience, self.program.stderr
            time.sleep(0.01)

    def said(self, event: str) -> list[Json]:
        """What the program has logged of a kind."""
        lines = re.findall(rf'^\{{.*"event": ?"{event}".*$', self.program.stderr, re.MULTILINE)
        return [json.loads(line) for line in lines]


@contextmanager
def node_at(url: str, folder: Path, *arguments: str) -> Iterator[Node]:
    command = ("serve", "--db", url, "--port", "0", "--no-browser", *arguments)
    with Running(*command, folder=folder, env={"SYNAPSE_LOG_FORMAT": "json"}) as program:
        yield Node(program, folder)
        assert program.stop(signal.SIGTERM) == -signal.SIGTERM
        assert "Traceback" not in program.stderr


async def test_ctrl_c_while_a_server_stops_by_itself_does_not_cut_it_off() -> None:
    server = Server(GuardedFastAPI(), lambda: None)
    replaced = asyncio.Event()
    replaced.set()
    await server.stop_once(replaced)
    server.handle_exit(signal.SIGINT, None)
    assert (server.should_exit, server.force_exit) == (True, False)
    server.handle_exit(signal.SIGINT, None)
    assert server.force_exit


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.new_database()


@pytest.fixture
async def node(url: str, tmp_path: Path) -> AsyncIterator[Node]:
    with node_at(url, tmp_path) as served:
        yield served


async def goodbye(socket: ClientConnection) -> tuple[int, list[Json]]:
    """How the server leaves: its close code, and what it said last."""
    said: list[Json] = []
    try:
        while True:
            said.append(await receive(socket))
    except ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else 1006, said


async def test_viewers_are_told_goodbye_and_their_cursors_are_refused(
    node: Node, url: str, tmp_path: Path
) -> None:
    node.post("KEPT", 0, 1)
    await asyncio.to_thread(dump, url, tmp_path / "older")
    kept = node.state()
    node.post("LOST", 0, 1)
    async with connect(node.socket_url) as socket:
        await socket.send(subscribe("prices", history="all"))
        hello = (await receive_until(socket, "caught_up"))[0]["payload"]
        cursor = {"history": {"after": hello["head"]}, "epoch": hello["epoch"]}
        await asyncio.to_thread(restore, tmp_path / "older", url)
        code, said = await goodbye(socket)
    assert (code, said[-1]["type"]) == (CLOSE_RESTART, "shutdown")

    async with connect(node.socket_url, open_timeout=PATIENCE_S) as socket:
        await socket.send(subscribe("prices", **cursor))
        refused = await receive(socket)
        assert (refused["type"], refused["payload"]["code"]) == ("error", "epoch_mismatch")
        await socket.send(subscribe("prices", history="all"))
        got = await receive_until(socket, "caught_up")
        again = got[0]["payload"]
        assert {one["payload"]["symbol"] for one in got if "position" in one} == {"KEPT"}
    assert again["epoch"] != hello["epoch"]
    now = node.state()
    assert now["symbols"] == kept["symbols"]
    # The token is the same, and so is the process: a cursor of the new lifetime goes on.
    node.post("NEW", 0)
    async with connect(node.socket_url) as socket:
        after = {"after": again["head"]}
        await socket.send(subscribe("prices", history=after, epoch=again["epoch"]))
        got = await receive_until(socket, "caught_up")
        assert [one["payload"]["symbol"] for one in got if "position" in one] == ["NEW"]
    (replaced,), (serving,) = node.said("log_replaced"), node.said("serving_again")
    assert (replaced["epoch"], serving["epoch"]) == (hello["epoch"], again["epoch"])


async def test_the_python_client_tells_its_program_or_begins_again(
    node: Node, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server that leaves asks its clients to come back after up to 5 s, each at another time.
    monkeypatch.setattr(aio, "RECONNECT_ASKED_S_MAX", 0.1)
    node.post("KEPT", 0, 1)
    await asyncio.to_thread(dump, url, tmp_path / "older")
    node.post("LOST", 0)
    client = SynapseClient(node.url, limits=QUICK)
    strict = client.subscribe(["prices"], history="all")
    patient = client.subscribe(["prices"], history="all", on_epoch_change="restart")

    async def of(symbol: str, events: AsyncIterator[Event]) -> list[str]:
        seen: list[str] = []
        while not seen or seen[-1] != symbol:
            event = await asyncio.wait_for(anext(events), PATIENCE_S)
            seen.append(event.stream.partition(":")[2])
        return seen

    async with strict as one, patient as other:
        assert await of("LOST", one) == await of("LOST", other) == ["KEPT", "KEPT", "LOST"]
        await asyncio.to_thread(restore, tmp_path / "older", url)
        with pytest.raises(EpochChanged):
            await asyncio.wait_for(anext(one), PATIENCE_S)
        await asyncio.to_thread(node.post, "NEW", 0)
        assert await of("NEW", other) == ["KEPT", "KEPT", "NEW"]


async def test_an_epoch_that_an_operator_begins_is_noticed(node: Node, url: str) -> None:
    node.post("KEPT", 0)
    before = node.state()
    ended = await asyncio.to_thread(Running, "db", "new-epoch", "--db", url, folder=Path.cwd())
    with ended:
        assert ended.process.wait(PATIENCE_S) == 0
    node.program.wait_for(lambda: bool(node.said("serving_again")))
    now = node.state()
    assert now["epoch"] != before["epoch"]
    assert (now["symbols"], now["position"]) == (before["symbols"], before["position"])


def test_feeds_play_into_the_lifetime_that_follows(
    url: str, tmp_path: Path, postgres: PostgresServer
) -> None:
    with node_at(url, tmp_path, *SIM) as node:
        node.wait_for(lambda answer: "SIM" in answer.json()["symbols"])
        dump(url, tmp_path / "older")
        head = node.state()["position"]
        node.wait_for(lambda answer: answer.json()["position"] > head + 20)
        restore(tmp_path / "older", url)
        node.program.wait_for(lambda: bool(node.said("serving_again")))
        again = node.said("serving_again")[0]["head"]
        node.wait_for(lambda answer: answer.status_code == 200)
        node.wait_for(lambda answer: answer.json()["position"] > again + 20)


def test_until_the_new_log_can_be_opened_clients_are_told_to_come_again(
    url: str, tmp_path: Path, postgres: PostgresServer
) -> None:
    with node_at(url, tmp_path) as node:
        node.post("KEPT", 0)
        epoch = node.state()["epoch"]
        postgres.run(
            "ALTER TABLE log_home RENAME TO away",
            "UPDATE alembic_version SET version_num = '0003'",
            f"UPDATE log_head SET epoch = '{epoch[::-1]}'",
            database=name_of(url),
        )
        node.wait_for(lambda answer: answer.status_code == 503, "/api/state")
        node.program.wait_for(lambda: bool(node.said("log_cannot_be_opened")))
        (told,) = node.said("log_cannot_be_opened")
        assert told["error"].endswith("this program needs 0004: run `synapse db upgrade`")
        node.wait_for(lambda answer: answer.status_code == 503, "/readyz")
        refused = httpx.get(f"{node.url}/readyz")
        assert (refused.json()["detail"], refused.headers["retry-after"]) == (WHY, "1")
        assert HEADERS.items() <= {n.title(): v for n, v in refused.headers.items()}.items()
        foreign = httpx.get(f"{node.url}/readyz", headers={"Host": "elsewhere.example"})
        assert foreign.json()["code"] == "foreign_host"
        assert httpx.get(f"{node.url}/healthz").json() == {"status": "ok"}
        asyncio.run(_refused(node.socket_url))
        postgres.run(
            "ALTER TABLE away RENAME TO log_home",
            "UPDATE alembic_version SET version_num = '0004'",
            database=name_of(url),
        )
        node.program.wait_for(lambda: bool(node.said("serving_again")))
        node.wait_for(lambda answer: answer.status_code == 200)
        assert set(node.state()["symbols"]) == {"KEPT"}
        assert len(node.said("log_cannot_be_opened")) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_node_that_waits_for_its_log_can_be_stopped(
    url: str, tmp_path: Path, postgres: PostgresServer, number: signal.Signals
) -> None:
    command = ("serve", "--db", url, "--port", "0", "--no-browser")
    with Running(*command, folder=tmp_path, env={"SYNAPSE_LOG_FORMAT": "json"}) as program:
        node = Node(program, tmp_path)
        postgres.run(
            "UPDATE alembic_version SET version_num = '0003'",
            "UPDATE log_head SET epoch = reverse(epoch)",
            database=name_of(url),
        )
        node.wait_for(lambda answer: WHY in answer.text, "/readyz")
        assert program.stop(number) == (130 if number is signal.SIGINT else -number)
        assert "Traceback" not in program.stderr


def test_who_reads_the_database_of_a_replaced_log_is_told_to_open_it_again(
    url: str, tmp_path: Path
) -> None:
    with node_at(url, tmp_path) as node:
        node.post("KEPT", 0)
        dump(url, tmp_path / "older")
        node.post("LOST", 0)
    source = FileSource(url)
    try:
        events = source.follow(["prices"], None, "all")
        assert [next(events).stream for _ in range(2)] == ["prices:KEPT", "prices:LOST"]
        restore(tmp_path / "older", url)
        with pytest.raises(LogUnavailable, match="was replaced by another one: open it again"):
            next(events)
    finally:
        source.close()


async def _refused(socket_url: str) -> None:
    with pytest.raises(InvalidStatus, match="503"):
        await connect(socket_url)
