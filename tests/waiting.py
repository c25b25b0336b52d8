"""Waiting for what must happen, in a test that shares its loop with what it waits for."""

import asyncio
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 30.0
LOOK_S: Final = 0.02


async def until(met: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it does not.
    """
    async with asyncio.timeout(patience_s):
        while not met():
            await asyncio.sleep(LOOK_S)
