"""What writing needs, as the contract tells it; and what an answer may show of what is asked for.

Who may come in is decided in the doorway (`app.api.doorway`), by the rules of `app.access.rules`.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.routing import APIRoute, APIWebSocketRoute
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from app.access.grant import Grant, Scope
from app.access.rules import CLOSED, Rule, endpoint_rule, refusal
from app.access.sessions import COOKIE
from app.api.doorway import grant_of, problem_of
from events.catalog import Channel

NO_SOCKET: Final = "/{path:path}"
"""The socket that answers where none is."""

_CHANNELS: Final = frozenset(channel.value for channel in Channel)

_bearer = HTTPBearer(
    auto_error=False, description="A token: the server's own, or one of its operator's."
)
_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    description="A browser's session (POST /api/session); 8 digits of the server follow the name. A write"
    " with it needs an Origin that is this server's.",
)

BearerDep = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
CookieDep = Annotated[str | None, Depends(_cookie)]


async def _get_grant(request: Request) -> Grant:
    return grant_of(request)


GrantDep = Annotated[Grant, Depends(_get_grant)]


async def require_write(grant: GrantDep, _token: BearerDep, _session: CookieDep = None) -> None:
    """Tells the contract that this writes. The doorway has looked already; a second lock costs nothing.

    Raises:
        ApiProblem: 401 or 403.
    """
    require(grant, Scope.WRITE)


def require(grant: Grant, scope: Scope, channels: Sequence[Channel] = ()) -> None:
    """Refuse what a grant does not allow.

    Raises:
        ApiProblem: 401, `unauthorised`; 403, `forbidden` or `forbidden_channel`.
    """
    refused = refusal(grant, scope, channels)
    if refused is not None:
        raise problem_of(refused)


async def second_look(request: HTTPConnection) -> None:
    """Look again, by the route that was found: no rule may name it, or the doorway have read its path otherwise.

    Raises:
        ApiProblem: 401 or 403.
    """
    route = request.scope.get("route")
    if isinstance(route, APIRoute):
        rule = _rule_of(request.scope["method"], route.path_format)
    elif isinstance(route, APIWebSocketRoute) and route.path != NO_SOCKET:
        rule = _rule_of("GET", route.path_format)
        if rule is not CLOSED:  # else its first message may hold the token
            return
    else:
        return
    if rule.scope is not None:
        require(grant_of(request), rule.scope, sorted(rule.channels))


@cache
def _rule_of(method: str, template: str) -> Rule:
    return endpoint_rule(method, re.sub(r"\{[^}]*\}", "x", template))


def covered(grant: Grant, channels: list[str] | None) -> list[str] | None:
    """The channels that are asked for, if the grant covers them; all that it covers where none are named.

    Names that there are not stay, for whoever reads them to refuse. None stays where nothing is hidden.

    Raises:
        ApiProblem: 403, `forbidden_channel`.
    """
    if channels is None:
        return None if grant.sees_all else [channel.value for channel in grant.visible()]
    require(grant, Scope.READ, [Channel(name) for name in channels if name in _CHANNELS])
    return channels
