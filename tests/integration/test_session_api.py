"""Who may write: programs with the token, and a browser that was signed in, from the server's own page."""

# covers: app.api.session, app.api.auth, app.access.sessions

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.access.gate import OWNER, Gate
from app.access.sessions import COOKIE, LAUNCH_S_MAX, SESSION_S_MAX, Sessions
from events.catalog import Channel
from tests.integration.served import LETS_GO, TOKEN, Json, Served, serving

START = datetime(2026, 1, 16, 12, tzinfo=UTC)
ENDS = "2026-02-15T12:00:00.000000Z"
SESSION = "/api/session"
ALL = ["read", "write", "admin"]
CHANNELS = [channel.value for channel in Channel]
WRITE = "/api/broadcast/regime"
BODY: Json = {"symbol": "AUTH", "regime": "BULL"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Wall:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now = START + timedelta(seconds=seconds)


class Room:
    """A server whose sessions go by a clock of the test's, and a browser that is no program: it has no token."""

    def __init__(self, served: Served, token: str = TOKEN) -> None:
        self.served, self.wall = served, Wall()
        self.sessions = Sessions(token, self.wall)
        services = served.app.state.services
        gate = Gate(services.gate.token, self.sessions, self.wall)
        served.app.state.services = replace(services, gate=gate)
        self.browser = httpx.Client(base_url=served.url, timeout=20, limits=LETS_GO)

    def sign_in(self) -> httpx.Response:
        return self.browser.post(SESSION, json={"launch_code": self.sessions.launch.issue(OWNER)})

    def write(self, cookie: str | None, **headers: str) -> httpx.Response:
        """A write as a browser sends it, with these headers of its own."""
        carried = (
            {} if cookie is None else {"Cookie": f"theme=dark; {self.sessions.cookie}={cookie}"}
        )
        return httpx.post(self.served.url + WRITE, json=BODY, headers={**carried, **headers})


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("session")) as running:
        yield running


@pytest.fixture
def room(own: Served) -> Iterator[Room]:
    made = Room(own)
    with made.browser:
        yield made


# --- writing ------------------------------------------------------------------------------------


ORIGINS = {
    "same": ("{url}", 200, ""),
    "foreign": ("https://evil.example", 403, "foreign_origin"),
    "another port": ("http://127.0.0.1:1", 403, "foreign_origin"),
    "another name": ("{named}", 403, "foreign_origin"),
    "hidden": ("null", 403, "foreign_origin"),
    "none": (None, 403, "foreign_origin"),
}


@pytest.mark.parametrize("name", ORIGINS)
def test_a_cookie_writes_from_the_servers_own_page(room: Room, name: str) -> None:
    origin, status, code = ORIGINS[name]
    head = room.served.head()
    _, cookie = room.sessions.open(OWNER)
    url = room.served.url
    named = url.replace("127.0.0.1", "localhost")
    headers = {} if origin is None else {"Origin": origin.format(url=url, named=named)}
    answer = room.write(cookie, **headers)
    assert (answer.status_code, answer.json().get("code", "")) == (status, code)
    assert room.served.head() == head + (status == 200)
    if code:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Origin" in answer.json()["detail"]


def test_a_program_with_the_token_needs_no_origin(room: Room) -> None:
    assert room.write(None, **BEARER).status_code == 200


@pytest.mark.parametrize("origin", ["null", "https://evil.example"])
def test_a_foreign_page_is_refused_whatever_it_holds(room: Room, origin: str) -> None:
    answer = room.write(None, **BEARER, Origin=origin)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


@pytest.mark.parametrize("why", ["tampered", "expired", "of another token", "nonsense"])
def test_a_cookie_that_does_not_hold_is_refused(room: Room, why: str) -> None:
    head = room.served.head()
    _, good = room.sessions.open(OWNER)
    _, foreign = Sessions(TOKEN + "2", room.wall).open(OWNER)
    cookies = {"tampered": f"{good[:-4]}AAAA", "expired": good, "of another token": foreign}
    if why == "expired":
        room.wall.pass_by(SESSION_S_MAX)
    answer = room.write(cookies.get(why, why), Origin=room.served.url)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert answer.headers["www-authenticate"] == 'Bearer realm="synapse"'
    assert "session is over" in answer.json()["detail"]
    assert room.served.head() == head


def test_a_wrong_token_is_refused_beside_a_good_cookie(room: Room) -> None:
    _, cookie = room.sessions.open(OWNER)
    answer = room.write(cookie, Origin=room.served.url, Authorization="Bearer wrong")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")


def test_reading_by_http_needs_no_session(room: Room) -> None:
    _, cookie = room.sessions.open(OWNER)
    for held in (cookie, "nonsense"):
        headers = {"Cookie": f"{room.sessions.cookie}={held}"}
        for path in ("/api/state", "/api/events", "/api/alert-rules", "/healthz", SESSION):
            assert httpx.get(room.served.url + path, headers=headers).status_code == 200


