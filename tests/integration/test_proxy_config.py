"""The proxies and the settings of deploy/, really run: nginx and Caddy before `synapse serve`, by TLS."""

import json
import re
import ssl
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import httpx
import pytest
from websockets.sync.client import connect

from app.stream.deadlines import KEEP_ALIVE_S
from tests.integration.fronts import DEPLOY, NAME, Front, front, program_of
from tests.integration.programs import Running
from tests.integration.served import AUTHORISED, PATIENCE_S, TOKEN, daily, new_symbol, subscribe

LIE: Final = {"X-Forwarded-For": "203.0.113.66", "X-Forwarded-Proto": "http"}
"""What a client might say of itself."""

MEBIBYTE: Final = 2**20


def environment() -> dict[str, str]:
    """What deploy/synapse.env sets."""
    lines = (DEPLOY / "synapse.env").read_text("utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The program as the unit starts it, on a port and in a folder of the test's."""
    folder = tmp_path_factory.mktemp("deployed")
    own = {"SYNAPSE_DATABASE_URL": "synapse.db", "SYNAPSE_PORT": "0", "SYNAPSE_TOKEN": TOKEN}
    with Running("serve", "--no-browser", folder=folder, env=environment() | own) as running:
        running.url()
        yield running


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest, server: Running) -> Iterator[Front]:
    program = program_of(request.param)
    if program is None:
        pytest.skip(f"{request.param} is not installed (Debian has packages of both)")
    with front(request.param, program, server.url().removeprefix("http://")) as running:
        yield running


@pytest.fixture
def https(proxy: Front) -> Iterator[httpx.Client]:
    """A client of the proxy that sends the token."""
    with httpx.Client(
        base_url=f"https://127.0.0.1:{proxy.port}",
        headers=AUTHORISED | {"Host": NAME},
        verify=proxy.trust,
        timeout=PATIENCE_S,
    ) as client:
        yield client


def ask(https: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
    return https.request(method, path, extensions={"sni_hostname": NAME}, **more)


def post(https: httpx.Client, symbol: str, number: int) -> None:
    body = {"prices": [daily(symbol, "100", number)]}
    answer = ask(https, "POST", "/api/prices", json=body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("nginx.conf", r"upstream synapse \{[^}]*\bkeepalive_timeout (\d+)s;"),
        ("Caddyfile", r"transport http \{[^}]*\bkeepalive (\d+)s\n"),
    ],
)
def test_the_proxy_lets_go_of_a_connection_before_synapse_does(name: str, within: str) -> None:
    kept = re.search(within, (DEPLOY / name).read_text("utf-8"))
    assert kept is not None, "it would be kept for a minute or more"
    assert int(kept[1]) < KEEP_ALIVE_S


def test_requests_go_through_and_the_server_knows_that_they_came_by_tls(
    https: httpx.Client,
) -> None:
    assert ask(https, "GET", "/healthz").status_code == 200
    signed_in = ask(
        https,
        "POST",
        "/api/session",
        json={"token": TOKEN},
        headers=LIE | {"Origin": f"https://{NAME}"},
    )
    assert signed_in.status_code == 200, signed_in.text
    assert "; Secure" in signed_in.headers["set-cookie"]
    assert "max-age" in signed_in.headers["strict-transport-security"]


def test_without_a_token_nothing_of_the_log_is_read(https: httpx.Client) -> None:
    https.headers.pop("Authorization")
    for path in ("/api/state", "/api/events", "/metrics"):
        assert ask(https, "GET", path).status_code == 401, path
    assert ask(https, "POST", "/api/prices", json={}).status_code == 401


def test_plain_http_is_sent_on_and_another_name_gets_nothing(proxy: Front) -> None:
    plain = httpx.get(f"http://127.0.0.1:{proxy.plain_port}/x", headers={"Host": NAME})
    assert plain.status_code == 308
    assert plain.headers["location"].startswith(f"https://{NAME}")
    with pytest.raises(ssl.SSLError):
        proxy.open("evil.example").close()


def test_a_longer_body_than_synapse_takes_is_refused(https: httpx.Client) -> None:
    https.headers["Content-Type"] = "application/json"
    fits = ask(https, "POST", "/api/prices", content=b" " * (7 * MEBIBYTE))
    assert fits.status_code == 400, "no JSON, says Synapse"
    assert ask(https, "POST", "/api/prices", content=b" " * (9 * MEBIBYTE)).status_code == 413


def test_a_socket_goes_through_and_its_client_is_who_it_is(
    proxy: Front, https: httpx.Client, server: Running
) -> None:
    symbol = new_symbol()
    with connect(
        f"wss://{NAME}/ws/synapse",
        sock=proxy.reach(),
        ssl=proxy.trust,
        server_hostname=NAME,
        additional_headers=AUTHORISED | LIE,
        proxy=None,
    ) as socket:
        socket.send(subscribe("prices", symbols=[symbol]))
        post(https, symbol, 0)
        while json.loads(socket.recv(PATIENCE_S))["type"] != "price_update":
            pass
    server.wait_for(lambda: '"connection_opened"' in server.stderr)
    opened = [
        json.loads(line) for line in server.stderr.splitlines() if '"connection_opened"' in line
    ]
    assert {line["client"].partition(":")[0] for line in opened} == {"127.0.0.1"}


def test_who_sends_slowly_is_cut_off_while_events_flow_on(
    proxy: Front, https: httpx.Client
) -> None:
    symbol = new_symbol()
    asked = {"channels": "prices", "symbols": symbol}
    with https.stream(
        "GET", "/api/stream", params=asked, extensions={"sni_hostname": NAME}
    ) as stream:
        lines = stream.iter_lines()
        while next(lines) != "event: caught_up":
            pass
        with closing(proxy.open()) as slow:
            slow.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\nX-Slow: ".encode())
            slow.settimeout(PATIENCE_S)
            assert b" 200 " not in slow.recv(4096)
        # The deadlines are over by now, and this answer goes on.
        post(https, symbol, 1)
        while "price_update" not in next(lines):
            pass
