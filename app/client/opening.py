"""Opens a socket at a server, with the token in a header, and goes nowhere else with it."""

from ssl import SSLCertVerificationError
from typing import Any

from websockets.asyncio.client import ClientConnection, connect


class _Straight(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """None is followed: the token would go along to wherever it leads."""
        return exc


async def open_socket(url: str, token: str | None, **options: Any) -> ClientConnection:
    """A connection; `options` are those of `websockets`.

    Trusted are the authorities that this machine trusts, or those that `SSL_CERT_FILE` names.

    Raises:
        InvalidStatus, OSError, EOFError, InvalidHandshake: there is none.
    """
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return await _Straight(url, additional_headers=headers, **options)


def untrusted(error: BaseException) -> str | None:
    """Why a server's certificate is not trusted; None where that is not what went wrong."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, SSLCertVerificationError):
            return (
                f"its certificate is not trusted ({seen.verify_message}): of an authority of your own, name its"
                " certificate in SSL_CERT_FILE"
            )
        seen = seen.__cause__ or seen.__context__
    return None