def test_a_page_of_another_site_does_not_read(room: Room) -> None:
    headers = {"Origin": "https://evil.example"}
    for path in ("/api/state", "/api/events", "/api/alert-rules", "/metrics"):
        answer = httpx.get(room.served.url + path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


# --- signing in ---------------------------------------------------------------------------------


def test_a_launch_code_signs_a_browser_in(room: Room) -> None:
    assert room.browser.get(SESSION).json() == {
        "scopes": ["read"],
        "channels": CHANNELS,
        "expires_at": None,
    }
    answer = room.sign_in()
    assert answer.json() == {"scopes": ALL, "channels": CHANNELS, "expires_at": ENDS}
    assert answer.headers["cache-control"] == "no-store"
    assert room.browser.get(SESSION).json() == answer.json()
    written = room.browser.post(WRITE, json=BODY, headers={"Origin": room.served.url})
    assert written.status_code == 200


def test_scripts_other_sites_and_the_token_stay_out_of_the_cookie(room: Room) -> None:
    name, *attributes = room.sign_in().headers["set-cookie"].split("; ")
    assert name.startswith(f"{room.sessions.cookie}=")
    assert TOKEN not in name
    assert sorted(attributes) == [
        "HttpOnly",
        f"Max-Age={SESSION_S_MAX}",
        "Path=/",
        "SameSite=strict",
    ]


def test_a_cookie_that_came_by_https_goes_by_https_only(room: Room) -> None:
    # As a proxy on this machine says that it ended TLS.
    body, headers = {"token": TOKEN}, {"X-Forwarded-Proto": "https"}
    answer = room.browser.post(SESSION, json=body, headers=headers)
    assert "Secure" in answer.headers["set-cookie"].split("; ")


def test_the_token_signs_a_browser_in_too(room: Room) -> None:
    answer = room.browser.post(SESSION, json={"token": TOKEN})
    assert answer.json() == {"scopes": ALL, "channels": CHANNELS, "expires_at": ENDS}


def test_a_program_with_the_token_is_told_that_it_may_write(room: Room) -> None:
    answer = room.browser.get(SESSION, headers=BEARER)
    assert answer.json() == {"scopes": ALL, "channels": CHANNELS, "expires_at": None}


@pytest.mark.parametrize("shown", ["Bearer wrong", "Bearer", "Basic d3Jvbmc6d3Jvbmc="])
def test_a_wrong_token_is_told_whatever_cookie_comes_with_it(room: Room, shown: str) -> None:
    room.sign_in()
    answer = room.browser.get(SESSION, headers={"Authorization": shown})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert answer.headers["www-authenticate"] == 'Bearer realm="synapse"'


@pytest.mark.parametrize("why", ["used", "expired", "wrong"])
def test_a_code_that_does_not_hold_is_refused_and_says_how_to_get_another(
    room: Room, why: str
) -> None:
    code = room.sessions.launch.issue(OWNER)
    if why == "used":
        assert room.browser.post(SESSION, json={"launch_code": code}).status_code == 200
    if why == "expired":
        room.wall.pass_by(LAUNCH_S_MAX)
    given = "wrong" if why == "wrong" else code
    answer = httpx.post(room.served.url + SESSION, json={"launch_code": given})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert "set-cookie" not in answer.headers
    assert "'synapse link' prints a new one" in answer.json()["detail"]
    assert given == "wrong" or given not in answer.text


def test_a_wrong_token_signs_nobody_in(room: Room) -> None:
    answer = room.browser.post(SESSION, json={"token": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"launch_code": "a", "token": "b"}',
        b'{"launch_code": ""}',
        b'{"launch_code": 5}',
        b'{"launch_code": "\\udfff"}',
        b'{"token": "\\udfff"}',
        b'{"token": "%s"}' % (b"x" * 4_097),
        b'{"code": "a"}',
    ],
)
def test_a_request_that_signs_nobody_in_is_refused(room: Room, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = room.browser.post(SESSION, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "set-cookie" not in answer.headers


# --- signing out, and starting again -------------------------------------------------------------


def test_a_browser_signs_out(room: Room) -> None:
    room.sign_in()
    answer = room.browser.delete(SESSION)
    assert answer.json() == {"scopes": ["read"], "channels": CHANNELS, "expires_at": None}
    assert room.sessions.cookie not in room.browser.cookies
    assert room.browser.get(SESSION).json()["scopes"] == ["read"]
    assert room.browser.delete(SESSION).status_code == 200


def test_a_session_outlives_a_restart_and_ends_with_its_token(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        cookies = httpx.post(first.url + SESSION, json={"token": TOKEN}).cookies
    for token, scopes in ((TOKEN, ALL), (TOKEN + "2", ["read"])):
        with serving(tmp_path, token=token) as again:
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
            assert httpx.get(again.url + SESSION, headers=headers).json()["scopes"] == scopes


# --- the contract -------------------------------------------------------------------------------


def test_the_contract_names_both_ways_to_write(room: Room) -> None:
    document = room.served.get("/openapi.json")
    schemes = document["components"]["securitySchemes"]
    assert schemes["HTTPBearer"]["scheme"] == "bearer"
    assert (schemes["APIKeyCookie"]["in"], schemes["APIKeyCookie"]["name"]) == ("cookie", COOKIE)
    either: list[Json] = [{"HTTPBearer": []}, {"APIKeyCookie": []}]
    paths = document["paths"]
    for path in (WRITE, "/api/prices", "/api/trades", "/api/alert-rules"):
        assert paths[path]["post"]["security"] == either
    assert "403" in paths[WRITE]["post"]["responses"]
    assert paths[SESSION]["get"]["security"] == [*either, {}]
    assert all("security" not in paths[path]["get"] for path in ("/api/state", "/api/alert-rules"))
