"""The balancer of compose.yaml, really run: Caddy before two nodes with one log in PostgreSQL, one of them killed."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.integration.fronts import NAME, Front, front
from tests.integration.programs import Running
from tests.integration.served import AUTHORISED, PATIENCE_S, TOKEN, daily, new_symbol, subscribe
from tests.postgres import PostgresServer

Json = dict[str, Any]
OPENED: Final = '"connection_opened"'
CADDY: Final = shutil.which("caddy")

pytestmark = pytest.mark.skipif(
    CADDY is None, reason="caddy is not installed (Debian has a package of it)"
)


@contextmanager
def node(folder: Path, url: str) -> Iterator[Running]:
    """A node with the settings of compose.yaml, but for where it is."""
    folder.mkdir()
    env = {
        "SYNAPSE_DATABASE_URL": url,
        "SYNAPSE_TOKEN": TOKEN,
        "SYNAPSE_PORT": "0",
        "SYNAPSE_ALLOWED_HOSTS": NAME,
        "SYNAPSE_TRUSTED_PROXIES": "127.0.0.1",
        "SYNAPSE_LOG_FORMAT": "json",
    }
    with Running("serve", "--no-browser", folder=folder, env=env) as running:
        running.url()
        yield running


@pytest.fixture
def nodes(postgres: PostgresServer, tmp_path: Path) -> Iterator[list[Running]]:
    url = postgres.empty_database()
    with ExitStack() as stack:
        yield [stack.enter_context(node(tmp_path / name, url)) for name in ("one", "two")]


@pytest.fixture
def balancer(nodes: list[Running]) -> Iterator[Front]:
    assert CADDY is not None
    upstreams = " ".join(each.url().removeprefix("http://") for each in nodes)
    with front("balancer", CADDY, upstreams) as running:
        yield running


@contextmanager
def viewer(balancer: Front, symbol: str, history: Json | str) -> Iterator[ClientConnection]:
    """A socket through the balancer that is told of a symbol's prices."""
    with connect(
        f"wss://{NAME}/ws/synapse",
        sock=balancer.reach(),
        ssl=balancer.trust,
        server_hostname=NAME,
        additional_headers=AUTHORISED,
        proxy=None,
    ) as socket:
        socket.send(subscribe("prices", symbols=[symbol], history=history))
        yield socket


def price(socket: ClientConnection) -> Json:
    """The next price that comes."""
    while (told := json.loads(socket.recv(PATIENCE_S)))["type"] != "price_update":
        pass
    return dict(told)


def ask(balancer: Front, method: str, path: str, body: Json | None = None) -> int:
    """The status of a request's answer."""
    with httpx.Client(verify=balancer.trust, timeout=PATIENCE_S) as https:
        return https.request(
            method,
            f"https://127.0.0.1:{balancer.port}{path}",
            json=body,
            headers=AUTHORISED | {"Host": NAME},
            extensions={"sni_hostname": NAME},
        ).status_code


def post(balancer: Front, symbol: str, number: int) -> None:
    body = {"prices": [daily(symbol, str(100 + number), number)]}
    assert ask(balancer, "POST", "/api/prices", body) == 200


def test_a_viewer_whose_node_is_killed_goes_on_at_the_other_and_misses_nothing(
    balancer: Front, nodes: list[Running]
) -> None:
    symbol = new_symbol()
    with viewer(balancer, symbol, "none") as socket:
        post(balancer, symbol, 0)
        first = price(socket)
        (holder,) = [each for each in nodes if OPENED in each.stderr]
        holder.process.kill()
        with pytest.raises(ConnectionClosed):
            price(socket)
    with viewer(balancer, symbol, {"after": first["position"]}) as socket:
        # The dead node has the fewest connections: it is asked first, and what does not get there goes to the other.
        assert ask(balancer, "GET", "/healthz") == 200
        for number in (1, 2):
            post(balancer, symbol, number)
        told = [price(socket) for _ in range(2)]
    assert [each["version"] for each in [first, *told]] == [1, 2, 3]
