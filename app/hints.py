"""Which way nodes of one log hear of each other's commits, as the settings say."""

from typing import Final

from app.config import Settings
from app.database_url import DatabaseUrlError
from events.hints import HintKind, Hints
from events.sql_store import SqlEventStore

_ALONE: Final = (
    "is for a log in PostgreSQL: a log in a file has one writing process, and no other to tell"
)


class HintsError(DatabaseUrlError):
    """Settings of hints that do not go with one another, or not with the log."""


def hint_kind(settings: Settings) -> HintKind:
    """The way that the settings choose: NATS where a server is named, else LISTEN/NOTIFY."""
    if settings.hints is not None:
        return HintKind(settings.hints)
    return HintKind.NOTIFY if settings.nats_url is None else HintKind.NATS


def check_hints(settings: Settings, url: str | None) -> None:
    """Make sure that the settings of hints go with one another and with the log, before that is opened.

    Args:
        settings: what the operator chose.
        url: of the log in PostgreSQL; None where it is a file.

    Raises:
        HintsError: they do not.
        StoreUnavailable: nats-py is not installed.
    """
    if url is None:
        if settings.nats_url is not None:
            raise HintsError(f"SYNAPSE_NATS_URL {_ALONE}")
        if settings.hints in (HintKind.NATS, HintKind.NOTIFY):
            raise HintsError(f"SYNAPSE_HINTS={settings.hints} {_ALONE}")
    elif hint_kind(settings) is HintKind.NATS:
        from events.nats_connection import check_installed, servers_of

        if settings.nats_url is None:
            raise HintsError("SYNAPSE_HINTS=nats needs SYNAPSE_NATS_URL: write nats://HOST:4222")
        try:
            servers_of(settings.nats_url)
        except ValueError as error:
            raise HintsError(f"SYNAPSE_NATS_URL: {error}") from None
        check_installed()


async def open_hints(settings: Settings, url: str, store: SqlEventStore) -> Hints | None:
    """The way to tell other nodes and to hear them; None where the log is only asked every so often.

    Args:
        settings: what the operator chose; `check_hints` has nothing against them.
        url: of the log in PostgreSQL.
        store: the opened log, which has the key.

    Raises:
        StoreUnavailable: the key cannot be read now.
    """
    match hint_kind(settings):
        case HintKind.NATS:
            from events.nats_hints import NatsHints

            return NatsHints(settings.nats_url or "", await store.hint_key())
        case HintKind.NOTIFY:
            from events.notify_hints import NotifyHints

            return NotifyHints(url)
        case HintKind.POLL:
            return None
