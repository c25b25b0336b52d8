"""Launch codes open once and in time; a cookie holds until it ends, or the server's token is another."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.access.gate import OWNER
from app.access.grant import Grant, Scope
from app.access.origins import is_same_origin
from app.access.sessions import (
    LAUNCH_CODES_MAX,
    LAUNCH_S_MAX,
    SESSION_S_MAX,
    LaunchCodes,
    Session,
    Sessions,
)
from app.access.write_token import WriteToken
from events.catalog import Channel

TOKEN = "a-token"
START = datetime(2026, 1, 16, 12, 0, 0, 999_999, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Wall:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


# --- launch codes -------------------------------------------------------------------------------


def test_a_code_opens_once() -> None:
    codes = LaunchCodes(Wall())
    code = codes.issue(OWNER)
    assert len(code) >= 43
    assert [codes.redeem(code), codes.redeem(code)] == [OWNER, None]


def test_a_wrong_code_uses_nothing_up() -> None:
    codes = LaunchCodes(Wall())
    code = codes.issue(OWNER)
    for wrong in ("", code[:-1], code + "A", code.swapcase(), "käse", "\udfff"):
        assert not codes.redeem(wrong)
    assert codes.redeem(code) is OWNER


def test_a_code_dies_in_time() -> None:
    wall = Wall()
    codes = LaunchCodes(wall)
    code, late = codes.issue(OWNER), codes.issue(OWNER)
    wall.now = START + timedelta(seconds=LAUNCH_S_MAX) - SECOND
    assert codes.redeem(code) is OWNER
    wall.now = START + timedelta(seconds=LAUNCH_S_MAX)
    assert not codes.redeem(late)


def test_so_many_codes_wait_and_the_oldest_is_forgotten() -> None:
    codes = LaunchCodes(Wall())
    issued = [codes.issue(OWNER) for _ in range(LAUNCH_CODES_MAX + 1)]
    assert len(set(issued)) == len(issued)
    assert [codes.redeem(code) for code in issued] == [None] + [OWNER] * LAUNCH_CODES_MAX


# --- the cookie ---------------------------------------------------------------------------------


def test_a_cookie_is_known_until_it_ends() -> None:
    wall = Wall()
    sessions = Sessions(TOKEN, wall)
    session, cookie = sessions.open(OWNER)
    ends_at = START.replace(microsecond=0) + timedelta(seconds=SESSION_S_MAX)
    assert session == Session(replace(OWNER, expires_at=ends_at), ends_at)
    wall.now = session.expires_at - SECOND
    assert sessions.find(cookie) == session
    wall.now = session.expires_at
    assert sessions.find(cookie) is None


def test_a_cookie_outlives_a_restart_but_not_its_token() -> None:
    session, cookie = Sessions(TOKEN, Wall()).open(OWNER)
    assert Sessions(TOKEN, Wall()).find(cookie) == session
    assert Sessions(TOKEN + "2", Wall()).find(cookie) is None


def test_a_session_may_do_what_it_was_opened_with_and_ends_with_it() -> None:
    ends_at = START.replace(microsecond=0) + timedelta(hours=1)
    grant = Grant("eve", frozenset({Scope.READ}), frozenset({Channel.REGIME}), ends_at, "jti:1")
    session, cookie = Sessions(TOKEN, Wall()).open(grant)
    assert session == Session(grant, ends_at)
    assert Sessions(TOKEN, Wall()).find(cookie) == session


def test_two_servers_on_one_host_have_cookies_of_different_names() -> None:
    names = {Sessions(token, Wall()).cookie for token in (TOKEN, TOKEN, TOKEN + "2")}
    assert len(names) == 2


def test_a_cookie_does_not_hold_the_token() -> None:
    _, cookie = Sessions(TOKEN, Wall()).open(OWNER)
    assert not WriteToken(TOKEN, None).is_in(cookie)


def test_a_later_end_cannot_be_written_into_a_cookie() -> None:
    _, cookie = Sessions(TOKEN, Wall()).open(OWNER)
    version, told, signature = cookie.split(".")
    text = urlsafe_b64decode(told + "==")
    ends_s = text[text.index(b":") + 1 : text.index(b",")]
    longer = urlsafe_b64encode(text.replace(ends_s, b"%d" % (int(ends_s) + 1))).rstrip(b"=")
    later = f"{version}.{longer.decode()}.{signature}"
    assert Sessions(TOKEN, Wall()).find(later) is None


def test_every_changed_character_ends_a_cookie() -> None:
    sessions = Sessions(TOKEN, Wall())
    _, cookie = sessions.open(OWNER)
    for place, character in enumerate(cookie):
        other = "A" if character != "A" else "B"
        assert sessions.find(cookie[:place] + other + cookie[place + 1 :]) is None


@pytest.mark.parametrize("cookie", [None, "", ".", "..", "1.99999999999", "1.1.", "käse", "\udfff"])
def test_what_is_no_cookie_is_no_session(cookie: str | None) -> None:
    assert Sessions(TOKEN, Wall()).find(cookie) is None


def test_a_cookie_of_another_version_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        later.setattr("app.access.sessions.COOKIE_VERSION", "3")
        _, cookie = Sessions(TOKEN, Wall()).open(OWNER)
    assert Sessions(TOKEN, Wall()).find(cookie) is None


# --- where a request comes from -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", "http"),
        ("http://[::1]:8000", "[::1]:8000", "http"),
        ("http://Example.com", "example.COM", "http"),
        ("http://example.com", "example.com:80", "http"),
        ("https://example.com", "example.com:443", "https"),
        ("https://example.com", "example.com", "http"),  # a proxy ends TLS and does not say so
    ],
)
def test_a_page_of_this_server_is_known(origin: str, host: str, scheme: str) -> None:
    assert is_same_origin(origin, host, scheme)


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        (None, "127.0.0.1:8000", "http"),
        ("", "", "http"),
        ("null", "null", "http"),
        ("http://", "", "http"),
        ("http://127.0.0.1:8000", None, "http"),
        ("http://127.0.0.1:8001", "127.0.0.1:8000", "http"),
        ("http://localhost:8000", "127.0.0.1:8000", "http"),
        ("http://127.0.0.1", "127.0.0.1:8000", "http"),
        ("http://127.0.0.1:8000.evil.example", "127.0.0.1:8000", "http"),
        ("http://evil.example/127.0.0.1:8000", "127.0.0.1:8000", "http"),
        ("http://u@127.0.0.1:8000", "127.0.0.1:8000", "http"),
        ("file://127.0.0.1:8000", "127.0.0.1:8000", "http"),
        ("http://example.com", "example.com", "https"),
        ("https://example.com", "example.com:80", "http"),
    ],
)
def test_any_other_page_is_foreign(origin: str | None, host: str | None, scheme: str) -> None:
    assert not is_same_origin(origin, host, scheme)
