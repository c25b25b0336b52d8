"""Which `Host` and which `Origin` a server answers to, by every way in: a table, against a real server."""

# covers: app.api.doorway, app.access.origins

import re
import socket
from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.access.gate import OWNER
from tests.integration.raw_socket import KEY
from tests.integration.served import PATIENCE_S, TOKEN, Served, serving

NAME, PORTED, PAGE = "synapse.example.com", "other.example.com:8443", "https://app.example.com"
WAYS: Final = {
    "page": "GET /",
    "read": "GET /api/events",
    "export": "GET /api/events?format=ndjson",
    "stream": "GET /api/stream",
    "write": "POST /api/broadcast/regime",
    "sign-in": "POST /api/session",
    "socket": "GET /ws/synapse",
    "replay": "GET /ws/replay",
}
ANSWERS: Final = dict.fromkeys(WAYS, 200) | {"sign-in": 422, "socket": 101, "replay": 101}
"""What each way answers to who may come in; the sign-in holds two secrets, of which it wants one."""

BODIES: Final = {
    "write": '{"symbol":"HOST","regime":"BULL"}',
    "sign-in": '{"token":"a","launch_code":"b"}',
}
UPGRADE: Final = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}
Headers = list[tuple[str, str]]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("hosts")
    chosen: dict[str, Any] = {"allowed_hosts": f"{NAME},{PORTED}", "allowed_origins": PAGE}
    with serving(folder, **chosen) as running:
        yield running


@pytest.fixture(scope="module")
def place(served: Served) -> str:
    """Its address and port."""
    return served.url.removeprefix("http://")


