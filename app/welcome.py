"""What a server says of itself when it starts: lines for people, one event for machines."""

import os
import socket
from collections.abc import Sequence

import structlog
from rich.console import Console
from rich.text import Text

from app.access.exposure import Exposure
from app.access.gate import Gate
from app.access.sessions import LAUNCH_S_MAX
from app.market.strategy import DISCLAIMER
from app.serving import listens_everywhere
from app.setting_names import PREFIX, misspelt

shell = Console(stderr=True, highlight=False)

_log = structlog.get_logger("serve")


def warn(problems: Sequence[str], *, as_json: bool) -> None:
    """Tell what does not keep the server from starting, a line each."""
    for problem in problems:
        if as_json:
            _log.warning("setting_doubtful", problem=problem)
        else:
            shell.print(f"Warning: {problem}", markup=False, soft_wrap=True)


def unknown_settings(names: Sequence[str]) -> list[str]:
    """What to say of variables that nobody reads, where a setting has nearly that name. `names`: the settings."""
    known = {f"{PREFIX}{name.upper()}" for name in names}
    return [
        f"{name} is no setting: was {meant} meant?"
        for name, meant in misspelt(os.environ, known).items()
    ]


def nameless(exposure: Exposure, allowed_hosts: str) -> list[str]:
    """What to say to whoever lets others in, and gave the server no name."""
    if allowed_hosts or (exposure.is_local and not exposure.proxies):
        return []
    return ["by a name it answers nobody (421): set SYNAPSE_ALLOWED_HOSTS; its addresses are known"]


def log_serving(url: str, gate: Gate) -> None:
    """What machines read: no link in it, which signs in whoever reads it first."""
    token_file = None if gate.token.path is None else str(gate.token.path)
    _log.info("serving", url=url, token_file=token_file)


def welcome(listener: socket.socket, url: str, gate: Gate, launch: str) -> None:
    """What people read, with the link that signs a browser in."""
    # No markup: the brackets of an IPv6 address would be taken for some.
    address = (url, f"link {url}")
    shell.print(Text.assemble(("Synapse", "bold"), " is at ", address, " (Ctrl-C stops it)"))
    if listens_everywhere(listener):
        shell.print("It listens on all interfaces: other machines can reach it", soft_wrap=True)
    reads = "; the address above only reads" if gate.stranger("127.0.0.1").scopes else ""
    shell.print(
        f"To sign a browser in, open {launch} (it signs in one browser, once, within"
        f" {LAUNCH_S_MAX // 60} minutes{reads})",
        markup=False,
        soft_wrap=True,
    )
    if gate.token.path:
        shell.print(f"The server's own token is in {gate.token.path}", markup=False, soft_wrap=True)
    shell.print(f"[dim]{DISCLAIMER}[/dim]")
