"""The grant behind a token and a cookie; it ends when the token does, or may do less."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.access.gate import OWNER, RUNS_MAX, Gate
from app.access.grant import ALL_CHANNELS, ANYONE, NOBODY, Grant, Scope
from app.access.jwt_tokens import JwtVerifier
from app.access.sessions import SESSION_S_MAX, Sessions
from app.access.token_book import TokenBook, token_hash
from app.access.write_token import TOKEN_BYTES, WriteToken
from events.catalog import Channel
from tests.unit.app.access.signing import SECRET, hs256

OWN = "the-own-token-of-the-server"
STATIC = "a-static-token"
START = datetime.now(UTC).replace(microsecond=0)
HOUR_S = 3_600
"""Of signed tokens, whose end is also held against the real clock: a whole run of the tests fits in."""


def entry(
    scopes: Sequence[str] = ("read", "write"),
    channels: Sequence[str] = ("prices", "trades"),
    expires_at: datetime | None = None,
) -> str:
    ends = "" if expires_at is None else f"expires_at = {expires_at.isoformat()}\n"
    return (
        f'[[token]]\nname = "static"\nsha256 = "{token_hash(STATIC)}"\n'
        f"scopes = {list(scopes)}\nchannels = {list(channels)}\n{ends}"
    )


@dataclass
class Room:
    """A gate with all kinds of tokens, whose clocks and file are set by hand."""

    path: Path
    now: datetime = START

    def __post_init__(self) -> None:
        self.path.write_text(entry())
        self.gate = self.started()

    def started(self, *, with_book: bool = True, with_jwts: bool = True) -> Gate:
        """The same server, started anew."""
        sessions = Sessions(OWN, lambda: self.now)
        book = TokenBook(self.path) if with_book else None
        jwts = JwtVerifier(secret=SECRET) if with_jwts else None
        token = WriteToken(OWN, None)
        return Gate(token, sessions, lambda: self.now, book=book, jwts=jwts)

    def write(self, text: str) -> None:
        self.path.write_text(text)
        self.gate.refresh()

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def granted(self, token: str) -> Grant:
        found = self.gate.of_token(token)
        assert found is not None
        return found

    def cookie(self, token: str) -> str:
        return self.gate.sessions.open(self.granted(token))[1]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "tokens.toml")


def test_whoever_shows_nothing_reads_only_where_it_is_open(room: Room) -> None:
    assert room.gate.stranger("192.0.2.1") is ANYONE
    closed = Gate(room.gate.token, room.gate.sessions, lambda: START, opens_reading=False)
    assert closed.stranger("127.0.0.1") is NOBODY


@pytest.mark.parametrize(
    ("address", "is_open"),
    [("127.0.0.1", True), ("::1", True), (None, True), ("192.0.2.1", False), ("unknown", False)],
)
def test_open_here_is_not_open_for_whom_a_proxy_brings(
    room: Room, address: str | None, is_open: bool
) -> None:
    here = Gate(room.gate.token, room.gate.sessions, lambda: START, only_here=True)
    assert here.stranger(address) is (ANYONE if is_open else NOBODY)


def test_each_kind_of_token_is_known(room: Room) -> None:
    assert room.gate.of_token(OWN) is OWNER
    static = room.granted(STATIC)
    assert (static.name, static.scopes) == ("static", frozenset({Scope.READ, Scope.WRITE}))
    assert room.granted(hs256(sub="signed")).name == "signed"


@pytest.mark.parametrize("token", ["", OWN[:-1], OWN + "x", STATIC.upper(), "a.b.c", "x" * 10_000])
def test_other_texts_are_no_tokens(room: Room, token: str) -> None:
    assert room.gate.of_token(token) is None
    assert room.gate.of_cookie(token) is None
    assert not room.gate.is_secret(token) or OWN in token


def test_every_token_is_a_secret(room: Room) -> None:
    assert all(map(room.gate.is_secret, (OWN, f"x{OWN}x", STATIC, hs256())))


@pytest.mark.parametrize(
    "around",
    ["Bearer {}", "{}\n", '{{"token": "{}"}}', "token={}", "a/{}/b", "a:{}!", "~{}~", "über {}…"],
)
def test_a_token_inside_another_text_is_a_secret(tmp_path: Path, around: str) -> None:
    made = secrets.token_urlsafe(TOKEN_BYTES)
    room = Room(tmp_path / "tokens.toml")
    room.write(entry().replace(token_hash(STATIC), token_hash(made)))
    for token in (OWN, made, hs256(), hs256(secret=SECRET[::-1]), hs256()[:100]):
        assert room.gate.is_secret(around.format(token))
    assert not room.gate.is_secret(around.format(made[::-1]))


def test_a_text_of_more_parts_than_are_tried_is_not_shown(room: Room) -> None:
    parts = [f"not-a-token-{number:06}" for number in range(RUNS_MAX + 1)]
    assert room.gate.is_secret(" ".join(parts))
    assert not room.gate.is_secret(" ".join(parts[:-1]))


# --- what takes a grant back --------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "broken", entry(scopes=["read"]), entry(channels=["prices"]), entry(expires_at=START)],
    ids=["removed", "broken", "fewer scopes", "fewer channels", "ended"],
)
def test_a_connection_ends_when_its_token_may_do_less(room: Room, text: str) -> None:
    grant = room.granted(STATIC)
    assert room.gate.holds(grant)
    room.write(text)
    assert not room.gate.holds(grant)


def test_a_connection_stays_when_its_token_may_do_more(room: Room) -> None:
    grant = room.granted(STATIC)
    scopes, far = [scope.value for scope in Scope], START + timedelta(days=1)
    room.write(entry(scopes, [channel.value for channel in Channel], far))
    assert room.gate.holds(grant)
    assert grant.scopes < room.granted(STATIC).scopes


def test_a_static_token_ends_in_time(room: Room) -> None:
    room.write(entry(expires_at=START + timedelta(seconds=10)))
    grant = room.granted(STATIC)
    room.later(9.999)
    assert room.gate.holds(grant)
    room.later(0.001)
    assert not room.gate.holds(grant)
    assert room.gate.of_token(STATIC) is None


def test_a_signed_token_ends_in_time_and_when_its_id_is_revoked(room: Room) -> None:
    exp = int(START.timestamp()) + HOUR_S
    grant, other = room.granted(hs256(exp=exp, jti="7")), room.granted(hs256(exp=exp, jti="8"))
    assert room.gate.holds(grant)
    room.write('revoked = ["7"]\n' + entry())
    assert (room.gate.holds(grant), room.gate.holds(other)) == (False, True)
    assert room.gate.of_token(hs256(exp=exp, jti="7")) is None
    room.later(HOUR_S)
    assert not room.gate.holds(other)


def test_the_own_token_and_strangers_depend_on_no_file(room: Room) -> None:
    room.write("broken")
    assert all(room.gate.holds(grant) for grant in (OWNER, ANYONE, NOBODY))


def test_a_signed_token_cannot_be_taken_for_another_kind(room: Room) -> None:
    for name in ("owner", "anyone", "nobody", f"token:{token_hash(STATIC)}"):
        found = room.granted(hs256(sub=name, jti=name))
        assert found not in {OWNER, ANYONE, NOBODY}
        assert found.proof.split(":", 2)[::2] == ["jwt", name]
        assert found.scopes == {Scope.READ}


# --- cookies ------------------------------------------------------------------------------------


def test_a_cookie_allows_what_the_token_did(room: Room) -> None:
    for token in (OWN, STATIC, hs256(channels=["trades"])):
        grant = room.granted(token)
        found = room.gate.of_cookie(room.cookie(token))
        assert found is not None
        assert replace(found, expires_at=None) == replace(grant, expires_at=None)


def test_a_cookie_may_do_less_as_soon_as_its_token_may(room: Room) -> None:
    cookie = room.cookie(STATIC)
    room.write(entry(["read"], ["trades"]))
    found = room.gate.of_cookie(cookie)
    assert found is not None
    assert (found.scopes, found.channels) == (frozenset({Scope.READ}), frozenset({Channel.TRADES}))
    room.write(entry(expires_at=START + timedelta(seconds=5)))
    found = room.gate.of_cookie(cookie)
    assert found is not None
    assert found.expires_at == START + timedelta(seconds=5)
    room.later(5)
    assert room.gate.of_cookie(cookie) is None


@pytest.mark.parametrize("text", ["", "broken", entry(expires_at=START)])
def test_a_cookie_ends_with_its_static_token(room: Room, text: str) -> None:
    cookie = room.cookie(STATIC)
    room.write(text)
    assert room.gate.of_cookie(cookie) is None


def test_a_cookie_ends_with_its_signed_token(room: Room) -> None:
    exp = int(START.timestamp()) + HOUR_S
    one, two = (room.cookie(hs256(exp=exp, jti=jti)) for jti in ("1", "2"))
    room.write('revoked = ["1"]')
    assert room.gate.of_cookie(one) is None
    assert room.gate.of_cookie(two)
    room.later(HOUR_S)
    assert room.gate.of_cookie(two) is None


def test_a_cookie_ends_in_time(room: Room) -> None:
    cookie = room.cookie(OWN)
    room.later(SESSION_S_MAX - 1)
    assert room.gate.of_cookie(cookie)
    room.later(1)
    assert room.gate.of_cookie(cookie) is None


def test_a_cookie_of_a_static_token_counts_for_nothing_without_the_file(room: Room) -> None:
    cookie = room.cookie(STATIC)
    assert room.started().of_cookie(cookie)
    assert room.started(with_book=False).of_cookie(cookie) is None


def test_the_gate_without_a_file_knows_its_own_token_only(room: Room) -> None:
    bare = room.started(with_book=False, with_jwts=False)
    assert bare.of_token(OWN) is OWNER
    assert bare.of_token(STATIC) is None
    assert bare.of_token(hs256()) is None
    assert not bare.holds(room.granted(STATIC))
    assert bare.holds(Grant("x", frozenset(), ALL_CHANNELS))
