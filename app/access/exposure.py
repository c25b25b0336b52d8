"""Whether the server may listen where it is told to: beyond this machine only with locks on its doors. Pure."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

TOKEN_LENGTH_MIN: Final = 20
"""Characters of a token of the operator's own where other machines reach the server: 119 bits, if they are random."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What an operator chose about who reaches the server, and how.

    Attributes:
        host: the address to listen on.
        has_tls: whether it speaks TLS itself.
        proxies: addresses and networks of the proxies that do it for it.
        reading_is_open: whether whoever reaches it may read; None for what is right there.
        token_length: characters of the token that the operator chose; None for one that is made.
    """

    host: str
    has_tls: bool
    proxies: tuple[str, ...]
    reading_is_open: bool | None
    token_length: int | None = None

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return is_loopback(self.host)

    @property
    def opens_reading(self) -> bool:
        """Whether reading needs no token."""
        # A proxy on this machine brings others to a server that only this machine reaches.
        by_default = self.is_local and not self.proxies
        return by_default if self.reading_is_open is None else self.reading_is_open

    @property
    def needs_tls(self) -> bool:
        """Whether a request counts only if a trusted proxy says that it came by TLS."""
        return not self.is_local and not self.has_tls

    def problem(self) -> str | None:
        """Why the server may not start so, in one sentence that says what to do; None where it may."""
        if self.is_local:
            return self._weak_token() if self.proxies else None
        if self.opens_reading:
            return f"on {self.host} other machines reach the log: leave SYNAPSE_READ out, or listen on 127.0.0.1"
        if not self.has_tls and not self.proxies:
            return (
                f"on {self.host} tokens would cross the network in the clear: set SYNAPSE_TLS_CERT and"
                " SYNAPSE_TLS_KEY, or name the proxy that ends TLS in SYNAPSE_TRUSTED_PROXIES, or listen on"
                " 127.0.0.1"
            )
        return self._weak_token()

    def _weak_token(self) -> str | None:
        if self.token_length is None or self.token_length >= TOKEN_LENGTH_MIN:
            return None
        return (
            f"other machines reach the log, and a token of {self.token_length} characters can be guessed: leave"
            f" SYNAPSE_TOKEN out, and one is made, or take {TOKEN_LENGTH_MIN} random characters at least"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address. A name other than localhost may lead anywhere."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _mended(part: str) -> str:
    """What is to be written in the place of what is no network."""
    try:
        meant = ip_network(part, strict=False)
    except ValueError:
        return f"{part!r} is no address and no network: write 10.0.0.5 or 10.1.0.0/16"
    # An address with the length of a network: either may have been meant.
    return f"{part!r} is an address in a network: write {meant}, or the address alone"


def parse_proxies(text: str) -> tuple[str, ...]:
    """Addresses and networks, separated by commas: `10.0.0.5,10.1.0.0/16,::1`.

    Raises:
        ValueError: one of them is none, or is everybody.
    """
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in found:
        try:
            network = ip_network(part)
        except ValueError:
            raise ValueError(_mended(part)) from None
        if network.prefixlen == 0:
            raise ValueError(f"{part!r} is everybody: name the proxy's own address")
    return found
