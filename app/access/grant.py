"""What somebody may do, whichever way they came in. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from events.catalog import Channel


class Scope(StrEnum):
    """What a token is for; none of them includes another."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


ALL_SCOPES: Final = frozenset(Scope)
ALL_CHANNELS: Final = frozenset(Channel)


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may do, and for how long.

    Attributes:
        name: whose it is, for logs: a token's name, never the token.
        scopes: what it is for.
        channels: what of the log it shows, and lets write.
        expires_at: when it ends; None for never.
        proof: what it hangs on: it ends when that is taken back. Empty where there is nothing to take back.
    """

    name: str
    scopes: frozenset[Scope]
    channels: frozenset[Channel] = ALL_CHANNELS
    expires_at: datetime | None = None
    proof: str = ""

    @property
    def sees_all(self) -> bool:
        """Whether no channel is hidden from it."""
        return self.channels == ALL_CHANNELS

    def hidden(self, channels: Iterable[Channel]) -> list[Channel]:
        """Those of some channels that it does not cover, in the order of the catalog."""
        asked = set(channels)
        return [channel for channel in Channel if channel in asked and channel not in self.channels]

    def visible(self) -> list[Channel]:
        """The channels that it covers, in the order of the catalog."""
        return [channel for channel in Channel if channel in self.channels]


GRANT: Final = "synapse.grant"
"""Where in the scope of a request its grant is found."""

NOBODY: Final = Grant("nobody", frozenset(), frozenset())
"""Who has shown nothing where something must be shown."""

ANYONE: Final = Grant("anyone", frozenset({Scope.READ}))
"""Who has shown nothing where reading is open."""
