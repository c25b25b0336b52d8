"""Waiting for what must happen: in a test that shares its loop with that, or beside it, in another thread or process."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 30.0
LOOK_S: Final = 0.01

EAGER_LOOKS: Final = 1_000
"""So many looks only give way to the rest of the loop: what holds for a moment is not missed."""


async def until(met: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it does not.
    """
    looks = 0
    async with asyncio.timeout(patience_s):
        while not met():
            looks += 1
            await asyncio.sleep(0 if looks < EAGER_LOOKS else LOOK_S)


def eventually(met: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """The same in a test without a loop.

    Raises:
        TimeoutError: it does not.
    """
    ends_at = time.monotonic() + patience_s
    while not met():
        if time.monotonic() > ends_at:
            raise TimeoutError("it never came to be")
        time.sleep(LOOK_S)
