"""The hosts of a PostgreSQL URL, one by one, so that one that does not answer leaves time for the next.

asyncpg tries the hosts of `postgresql://user@h1:5432,h2:5432/log?target_session_attrs=primary` in turn, but under
one time limit: a first host whose machine is gone uses it all up.
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

DIALECT: Final = "postgresql+asyncpg://"


def dsn_of(url: str) -> str:
    """The URL as the driver reads it."""
    return url.replace(DIALECT, "postgresql://", 1)


def place_of(url: str) -> str:
    """Where a URL leads, without who comes and with what password."""
    parts = urlsplit(dsn_of(url))
    hosts = parts.netloc.rpartition("@")[2]
    return hosts or dict(parse_qsl(parts.query)).get("host") or "its socket"


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
