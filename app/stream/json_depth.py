"""How deep JSON from outside may nest: found out before a parser walks into it, in a fraction of its time."""

import re
from typing import Final

JSON_DEPTH_MAX: Final = 32
"""Arrays and objects within one another, at most, in anything that a client sends; our own need 5."""

_STRUCTURE: Final = b'[]{}"'
_OTHERS: Final = bytes(byte for byte in range(256) if byte not in _STRUCTURE)
# Which of the two kinds closes which is the parser's affair.
_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")
_STRING: Final = re.compile(rb'"[^"]*"?')


def is_too_deep(text: str | bytes, depth_max: int = JSON_DEPTH_MAX) -> bool:
    """Whether a text that may be JSON nests deeper than it may.

    What closes more than it opens, or opens and never closes, is no JSON: of that the answer says only
    that a parser would not get deeper than this, or that it would.

    Args:
        text: what came; bytes are taken to be UTF-8.
        depth_max: how deep it may be.
    """
    if isinstance(text, str):
        if text.count("[") + text.count("{") <= depth_max:
            return False
        text = text.encode(errors="replace")
    elif text.count(b"[") + text.count(b"{") <= depth_max:
        return False
    return _depth_exceeds(_brackets(text), depth_max)


def _brackets(text: bytes) -> bytes:
    """The brackets outside of strings, all of one kind."""
    if b"\\" in text:
        # Pairs first: what is left of them escapes the quote after it.
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    bare = text.translate(_ONE_KIND, _OTHERS).replace(b'""', b"")
    return _STRING.sub(b"", bare) if b'"' in bare else bare


def _depth_exceeds(brackets: bytes, depth_max: int) -> bool:
    """Take away what is innermost, once for every level that is allowed: is anything left that opens?

    A bracket that has outlived some rounds holds as many levels: so many in a row above it are too deep.
    Without that look, one deep nest would be copied whole in every round.
    """
    for taken in range(depth_max):
        if b"[" * (depth_max + 1 - taken) in brackets:
            return True
        shorter = brackets.replace(b"[]", b"")
        if len(shorter) == len(brackets):
            break  # nothing closes what is left
        brackets = shorter
    return b"[]" in brackets or b"[" * (depth_max + 1) in brackets
