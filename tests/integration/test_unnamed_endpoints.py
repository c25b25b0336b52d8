"""An endpoint that no rule names is closed to all but an admin; whoever mistypes an address is told that nothing is there."""

# covers: app.access.rules, app.api.auth, app.api.doorway

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from fastapi import FastAPI, WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.integration.served import PATIENCE_S, Served, serving

SECRET = "a secret of tests, 32 bytes and more"
PATHS = ("/api/unnamed", "/unnamed", "/metrics/unnamed", "/ws/unnamed")
NAMED = "/api/state"


def signed(scope: str) -> dict[str, str]:
    """The header of somebody with some scopes."""
    claims = {"sub": "x", "scope": scope, "exp": datetime.now(UTC) + timedelta(hours=1)}
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"}


def forget_rules(app: FastAPI) -> None:
    """Add endpoints that nobody has thought of a rule for."""

    async def told() -> str:
        return "told"

    async def told_by_socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("told")
        await websocket.close()

    routes = app.router.routes
    for path in PATHS:
        app.add_api_route(path, told, methods=["GET", "HEAD", "POST"])
        routes.insert(0, routes.pop())
        app.add_api_websocket_route(path, told_by_socket)
        routes.insert(0, routes.pop())


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("unnamed"), jwt_secret=SECRET) as served:
        forget_rules(served.app)
        yield served


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_an_endpoint_without_a_rule_is_an_admins(forgetful: Served, path: str, method: str) -> None:
    def status(headers: dict[str, str]) -> int:
        with httpx.Client(base_url=forgetful.url, timeout=PATIENCE_S) as http:
            return http.request(method, path, headers=headers).status_code

    assert status({}) == 401
    assert status(signed("read write")) == 403
    # One who may not read is not even told what is there.
    assert status(signed("read admin")) == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_socket_without_a_rule_is_an_admins(forgetful: Served, path: str) -> None:
    address = forgetful.url.replace("http", "ws") + path
    for headers in ({}, signed("read write")):
        with pytest.raises(InvalidStatus), connect(address, additional_headers=headers):
            pass
    with connect(address, additional_headers=signed("read admin")) as socket:
        assert socket.recv(PATIENCE_S) == "told"


@pytest.mark.parametrize("path", ["/api/stat", "/metrics/x", "/nothing", "/ws/x"])
def test_an_address_that_is_mistyped_is_not_found(forgetful: Served, path: str) -> None:
    answer = httpx.get(f"{forgetful.url}{path}", timeout=PATIENCE_S)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_write_to_nowhere_needs_a_token_first(forgetful: Served) -> None:
    for path in ("/api/stat", NAMED, "/", "/nothing"):
        answer = httpx.post(f"{forgetful.url}{path}", timeout=PATIENCE_S)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
        answer = httpx.post(f"{forgetful.url}{path}", headers=signed("admin"), timeout=PATIENCE_S)
        assert answer.status_code in {404, 405}


def test_a_token_without_a_scope_of_ours_is_told_so(forgetful: Served) -> None:
    headers = signed("mail calendar")
    answer = httpx.get(f"{forgetful.url}{NAMED}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert answer.json()["detail"] == "this needs the scope 'read'; what you sent has: none"
    token = headers["Authorization"].removeprefix("Bearer ")
    opened = httpx.post(f"{forgetful.url}/api/session", json={"token": token})
    assert (opened.status_code, opened.json()["code"]) == (403, "forbidden")
    assert "set-cookie" not in opened.headers
    shown = httpx.get(f"{forgetful.url}/api/session", headers=headers)
    assert (shown.status_code, shown.json()["scopes"]) == (200, [])
