"""The tokens file as it is now: what is taken out of it, or made less, counts no more."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.access.errors import TokensFileError
from app.access.files import FILE_BYTES_MAX
from app.access.grant import ALL_CHANNELS, Grant, Scope
from app.access.token_book import (
    TokenBook,
    read_tokens,
    token_hash,
)
from events.catalog import Channel
from tests.unit.app.access.signing import no_descriptors

ONE, TWO = "first-token", "second-token"


def entry(token: str, name: str = "one", scopes: str = '["read"]', more: str = "") -> str:
    hashed = token_hash(token)
    return f'[[token]]\nname = "{name}"\nsha256 = "{hashed}"\nscopes = {scopes}\n{more}\n'


class Room:
    """A file, and the book of it."""

    def __init__(self, folder: Path, text: str) -> None:
        self.path = folder / "tokens.toml"
        self.path.write_text(text)
        self.book = TokenBook(self.path)

    def write(self, text: str) -> None:
        """Change the file, and let it be read again."""
        self.path.write_text(text)
        self.book.refresh()


def test_a_token_allows_what_the_file_says(tmp_path: Path) -> None:
    more = 'channels = ["prices", "regime"]\nexpires_at = 2027-01-01T01:00:00+01:00'
    room = Room(tmp_path, entry(ONE, more=more) + entry(TWO, "two", '["read", "write"]'))
    assert room.book.find(ONE) == Grant(
        "one",
        frozenset({Scope.READ}),
        frozenset({Channel.PRICES, Channel.REGIME}),
        datetime(2027, 1, 1, tzinfo=UTC),
        f"token:{token_hash(ONE)}",
    )
    two = room.book.find(TWO)
    assert two is not None
    assert (two.scopes, two.channels) == (frozenset({Scope.READ, Scope.WRITE}), ALL_CHANNELS)
    assert two.expires_at is None


@pytest.mark.parametrize(
    "given", ["", ONE + " ", ONE.upper(), token_hash(ONE), "\udfff", "x" * 10**6]
)
def test_what_is_no_token_of_the_file_is_not_found(tmp_path: Path, given: str) -> None:
    assert Room(tmp_path, entry(ONE)).book.find(given) is None


def test_a_token_that_is_taken_out_is_revoked(tmp_path: Path) -> None:
    room = Room(tmp_path, entry(ONE) + entry(TWO, "two"))
    grant = room.book.find(ONE)
    assert grant is not None
    room.write(entry(TWO, "two"))
    assert room.book.find(ONE) is None
    assert room.book.current(grant) is None
    assert not room.book.stands(grant.proof)
    assert room.book.find(TWO)


def test_the_file_counts_as_it_was_read_last(tmp_path: Path) -> None:
    room = Room(tmp_path, entry(ONE))
    room.path.write_text(entry(TWO))
    assert room.book.find(ONE)
    room.book.refresh()
    assert room.book.find(ONE) is None
    assert room.book.find(TWO)


def test_a_token_that_may_do_less_or_more_now(tmp_path: Path) -> None:
    room = Room(tmp_path, entry(ONE, scopes='["read", "write"]'))
    grant = room.book.find(ONE)
    assert grant is not None
    room.write(entry(ONE, more='channels = ["prices"]'))
    current = room.book.current(grant)
    assert current is not None
    assert (current.scopes, current.channels) == (
        frozenset({Scope.READ}),
        frozenset({Channel.PRICES}),
    )
    assert room.book.stands(grant.proof)
    room.write(entry(ONE, scopes='["admin"]'))
    assert room.book.current(grant) == room.book.find(ONE)


def test_the_ids_of_signed_tokens_are_revoked_by_name(tmp_path: Path) -> None:
    room = Room(tmp_path, 'revoked = ["a:b"]')
    assert not room.book.stands("jwt:mark:a:b")
    for proof in ("jwt:mark:a", "jwt:mark:b", "jwt:mark:", "jwt:a:b", "", "owner"):
        assert room.book.stands(proof)
    room.write("")
    assert room.book.stands("jwt:mark:a:b")


@pytest.mark.parametrize(
    "text",
    [
        "secret-in-the-file",
        entry(ONE)[:-20],
        'token = "secret-in-the-file"',
        entry(ONE) + entry(TWO),
        entry(ONE) + entry(ONE, "two"),
        entry(ONE) + 'colour = "secret-in-the-file"',
        entry(ONE, scopes='["read", "secret-in-the-file"]'),
        entry(ONE, scopes="[]"),
        entry(ONE, more="channels = []"),
        entry(ONE, more='channels = ["secret-in-the-file"]'),
        entry(ONE, more="expires_at = 2027-01-01T00:00:00"),
        entry(ONE, more="expires_at = 2027-01-01"),
        entry(ONE, more="expires_at = 9999-12-31T23:59:59-08:00"),
        entry(ONE, more='expires_at = "secret-in-the-file"'),
        entry(ONE, more="deep = " + "[" * 5_000),
        entry(ONE, name="a b"),
        entry(ONE).replace(token_hash(ONE), "secret-in-the-file"),
        entry(ONE).replace(token_hash(ONE), token_hash(ONE).upper()),
        'revoked = [""]',
        "#" * (FILE_BYTES_MAX + 1),
    ],
    ids=range(20),
)
def test_a_file_that_is_broken_revokes_all_and_is_told_without_what_is_in_it(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    room = Room(tmp_path, entry(ONE))
    grant = room.book.find(ONE)
    assert grant is not None
    room.write(text)
    assert room.book.find(ONE) is None
    assert not room.book.stands(grant.proof)
    said = "".join(capsys.readouterr())
    assert "tokens_file_unreadable" in said
    assert "secret-in-the-file" not in said
    assert token_hash(ONE) not in said
    # At a start it is the same fault.
    with pytest.raises(TokensFileError) as refused:
        read_tokens(room.path)
    assert "secret-in-the-file" not in str(refused.value)
    assert "\n" not in str(refused.value)
    room.write(entry(ONE))
    assert room.book.find(ONE)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "tokens.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(TokensFileError, match="no TOML"):
        read_tokens(tmp_path / "tokens.toml")


def test_a_file_that_is_away_revokes_all(tmp_path: Path) -> None:
    room = Room(tmp_path, entry(ONE))
    room.path.unlink()
    room.book.refresh()
    assert room.book.find(ONE) is None
    with pytest.raises(TokensFileError, match="No such file"):
        TokenBook(room.path)


def test_a_change_that_keeps_size_and_time_is_seen(tmp_path: Path) -> None:
    room = Room(tmp_path, entry(ONE))
    before = room.path.stat()
    room.path.write_text(entry(TWO))
    os.utime(room.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert room.path.stat().st_size == before.st_size
    room.book.refresh()
    assert room.book.find(ONE) is None


def test_a_file_of_the_greatest_size_is_taken(tmp_path: Path) -> None:
    text = entry(ONE)
    room = Room(tmp_path, text + "#" * (FILE_BYTES_MAX - len(text)))
    assert room.book.find(ONE)


@pytest.mark.parametrize("what", ["descriptors", "folder"])
def test_a_file_that_could_not_be_read_just_then_is_read_again(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "tokens"
    folder.mkdir()
    room = Room(folder, entry(ONE))
    if what == "descriptors":
        room.path.write_text(entry(ONE) + entry(TWO, "two"))
        with no_descriptors():
            room.book.refresh()
    else:
        aside = folder.rename(tmp_path / "aside")
        folder.touch()
        room.book.refresh()
        folder.unlink()
        aside.rename(folder)
    assert room.book.find(ONE) is None, "meanwhile nobody knows what is in it"
    room.book.refresh()
    assert room.book.find(ONE)
    assert (room.book.find(TWO) is not None) == (what == "descriptors")


def test_a_fault_that_lasts_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    room = Room(tmp_path, entry(ONE))
    room.path.write_text(entry(TWO))
    with no_descriptors():
        for _ in range(3):
            room.book.refresh()
    assert "".join(capsys.readouterr()).count("tokens_file_unreadable") == 1


def test_a_file_that_has_not_changed_is_not_read(tmp_path: Path) -> None:
    room = Room(tmp_path, entry(ONE))
    with no_descriptors():
        room.book.refresh()
    assert room.book.find(ONE)


def test_a_pipe_in_its_place_holds_nobody_up(tmp_path: Path) -> None:
    room = Room(tmp_path, entry(ONE))
    room.path.unlink()
    os.mkfifo(room.path)
    room.book.refresh()
    assert room.book.find(ONE) is None
    with pytest.raises(TokensFileError, match="no regular file"):
        TokenBook(room.path)
