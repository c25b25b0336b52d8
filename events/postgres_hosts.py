"""The hosts of a PostgreSQL URL, one by one, so that one that does not answer leaves time for the next.

asyncpg tries the hosts of `postgresql://user@h1:5432,h2:5432/log?target_session_attrs=primary` in turn, but under
one time limit: a first host whose machine is gone uses it all up.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import zip_longest
from typing import Final, TypeVar
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from events.errors import StoreUnavailable, first_line

Taken = TypeVar("Taken")

DIALECT: Final = "postgresql+asyncpg://"


def dsn_of(url: str) -> str:
    """The URL as the driver reads it."""
    return url.replace(DIALECT, "postgresql://", 1)


def hosts_of(url: str) -> str:
    """The hosts that a URL names, without who comes and with what password."""
    parts = urlsplit(dsn_of(url))
    hosts = parts.netloc.rpartition("@")[2]
    return hosts or dict(parse_qsl(parts.query)).get("host") or "its socket"


async def first_host(url: str, connect: Callable[[str], Awaitable[Taken]]) -> Taken:
    """What `connect` makes of the first host that takes us: one that is down, or not what we want, is passed by.

    Args:
        url: of all the hosts.
        connect: to one of them, which it is given as a URL; it refuses a host by `StoreUnavailable`, as by
            whatever asyncpg raises.

    Raises:
        StoreUnavailable: none takes us; every reason is told, and whether waiting may help.
    """
    import asyncpg  # type: ignore[import-untyped]  # it has no types of its own

    # The last of them is asyncpg's "it is not the primary that you asked for".
    refused = (
        OSError,
        ValueError,
        StoreUnavailable,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
    )
    refusals = []
    for host in hosts_one_by_one(url):
        try:
            return await connect(host)
        except refused as error:
            refusals.append(error)
    said = "; ".join(first_line(error) for error in refusals)
    # One that is away, starts, or is no primary yet may take us later; a wrong password stays wrong.
    later = any(_may_pass(error) for error in refusals)
    raise StoreUnavailable(
        f"cannot connect to PostgreSQL at {hosts_of(url)}: {said}", is_away=later
    ) from refusals[0]


def hosts_one_by_one(url: str) -> Sequence[str]:
    """The same URL for each of its hosts, in their order; itself where it names one or none."""
    parts = urlsplit(dsn_of(url))
    user, at, hosts = parts.netloc.rpartition("@")
    if "," in hosts:
        return [_url(parts._replace(netloc=f"{user}{at}{host}")) for host in hosts.split(",")]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    named = {name: value.split(",") for name, value in pairs if name in {"host", "port"}}
    if hosts or len(named.get("host", ())) < 2:
        return [dsn_of(url)]
    others = [(name, value) for name, value in pairs if name not in named]
    ports = named.get("port", [])
    every = zip_longest(named["host"], ports, fillvalue=ports[0] if len(ports) == 1 else None)
    return [
        _url(parts._replace(query=urlencode([*others, *_named(host, port)])))
        for host, port in every
        if host is not None
    ]


def _named(host: str, port: str | None) -> list[tuple[str, str]]:
    return [("host", host), *([("port", port)] if port else [])]


def _url(parts: SplitResult) -> str:
    # `urlunsplit` leaves out the slashes before an empty place.
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{query}"


def _may_pass(error: BaseException) -> bool:
    state = getattr(error, "sqlstate", None) or ""
    return (
        isinstance(error, OSError)
        or state.startswith(("57P", "53", "08"))
        or type(error).__name__ == "TargetServerAttributeNotMatched"
    )
