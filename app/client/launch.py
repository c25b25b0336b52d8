"""A new launch link of a running server, for a browser that is to sign in."""

from typing import Final
from urllib.parse import urlsplit

import httpx

from app.client.errors import LogUnavailable, QuestionRefused
from app.client.opening import untrusted
from app.client.refusals import detail_of, with_hint

ANSWER_S_MAX: Final = 10.0
"""How long the server may take, in seconds."""


def new_launch_link(url: str, token: str) -> str:
    """A link that signs in one browser, once; `token` must have the scope `admin`.

    Raises:
        LogUnavailable: no Synapse server answers there.
        QuestionRefused: it refuses the token.
    """
    parts = urlsplit(url)
    is_address = parts.scheme in {"http", "https"} and parts.hostname
    if not is_address or "@" in parts.netloc or parts.query or parts.fragment:
        raise LogUnavailable(
            "the address must look like http://127.0.0.1:8000/, with neither a user nor a query"
        )
    page = f"{url.rstrip('/')}/"
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.post(f"{page}api/session/launch", headers=headers, timeout=ANSWER_S_MAX)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = untrusted(error) or str(error) or type(error).__name__
        raise LogUnavailable(f"{page}: {reason}{_tls_hint(page, error)}") from error
    if answer.is_success and "launch_code" in answer.text:
        return f"{page}#launch={answer.json()['launch_code']}"
    said = detail_of(answer.content)
    if not said or answer.is_server_error or answer.status_code == httpx.codes.NOT_FOUND:
        raise LogUnavailable(f"{page} gives no launch link (status {answer.status_code})")
    raise QuestionRefused("launch_refused", with_hint(answer.status_code, said))


def _tls_hint(page: str, error: Exception) -> str:
    """What to ask oneself where a server hung up on plain HTTP, as one that speaks TLS does."""
    hung_up = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError)
    return " (does it speak https?)" if hung_up and page.startswith("http://") else ""
