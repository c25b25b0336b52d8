"""Which way nodes of one log hear of each other's commits, as the settings say."""

from app.config import Settings
from events.hints import HintKind


def hint_kind(settings: Settings) -> HintKind:
    """The way that the settings choose: NATS where a server is named, else LISTEN/NOTIFY."""
    if settings.hints is not None:
        return HintKind(settings.hints)
    return HintKind.NOTIFY if settings.nats_url is None else HintKind.NATS
