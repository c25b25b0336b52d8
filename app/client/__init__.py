"""The Python client: the recorder's events, typed, in order, without a gap, for as long as one reads.

It imports the wire's types and nothing else of the server. `docs/clients.md` shows it at work.
"""

from app.client.aio import Subscription, SynapseClient
from app.client.continuity import Cursor
from app.client.errors import (
    BrokenStream,
    ClientError,
    CursorRefused,
    EpochChanged,
    InvalidSubscription,
    MissedEvents,
    OutOfOrder,
    PositionBeyondHead,
    Refused,
    SubscriptionRefused,
    Unreachable,
)
from app.client.limits import Limits
from app.client.messages import Event
from app.client.signals import (
    CatchingUp,
    CaughtUp,
    Connecting,
    Lagging,
    Reconnecting,
    Restarted,
    Signal,
)
from app.client.sync import SyncSubscription, SyncSynapseClient

__all__ = [
    "BrokenStream",
    "CatchingUp",
    "CaughtUp",
    "ClientError",
    "Connecting",
    "Cursor",
    "CursorRefused",
    "EpochChanged",
    "Event",
    "InvalidSubscription",
    "Lagging",
    "Limits",
    "MissedEvents",
    "OutOfOrder",
    "PositionBeyondHead",
    "Reconnecting",
    "Refused",
    "Restarted",
    "Signal",
    "Subscription",
    "SubscriptionRefused",
    "SynapseClient",
    "SyncSubscription",
    "SyncSynapseClient",
    "Unreachable",
]
