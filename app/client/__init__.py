"""The Python client: a log to put questions to (`connect`), and its events as they come, typed, in order, without a gap.

It imports the wire's types and nothing else of the server. `docs/clients.md` shows it at work.
"""

from app.client.aio import Subscription, SynapseClient
from app.client.connect import connect
from app.client.continuity import Cursor
from app.client.errors import (
    BrokenStream,
    ClientError,
    CursorRefused,
    EpochChanged,
    InvalidSubscription,
    LogUnavailable,
    MissedEvents,
    OutOfOrder,
    PositionBeyondHead,
    QuestionRefused,
    Refused,
    SubscriptionRefused,
    Unreachable,
)
from app.client.events import EventDetail, Events
from app.client.limits import Limits
from app.client.log import Log, LogHead
from app.client.messages import Event
from app.client.shift import Shift
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
from app.client.table import MissingLibrary, Table

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
    "EventDetail",
    "Events",
    "InvalidSubscription",
    "Lagging",
    "Limits",
    "Log",
    "LogHead",
    "LogUnavailable",
    "MissedEvents",
    "MissingLibrary",
    "OutOfOrder",
    "PositionBeyondHead",
    "QuestionRefused",
    "Reconnecting",
    "Refused",
    "Restarted",
    "Shift",
    "Signal",
    "Subscription",
    "SubscriptionRefused",
    "SynapseClient",
    "SyncSubscription",
    "SyncSynapseClient",
    "Table",
    "Unreachable",
    "connect",
]
