"""Who may write: whoever sends the write token, and the browser that was signed in, from the page itself."""

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from app.api.problems import ApiProblem
from app.api.services import get_services
from app.session import COOKIE, is_same_origin
from app.write_token import WriteToken

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="synapse"'}
_FOREIGN: Final = (
    "a signed-in browser writes from this server's own page only: the header 'Origin' must name the host"
    " and port of 'Host'; programs send the write token"
)

_bearer = HTTPBearer(auto_error=False, description="The write token (SYNAPSE_TOKEN, or its file).")
_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    description="A browser's session (POST /api/session); a write with it needs an Origin that is this server's.",
)

BearerDep = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
CookieDep = Annotated[str | None, Depends(_cookie)]


async def require_write_token(
    request: Request, credentials: BearerDep, cookie: CookieDep = None
) -> None:
    """Refuse a request with neither the write token nor a session that comes from the server's own page.

    Raises:
        ApiProblem: 401, `unauthorised`; 403, `foreign_origin`.
    """
    services = get_services(request)
    token = services.token
    if credentials is not None:
        if token.matches(credentials.credentials):
            return
    elif services.sessions.find(cookie) is not None:
        require_same_origin(request)
        return
    detail = f"writing needs the header 'Authorization: Bearer TOKEN' ({where_is(token)})"
    if cookie is not None and credentials is None:
        detail = f"this browser's session is over or not of this server; {detail}"
    raise ApiProblem(401, "unauthorised", detail, headers=CHALLENGE)


def require_same_origin(request: Request) -> None:
    """Refuse a request that does not say that it comes from this server's own page.

    Raises:
        ApiProblem: 403, `foreign_origin`.
    """
    origin, host = request.headers.get("origin"), request.headers.get("host")
    if not is_same_origin(origin, host, request.url.scheme):
        raise ApiProblem(403, "foreign_origin", _FOREIGN)


def where_is(token: WriteToken) -> str:
    """Where whoever runs the server finds the write token."""
    return f"see {token.path or 'SYNAPSE_TOKEN'} on the server"
