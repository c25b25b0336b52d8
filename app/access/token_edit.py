"""Adds a token to a tokens file, and takes one out; what else is in it stays as it is, byte for byte.

The new file is written beside the old one and put in its place, so that a server which reads it meanwhile finds
one or the other, and whoever pulls the plug keeps one of both.
"""

import os
import re
import secrets
import stat
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from app.access.errors import TokensFileError
from app.access.files import read_small, written_beside
from app.access.grant import Scope
from app.access.token_book import TokenEntry, TokensFile, parse_tokens, read_tokens, token_hash
from app.access.write_token import TOKEN_BYTES
from events.catalog import Channel
from events.scalars import format_time

_HEADING: Final = re.compile(rb"^[ \t]*\[\[[ \t]*token[ \t]*\]\]", re.MULTILINE)
_ANY_HEADING: Final = re.compile(rb"^[ \t]*\[", re.MULTILINE)


def short_time(at: datetime) -> str:
    """A time as people write it: without a fraction of a second that is none."""
    return format_time(at).replace(".000000Z", "Z")


def add_token(
    path: Path,
    name: str,
    scopes: Sequence[Scope],
    channels: Sequence[Channel] | None,
    expires_at: datetime | None,
) -> str:
    """Make a token and write its hash into a file, which is made where there is none; returns the token.

    Raises:
        TokensFileError: the file is none, or has a token of this name; it is as it was.
        OSError: it cannot be read or written; it is as it was.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    while token.startswith("-"):  # which a command line would take for an option
        token = secrets.token_urlsafe(TOKEN_BYTES)
    entry = _entry_text(name, token_hash(token), scopes, channels, expires_at)

    def added(before: bytes) -> bytes:
        if any(one.name == name for one in parse_tokens(path, before).token):
            raise TokensFileError(
                f"{path} has a token {name!r} already: remove it, or name another"
            )
        gap = b"" if not before else b"\n" if before.endswith(b"\n") else b"\n\n"
        return before + gap + entry.encode()

    _rewrite(path, added)
    return token


def remove_token(path: Path, name: str) -> None:
    """Take a token out of a file: it is revoked.

    Raises:
        TokensFileError: the file is none, has no such token, or has it in a way that only an editor can change.
        OSError: it cannot be read or written; it is as it was.
    """
    read_tokens(path)

    def without(before: bytes) -> bytes:
        found = parse_tokens(path, before)
        if all(one.name != name for one in found.token):
            raise TokensFileError(f"{path} has no token {name!r}{_those(found)}")
        for begin, end in _tables(before):
            after = before[:begin] + before[end:]
            if _is_without(path, after, found, name):
                return after
        raise TokensFileError(
            f"{path} has the token {name!r} in a way that only an editor can change"
        )

    _rewrite(path, without)


def _those(found: TokensFile) -> str:
    names = ", ".join(one.name for one in found.token)
    return f": it has {names}" if names else ": it has none"


def _tables(text: bytes) -> list[tuple[int, int]]:
    """Where each `[[token]]` begins, and where it ends: at the comments above the next heading."""
    tables = []
    for heading in _HEADING.finditer(text):
        following = _ANY_HEADING.search(text, heading.end())
        end = len(text) if following is None else _above(text, following.start())
        tables.append((heading.start(), end))
    return tables


def _above(text: bytes, heading: int) -> int:
    """Where the comments begin that stand right above a heading, and so belong to it."""
    begin = heading
    while begin > 0:
        line = text.rfind(b"\n", 0, begin - 1) + 1
        if not text[line:begin].lstrip().startswith(b"#"):
            break
        begin = line
    return begin


def _is_without(path: Path, text: bytes, before: TokensFile, name: str) -> bool:
    """Whether a text says the same as before, but for one token."""
    try:
        left = parse_tokens(path, text)
    except TokensFileError:
        return False
    kept = [one for one in before.token if one.name != name]
    return left.token == kept and left.revoked == before.revoked


def _entry_text(
    name: str,
    sha256: str,
    scopes: Sequence[Scope],
    channels: Sequence[Channel] | None,
    expires_at: datetime | None,
) -> str:
    """An entry as TOML; it is read again before it is believed."""
    lines = [
        "[[token]]",
        f"name = {_quoted(name)}",
        f'sha256 = "{sha256}"',
        f"scopes = {_list(scopes)}",
    ]
    if channels is not None:
        lines.append(f"channels = {_list(channels)}")
    if expires_at is not None:
        lines.append(f"expires_at = {short_time(expires_at)}")
    text = "\n".join(lines) + "\n"
    TokenEntry.model_validate(tomllib.loads(text)["token"][0], strict=False)
    return text


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Put a changed file in the place of the old one: with its owner and mode, or, where there was none, 0600."""
    target = path.resolve()
    with _alone(target.parent):
        before, known = b"", None
        if target.exists():
            before, known = read_small(target), target.stat()
        after = change(before)
        parse_tokens(path, after)
        with written_beside(target, after, path) as beside:
            if known is not None:
                beside.chmod(stat.S_IMODE(known.st_mode))
                with suppress(PermissionError, AttributeError):  # only root gives files away
                    os.chown(beside, known.st_uid, known.st_gid)
            beside.replace(target)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time changes files of a folder, where the system knows locks: else one change could undo another."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
