"""How many there may be at once, in all and from one client: counted at the door, given up on leaving. Pure."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Final

CONNECTIONS_MAX: Final = 20_000
"""Long-lived connections (sockets and event streams) in all; one more is answered with 429."""

CONNECTIONS_PER_CLIENT_MAX: Final = 1_024
"""The same from one client address."""

SOCKETS_MAX: Final = 2 * CONNECTIONS_MAX
"""TCP connections in all, whatever comes over them; one more is cut off at once. Fewer, where the system
gives the process fewer descriptors: see `app.stream.open_files`."""

SOCKETS_PER_CLIENT_MAX: Final = 2 * CONNECTIONS_PER_CLIENT_MAX
"""The same from one client address: enough that who is told so (429) can be told."""

_NETWORK_BITS: Final = 64
"""Of an IPv6 address: the rest is chosen by the client, as it likes."""


UNKNOWN: Final = "unknown"
"""Who a proxy names by anything but an address: all of them are one client, and what it wrote is not logged."""


class Crowded(Exception):
    """One too many. The sentence says of what."""


def client_of(address: str) -> str:
    """Who counts as one client: an IPv4 address, the /64 of an IPv6 one; all others are `UNKNOWN` together."""
    try:
        return str(IPv4Address(address))
    except AddressValueError:
        pass
    try:
        whole = IPv6Address(address)
    except AddressValueError:
        return UNKNOWN
    if whole.ipv4_mapped is not None:
        return str(whole.ipv4_mapped)
    return f"{IPv6Address(int(whole) >> _NETWORK_BITS << _NETWORK_BITS)}/{_NETWORK_BITS}"


def address_told(address: str) -> str:
    """A client's address as it is logged: an address, without an interface's name, or `UNKNOWN`."""
    bare = address.partition("%")[0]
    try:
        return str(ip_address(bare))
    except ValueError:
        return UNKNOWN


def _nobody(_address: str) -> bool:
    return False


class Crowd:
    """Everyone who is in.

    Attributes:
        most: how many there may be.
        most_per_client: how many of them may be one client's.
    """

    def __init__(
        self,
        most: int = CONNECTIONS_MAX,
        most_per_client: int = CONNECTIONS_PER_CLIENT_MAX,
        is_exempt: Callable[[str], bool] = _nobody,
    ) -> None:
        """`is_exempt`: whether an address stands for many clients, as a reverse proxy's does."""
        self.most = most
        self.most_per_client = most_per_client
        self._is_exempt = is_exempt
        self._total = 0
        self._of: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._total

    def of(self, address: str) -> int:
        """How many are in from where this address belongs to."""
        return self._of[client_of(address)]

    def enter(self, address: str) -> None:
        """Take one in; `leave` must follow.

        Raises:
            Crowded: there are as many as there may be. Nothing was taken.
        """
        if self._total >= self.most:
            raise Crowded(f"the server holds {self.most} connections, and takes no more")
        client = client_of(address)
        if self._of[client] >= self.most_per_client and not self._is_exempt(address):
            raise Crowded(
                f"{client} holds {self.most_per_client} connections, and may have no more"
            )
        self._total += 1
        self._of[client] += 1

    def leave(self, address: str) -> None:
        """One that had entered from this address has gone."""
        client = client_of(address)
        self._total -= 1
        self._of[client] -= 1
        if not self._of[client]:
            del self._of[client]  # who was ever here is not remembered

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """In for as long as the block runs, however it ends.

        Raises:
            Crowded: see `enter`.
        """
        self.enter(address)
        try:
            yield
        finally:
            self.leave(address)
