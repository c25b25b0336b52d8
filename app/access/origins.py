"""Which names and which pages this server answers to. Pure.

A page of another site reaches a server on this machine in two ways: it opens a socket to it, which no browser
forbids (so the `Origin` is looked at), or it lets a name of its own point at 127.0.0.1 (so the `Host` is).
Who rebinds a name needs a name: an address in `Host` is what the page was loaded from, and is always right.
"""

import re
from collections.abc import Collection
from ipaddress import ip_address
from typing import Final

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_HOST: Final = re.compile(
    r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9_-])?\.?)(?P<port>:[0-9]{1,5})?"
)
_LOCAL: Final = "localhost"
_SECURE: Final = frozenset({"https", "wss"})


def host_name(host: str) -> str | None:
    """The name in a `Host` header, in lower case, without port and final dot; None for what is no host."""
    found = _HOST.fullmatch(host.lower())
    if found is None or int((found["port"] or ":1")[1:]) not in range(1, 65_536):
        return None
    return found["name"].rstrip(".")


def is_own_host(host: str, allowed: Collection[str]) -> bool:
    """Whether a `Host` header names this server: by an address, as localhost, or by one of its names.

    Args:
        host: the header.
        allowed: the server's names, in lower case, for any port; with a port for that one only.
    """
    name = host_name(host)
    if name is None:
        return False
    return name == _LOCAL or _is_address(name) or name in allowed or host.lower() in allowed


def _is_address(name: str) -> bool:
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def is_own_page(origin: str, host: str | None, scheme: str, allowed: Collection[str] = ()) -> bool:
    """Whether an `Origin` is this server's own, or one that its operator allowed.

    Args:
        origin: the header: the page's scheme, host and port; `null` where a browser hides it.
        host: the `Host` header.
        scheme: of the request.
        allowed: other origins, in lower case, as browsers write them.
    """
    return origin.lower() in allowed or is_same_origin(origin, host, scheme)


def is_same_origin(origin: str | None, host: str | None, scheme: str) -> bool:
    """Whether a request comes from a page of the server that it goes to.

    A browser sends the cookie of one host with requests of pages on all its ports, so the port counts.

    Args:
        origin: the `Origin` header: the page's scheme, host and port; `null` where a browser hides it.
        host: the `Host` header.
        scheme: the request's own, as far as the server knows: behind a proxy that ends TLS without a
            word it is `http` (or `ws`), and a page of `https` is right; the other way round it is not.
    """
    page_scheme, separator, place = (origin or "").lower().partition("://")
    port = _DEFAULT_PORTS.get(page_scheme)
    if not separator or not place or port is None or (page_scheme == "http" and scheme in _SECURE):
        return False
    return place.removesuffix(port) == (host or "").lower().removesuffix(port)
