"""How many files and connections the system lets this process have open at once."""

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from app.stream.crowd import SOCKETS_MAX, SOCKETS_PER_CLIENT_MAX, Crowd

DESCRIPTORS_KEPT: Final = 256
"""Of these, so many are kept for the log, its readers, exports and lanes: connections never take them."""

_resource: Any = None
with suppress(ImportError):  # there are systems without
    _resource = import_module("resource")


def raise_open_files() -> int | None:
    """Let the process have as many files open as it may ever have; how many, or None where nobody says."""
    if _resource is None:
        return None
    soft, hard = _resource.getrlimit(_resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems name a higher one than they grant
        _resource.setrlimit(_resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return None if soft == _resource.RLIM_INFINITY else int(soft)


def sockets_crowd(open_files: int | None, is_exempt: Callable[[str], bool]) -> Crowd:
    """The TCP connections that a process with so many descriptors takes; at least one.

    Args:
        open_files: how many it may have open; None for any number.
        is_exempt: whether an address is a reverse proxy's.
    """
    most = SOCKETS_MAX
    if open_files is not None:
        most = max(1, min(most, open_files - DESCRIPTORS_KEPT))
    return Crowd(most, SOCKETS_PER_CLIENT_MAX, is_exempt)
