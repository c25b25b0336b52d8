"""`python -m app.health_check`: asks the server beside it, which has the same settings, whether it is well.

For a container's health check: it loads nothing but Python's own modules. Flags of `synapse serve` it does not know.
"""

import os
import ssl
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final

ANSWER_S_MAX: Final = 4.0
"""How long the server may take to answer."""

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # nothing is bound here


def connection(settings: Mapping[str, str]) -> HTTPConnection:
    """A connection to the server that has these settings.

    Raises:
        ValueError: the port is none.
    """
    host = settings.get("SYNAPSE_HOST") or "127.0.0.1"
    port = int(settings.get("SYNAPSE_PORT") or 8000)
    host = _EVERYWHERE.get(host, host)
    if not settings.get("SYNAPSE_TLS_CERT"):
        return HTTPConnection(host, port, timeout=ANSWER_S_MAX)
    # The certificate is for the name that others know; here it is the process that is asked for, by its address.
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=ANSWER_S_MAX, context=trusting)


def problem(settings: Mapping[str, str]) -> str | None:
    """Why the server is not well; None when it is."""
    try:
        asked = connection(settings)
        # A server knows itself as localhost, whatever name it listens on.
        asked.request("GET", "/healthz", headers={"Host": "localhost"})
        status = asked.getresponse().status
    except (OSError, HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return None if status == 200 else f"/healthz answers {status}"


def main() -> int:
    """Ask, and say why not; the exit code."""
    told = problem(os.environ)
    if told is not None:
        sys.stderr.write(f"synapse: {told}\n")
    return 0 if told is None else 1


if __name__ == "__main__":
    raise SystemExit(main())
