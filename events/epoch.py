"""The epoch: a random name of one log's lifetime that carries its own check digits.

Nothing else in a log tells its epoch again, so a damaged one could not be told from another lifetime.
"""

import hashlib
import secrets
from typing import Final

RANDOM_DIGITS: Final = 24
CHECK_DIGITS: Final = 8


def new_epoch() -> str:
    """A new epoch: 24 random hexadecimal digits and 8 that check them."""
    random = secrets.token_hex(RANDOM_DIGITS // 2)
    return random + _check(random)


def is_epoch(text: object) -> bool:
    """Whether a stored epoch is one that `new_epoch` made, unaltered."""
    return isinstance(text, str) and text[RANDOM_DIGITS:] == _check(text[:RANDOM_DIGITS])


def _check(random: str) -> str:
    return hashlib.sha256(random.encode()).hexdigest()[:CHECK_DIGITS]
