"""How many symbols connections may name: a client's together, and everybody's. Pure."""

from collections import Counter
from typing import Final

SYMBOLS_HELD_PER_CLIENT_MAX: Final = 100_000
"""Symbols that all connections of one client address name together; each costs 240 bytes."""

SYMBOLS_HELD_ALL_MAX: Final = 1_000_000
"""The same of all clients."""


class NamesHeld:
    """Who names how many."""

    def __init__(
        self,
        most: int = SYMBOLS_HELD_ALL_MAX,
        most_per_client: int = SYMBOLS_HELD_PER_CLIENT_MAX,
    ) -> None:
        self._most = most
        self._most_per_client = most_per_client
        self._of: Counter[str] = Counter()
        self._total = 0

    def __len__(self) -> int:
        return self._total

    def room(self, client: str) -> int:
        """How many more a client may name."""
        return max(0, min(self._most - self._total, self._most_per_client - self._of[client]))

    def change(self, client: str, by: int) -> None:
        """One of its connections names so many more, or fewer."""
        if not by:
            return
        self._total += by
        self._of[client] += by
        if not self._of[client]:
            del self._of[client]  # who was ever here is not remembered
