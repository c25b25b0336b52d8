"""How many values the JSON of a body may hold: each takes a hundred times the memory of its two bytes once parsed."""

import re
from typing import Final

JSON_VALUES_MAX: Final = 200_000
"""Items of arrays and members of objects, all together; 10,000 prices with every field have 90,000."""

_SEPARATORS: Final = (b",", b"[", b"{")
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def holds_too_many(body: bytes, values_max: int = JSON_VALUES_MAX) -> bool:
    """Whether a text that may be JSON holds more values than it may; what is no JSON is the parser's affair."""
    if _at_most(body) <= values_max:
        return False
    return _at_most(_STRING.sub(b"", body)) > values_max


def _at_most(text: bytes) -> int:
    return sum(map(text.count, _SEPARATORS))
