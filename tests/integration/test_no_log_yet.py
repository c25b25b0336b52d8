"""While a replaced log is being opened, whoever comes passes what they pass at other times; then it is 503."""

# covers: app.api.waiting, app.lifetimes

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from app.api.doorway import BEARER_SUBPROTOCOL
from app.api.headers import HEADERS, HSTS_S
from app.api.limits import BODY_BYTES_MAX
from app.api.waiting import WHY
from app.config import Settings
from app.lifetimes import Lifetimes
from app.main import open_gate
from app.recorder import Recorder
from app.serving import PLAIN, address_of, bind, serve
from app.stream.close_codes import CLOSE_UNAUTHORISED
from app.stream.manager import SUBPROTOCOL
from tests.integration.served import AUTHORISED, PATIENCE_S, TOKEN

NAME: Final = "synapse.example.org"
BY_TLS: Final = {"Host": NAME, "X-Forwarded-Proto": "https"}
"""What a proxy on this machine says of a client."""

WITH_TOKEN: Final = {**BY_TLS, **AUTHORISED}


class Waiting(NamedTuple):
    """A server without a log."""

    http: httpx.AsyncClient
    port: int

    def connect(self, headers: Mapping[str, str], *offered: str) -> connect:
        """A socket's handshake; its `Host` is that of its address."""
        host, others = headers["Host"], {n: v for n, v in headers.items() if n != "Host"}
        return connect(
            f"ws://{host}/ws/synapse",
            host="127.0.0.1",
            port=self.port,
            additional_headers=others,
            subprotocols=[Subprotocol(name) for name in offered] or None,
        )


async def _nothing(_recorder: Recorder) -> None:
    raise AssertionError("no log is opened here")


@asynccontextmanager
async def waiting(folder: Path, **settings: str) -> AsyncIterator[Waiting]:
    """Serve what is served meanwhile; the settings are those of a server behind a proxy."""
    behind_a_proxy = {"allowed_hosts": NAME, "host": "0.0.0.0", "trusted_proxies": "10.0.0.5"}
    chosen = Settings.model_validate(
        {"database_url": str(folder / "synapse.db"), "token": TOKEN, **behind_a_proxy, **settings}
    )
    listener = bind("127.0.0.1", 0)
    app = Lifetimes(chosen, list, listener, PLAIN, _nothing).meanwhile(open_gate(chosen))
    url, port = address_of(listener).rstrip("/"), listener.getsockname()[1]
    ended, started = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve(app, listener, started.set, until=ended))
    await asyncio.wait_for(started.wait(), PATIENCE_S)
    try:
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http:
            yield Waiting(http, port)
    finally:
        ended.set()
        await asyncio.wait_for(serving, PATIENCE_S)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/healthz", {}, 200, None),
        ("GET", "/readyz", BY_TLS, 503, "store_unavailable"),
        ("GET", "/api/state", WITH_TOKEN, 503, "store_unavailable"),
        ("POST", "/api/prices", WITH_TOKEN, 503, "store_unavailable"),
        ("GET", "/not/there/", WITH_TOKEN, 503, "store_unavailable"),
        ("GET", "/healthz", {"Host": "evil.example"}, 421, "foreign_host"),
        ("GET", "/api/state", {**WITH_TOKEN, "Host": "evil.example"}, 421, "foreign_host"),
        ("GET", "/api/state", {"Host": NAME, **AUTHORISED}, 403, "tls_required"),
        ("GET", "/api/state", {**WITH_TOKEN, "Origin": "https://evil.example"}, 403, "foreign_origin"),
        ("GET", "/api/state?token=1", WITH_TOKEN, 400, "token_in_query"),
        ("GET", "/api/state", BY_TLS, 401, "unauthorised"),
        ("GET", "/api/state", {**BY_TLS, "Authorization": "Bearer wrong"}, 401, "unauthorised"),
    ],
)  # fmt: skip
async def test_every_answer_comes_through_the_doorway_and_carries_the_headers(
    tmp_path: Path,
    method: str,
    path: str,
    headers: Mapping[str, str],
    status: int,
    code: str | None,
) -> None:
    async with waiting(tmp_path) as served:
        answer = await served.http.request(method, path, headers=headers)
    told = answer.json()
    assert (answer.status_code, told.get("code")) == (status, code), told
    for name, value in HEADERS.items():
        assert answer.headers.get_list(name) == [value], name
    assert answer.headers.get_list("cache-control") == ["no-store"]
    secure = [f"max-age={HSTS_S}"] if headers.get("X-Forwarded-Proto") == "https" else []
    assert answer.headers.get_list("strict-transport-security") == secure
    if status == 503:
        assert (told["detail"], answer.headers["retry-after"]) == (WHY, "1")


async def test_limits_hold_as_well(tmp_path: Path) -> None:
    async with waiting(tmp_path, requests_per_minute_max="4") as served:
        body = b" " * (BODY_BYTES_MAX + 1)
        long = await served.http.post("/api/prices", content=body, headers=WITH_TOKEN)
        assert long.status_code == 413
        answers = [await served.http.get("/api/state", headers=WITH_TOKEN) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 429]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (WITH_TOKEN, 503),
        (BY_TLS, 503),  # its first message might hold the token
        ({**WITH_TOKEN, "Host": "evil.example"}, 421),
        ({"Host": NAME, **AUTHORISED}, 403),
        ({**WITH_TOKEN, "Origin": "https://evil.example"}, 403),
        ({**BY_TLS, "Authorization": "Bearer wrong"}, 401),
    ],
)
async def test_a_sockets_handshake_is_answered_in_the_same_way(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async with waiting(tmp_path) as served:
        with pytest.raises(InvalidStatus) as refused:
            await served.connect(headers)
    answer = refused.value.response
    assert answer.status_code == status
    assert {name: answer.headers.get_all(name) for name in HEADERS} == {
        name: [value] for name, value in HEADERS.items()
    }


async def test_a_socket_that_offers_a_wrong_token_hears_so(tmp_path: Path) -> None:
    async with waiting(tmp_path) as served:
        wrong = f"{BEARER_SUBPROTOCOL}wrong"
        async with served.connect(BY_TLS, SUBPROTOCOL, wrong) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == CLOSE_UNAUTHORISED