def asked(served: Served, way: str, headers: Headers, line: str | None = None) -> bytes:
    """The answer's beginning to a request of bare bytes."""
    body = BODIES.get(way, "")
    said = [line or f"{WAYS[way]} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if way in {"socket", "replay"}:
        said += [f"{name}: {value}" for name, value in UPGRADE.items()]
    elif way == "write" and not any(name == "Cookie" for name, _ in headers):
        said.append(f"Authorization: Bearer {TOKEN}")
    if body:
        said += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as wire:
        wire.sendall(("\r\n".join(said) + "\r\n\r\n" + body).encode("latin-1"))
        got = b""
        while b"\r\n\r\n" not in got:
            data = wire.recv(65_536)
            if not data:
                break
            got += data
        length = re.search(rb"content-length: (\d+)", got.lower())
        end = got.find(b"\r\n\r\n") + 4 + (int(length[1]) if length else 0)
        while len(got) < end and (data := wire.recv(65_536)):
            got += data
    return got


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def code(answer: bytes) -> str:
    found = re.search(rb'"code":"([a-z_]+)"', answer)
    return "" if found is None else found[1].decode()


# --- Host ---------------------------------------------------------------------------------------

OWN_HOSTS: Final = (
    *(
        "{place}",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:{port}",
        "localhost:{port}",
        "LOCALHOST",
    ),
    *("localhost.", "10.1.2.3:80", NAME, f"{NAME}:1234", f"{NAME.upper()}.", PORTED),
)
FOREIGN_HOSTS: Final = (
    *("evil.example", "localhost.evil.example:{port}", "127.0.0.1.evil.example", "evil.localhost"),
    *(f"{NAME}.evil.example", f"x{NAME}", f"x.{NAME}", "example.com", "other.example.com"),
    *("other.example.com:8444", "127.1", "2130706433", "0x7f000001", "xn--lclhost-cxa", "a..b"),
)
BAD_HOSTS: Final = (
    *(
        "",
        "127.0.0.1:80@evil.example",
        "127.0.0.1:99999",
        "127.0.0.1:",
        "127.0.0.1:x",
        "a b",
        "a,b",
    ),
    *("http://127.0.0.1", "b\xfccher.example", "[::1%25lo]:80", "[::1%lo]", "[::1", "::1", "a/b"),
    "x" * 300,
)


@pytest.mark.parametrize("way", WAYS)
def test_a_host_of_its_own_is_answered(served: Served, place: str, way: str) -> None:
    for pattern in OWN_HOSTS:
        host = pattern.format(place=place, port=place.rpartition(":")[2])
        assert status(asked(served, way, [("Host", host)])) == ANSWERS[way], host


@pytest.mark.parametrize("way", WAYS)
def test_a_foreign_host_is_not(served: Served, place: str, way: str) -> None:
    for pattern in FOREIGN_HOSTS:
        host = pattern.format(place=place, port=place.rpartition(":")[2])
        # Not even where a proxy would say that it was another one.
        for more in ([], [("X-Forwarded-Host", place), ("Forwarded", f"host={place}")]):
            answer = asked(served, way, [("Host", host), *more])
            assert (status(answer), code(answer)) == (421, "foreign_host"), host


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_host_is_refused(served: Served, way: str) -> None:
    for host in BAD_HOSTS:
        assert status(asked(served, way, [("Host", host)])) == 400, host


@pytest.mark.parametrize("way", WAYS)
def test_one_host_must_be_named_once(served: Served, place: str, way: str) -> None:
    for hosts in ([], [place, place], [place, "evil.example"], ["evil.example", place]):
        assert status(asked(served, way, [("Host", host) for host in hosts])) == 400, hosts
    line = f"{WAYS[way]} HTTP/1.0"
    assert status(asked(served, way, [], line)) == 400


@pytest.mark.parametrize("way", WAYS)
def test_a_forwarded_host_is_not_believed(served: Served, place: str, way: str) -> None:
    headers = [("Host", place), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil")]
    assert status(asked(served, way, headers)) == ANSWERS[way]


def test_a_whole_address_in_the_request_does_not_replace_the_host(
    served: Served, place: str
) -> None:
    line = f"GET http://{place}/api/events HTTP/1.1"
    assert status(asked(served, "read", [("Host", "evil.example")], line)) == 421
    # And what it names itself opens nothing that the host would not.
    line = "GET http://evil.example/api/connections HTTP/1.1"
    assert status(asked(served, "read", [("Host", place)], line)) == 401


# --- Origin -------------------------------------------------------------------------------------

OWN_ORIGINS: Final = ("http://{place}", "HTTP://{place}", "https://{place}")
"""`https`: a proxy may end TLS without a word."""

FOREIGN_ORIGINS: Final = (
    *("null", "", "http://evil.example", "http://{host}", "http://{host}:1", "http://{place}0"),
    *(
        "http://{place}.evil.example",
        "http://x.{place}",
        "http://evil.example:{port}",
        "ws://{place}",
    ),
    *(
        "http://u@{place}",
        "http://{place}/",
        "http://{place}/x",
        "http://localhost:{port}",
        "{place}",
    ),
    *("//{place}", "file://", "http://", "http://{place}, http://{place}", "http://{place}#"),
    *(
        "http://app.example.com",
        f"{PAGE}.evil.example",
        f"{PAGE}:444",
        f"{PAGE}/",
        "https://x.example.com",
    ),
)


def origin_of(pattern: str, place: str) -> str:
    host, _, port = place.partition(":")
    return pattern.format(place=place, host=host, port=port)


@pytest.mark.parametrize("way", WAYS)
def test_its_own_page_and_a_program_are_answered(served: Served, place: str, way: str) -> None:
    assert status(asked(served, way, [("Host", place)])) == ANSWERS[way]
    for pattern in OWN_ORIGINS:
        headers = [("Host", place), ("Origin", origin_of(pattern, place))]
        assert status(asked(served, way, headers)) == ANSWERS[way], pattern
    for host, origin in ((NAME, f"http://{NAME}:80"), (f"{NAME}:80", f"http://{NAME}")):
        assert status(asked(served, way, [("Host", host), ("Origin", origin)])) == ANSWERS[way]


@pytest.mark.parametrize("way", [way for way in WAYS if way != "page"])
def test_pages_of_others_are_refused(served: Served, place: str, way: str) -> None:
    for pattern in FOREIGN_ORIGINS:
        answer = asked(served, way, [("Host", place), ("Origin", origin_of(pattern, place))])
        assert (status(answer), code(answer)) == (403, "foreign_origin"), pattern


@pytest.mark.parametrize("way", [way for way in WAYS if way != "page"])
def test_two_origins_are_none(served: Served, place: str, way: str) -> None:
    own, evil = ("Origin", f"http://{place}"), ("Origin", "http://evil.example")
    for both in ([own, evil], [evil, own], [own, own]):
        # The library of sockets has a word for it that is its own.
        assert status(asked(served, way, [("Host", place), *both])) in {400, 403}


def test_the_page_itself_is_for_whoever_comes_from_a_link(served: Served, place: str) -> None:
    headers = [("Host", place), ("Origin", "https://evil.example")]
    assert status(asked(served, "page", headers)) == 200


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("page", [PAGE, "HTTPS://App.Example.com"])
def test_an_allowed_page_is_answered(served: Served, place: str, way: str, page: str) -> None:
    answer = asked(served, way, [("Host", place), ("Origin", page)])
    assert status(answer) == ANSWERS[way]
    allows = b"access-control-allow-origin: " + PAGE.encode() in answer.lower()
    assert allows == (page == PAGE and ANSWERS[way] != 101)
    assert b"allow-credentials" not in answer.lower()


def test_only_an_allowed_page_may_ask_whether_it_may_ask(served: Served, place: str) -> None:
    line = "OPTIONS /api/broadcast/regime HTTP/1.1"
    wants = [("Access-Control-Request-Method", "POST")]
    wants.append(("Access-Control-Request-Headers", "authorization"))
    for page, is_allowed in ((PAGE, True), ("https://evil.example", False), ("null", False)):
        answer = asked(served, "read", [("Host", place), ("Origin", page), *wants], line)
        assert (status(answer) == 200) == is_allowed
        assert (b"access-control-allow-origin" in answer.lower()) == is_allowed
        assert b"allow-credentials" not in answer.lower()


@pytest.mark.parametrize("way", ["read", "write", "socket", "replay", "stream"])
def test_a_cookie_counts_from_no_other_page(served: Served, place: str, way: str) -> None:
    sessions = served.app.state.services.gate.sessions
    cookie = ("Cookie", f"{sessions.cookie}={sessions.open(OWNER)[1]}")
    for origin in (PAGE, "https://evil.example", "null"):
        answer = asked(served, way, [("Host", place), cookie, ("Origin", origin)])
        assert (status(answer), code(answer)) == (403, "foreign_origin")
    own = [("Host", place), cookie, ("Origin", f"http://{place}")]
    assert status(asked(served, way, own)) == ANSWERS[way]


@pytest.mark.parametrize("way", ["read", "write", "socket", "replay"])
def test_behind_tls_a_page_without_it_is_foreign(served: Served, place: str, way: str) -> None:
    # This machine's own proxies are believed.
    secure = [("Host", place), ("X-Forwarded-Proto", "https")]
    page = asked(served, way, [*secure, ("Origin", f"http://{place}")])
    assert (status(page), code(page)) == (403, "foreign_origin")
    assert status(asked(served, way, [*secure, ("Origin", f"https://{place}")])) == ANSWERS[way]
