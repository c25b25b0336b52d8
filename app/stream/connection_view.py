"""What one connection tells about itself, whatever its way in: `GET /api/connections` and `/metrics`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from app.metrics import Way
from events.catalog import Channel


class ConnectionView(Protocol):
    """One connected client."""

    @property
    def id(self) -> str:
        """What names it in the logs, too; made by the server."""

    @property
    def way(self) -> Way:
        """How it is connected."""

    @property
    def channels(self) -> Sequence[Channel]:
        """What it is subscribed to; empty before its first request."""

    @property
    def symbols(self) -> Sequence[str] | None:
        """The symbols that it narrowed its channels to; None for all."""

    @property
    def user_id(self) -> str | None:
        """The label that it gave itself: never an identity."""

    @property
    def since(self) -> datetime:
        """When it connected."""

    @property
    def position(self) -> int | None:
        """Everything that it asked for up to here has been sent; None before its first request.

        A replay has a clock of its own, and is behind nothing: it gives None.
        """

    @property
    def messages_sent(self) -> int:
        """Messages that were handed to its wire."""

    @property
    def bytes_sent(self) -> int:
        """Bytes of these messages."""

    @property
    def parked(self) -> bool:
        """Whether delivery waits for the client to read."""


def lag(view: ConnectionView, head: int) -> int:
    """How many positions of the log a connection is behind; 0 for one that follows nothing."""
    return 0 if view.position is None else max(0, head - view.position)
