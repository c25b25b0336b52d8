"""What a subscription asks for, checked before anything is sent. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import orjson
from pydantic import ValidationError

from app.client.errors import InvalidSubscription
from app.stream.protocol import SubscribePayload, describe_problems
from events.scalars import format_time

SOCKET_PATH: Final = "/ws/synapse"

History: TypeAlias = Mapping[str, int | str | datetime] | Literal["all", "none"]
"""`{"last": n}` a stream, `{"after": position}`, `{"since": time}`, `"all"` or `"none"`."""

_SCHEMES: Final = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


def subscribe_payload(  # the fields of a subscribe
    channels: Sequence[str],
    symbols: Sequence[str] | None,
    *,
    history: History,
    epoch: str | None,
    delivery: str,
    user_id: str | None,
) -> SubscribePayload:
    """The payload of a subscribe.

    Raises:
        InvalidSubscription: it does not fit the protocol; says why.
    """
    for name, given in (("channels", channels), ("symbols", symbols)):
        if isinstance(given, str):
            raise InvalidSubscription(f"{name}: must be a list of names, not one text")
    fields = {
        "channels": list(channels),
        "symbols": None if symbols is None else list(symbols),
        "history": history if isinstance(history, str) else dict(history),
        "epoch": epoch,
        "delivery": delivery,
        "user_id": user_id,
    }
    try:
        return SubscribePayload.model_validate_json(orjson.dumps(fields))
    except ValidationError as error:
        problems = describe_problems(error.errors(include_url=False, include_input=False))
        told = "; ".join(f"{one.path}: {one.problem}" for one in problems)
        raise InvalidSubscription(f"the subscription is not valid: {told}") from None
    except orjson.JSONEncodeError as error:
        raise InvalidSubscription(f"the subscription is not valid: {error}") from None


def subscribe_text(payload: SubscribePayload, msg_id: str, now: datetime) -> str:
    """The message that carries the payload."""
    return (
        f'{{"msg_id":"{msg_id}","type":"subscribe","payload":{payload.model_dump_json()},'
        f'"direction":"c2s","timestamp":"{format_time(now)}"}}'
    )


def socket_url(url: str) -> str:
    """The socket's address at a server: `http://host:port` or `ws://…`, with or without the path.

    Raises:
        InvalidSubscription: it is no such address, or it carries a secret that would end up in logs.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc or parts.query:
        raise InvalidSubscription(
            "the address must carry neither a user nor a query: give a token as `token`"
        )
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise InvalidSubscription(f"the address must look like http://127.0.0.1:8000, not {url!r}")
    path = parts.path.rstrip("/")
    if not path.endswith(SOCKET_PATH):
        path += SOCKET_PATH
    return urlunsplit((scheme, parts.netloc, path, "", ""))
