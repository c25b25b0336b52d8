"""The doorway: every request, and every handshake of a socket, comes through here before anything else looks at it.

In this order: whom it is for (`Host`), which page it comes from (`Origin`), who sends it (a token, a cookie), and
whether that is enough (`app.access.rules`). What is refused has cost the server a look at its headers.
"""

import re
from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.gate import Gate
from app.access.grant import GRANT, NOBODY, Grant
from app.access.origins import host_name, is_own_host, is_own_page, is_same_origin
from app.access.rules import UNAUTHORISED, Refusal, Rule, refusal, rule_of
from app.api.problems import ApiProblem, refuse
from app.api.services import get_gate
from app.stream.close_codes import CLOSE_UNAUTHORISED
from app.stream.manager import SUBPROTOCOL

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="synapse"'}

BEARER_SUBPROTOCOL: Final = "synapse.bearer."
"""What such an offer begins with; the token follows."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_TOKEN_PARAMS: Final = frozenset({"token", "access_token", "bearer", "authorization", "api_key"})
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")
_FOREIGN: Final = (
    "a signed-in browser writes, and opens sockets, from this server's own page only: the header 'Origin' must"
    " name the host and port of 'Host'; programs send a token"
)


def grant_of(connection: HTTPConnection) -> Grant:
    """What whoever sends a request may do: `NOBODY` where it did not come through the doorway."""
    found = connection.scope.get(GRANT, NOBODY)
    assert isinstance(found, Grant)
    return found


class Doorway:
    """ASGI middleware that knows who comes, and turns away who may not."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
        *,
        needs_tls: bool = False,
    ) -> None:
        """Put it before an application.

        Args:
            app: what it guards.
            hosts: names that the server has, in lower case.
            origins: pages of others that may ask it, in lower case.
            needs_tls: whether only what came by TLS counts, as a trusted proxy says.
        """
        self._app = app
        self._hosts = hosts
        self._origins = origins
        self._needs_tls = needs_tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or answer why not."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        try:
            connection = HTTPConnection(scope)
            rule = self._check_place(connection)
            gate = get_gate(connection)
            offered = _offered(connection)
            if offered is not None and gate.of_token(offered) is None:
                # Refused with a close code: a browser tells its page nothing of a handshake that failed.
                await _turn_away(receive, send)
                return
            scope[GRANT] = self._admit(connection, gate, rule, offered)
        except ApiProblem as problem:
            await refuse(problem, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check_place(self, connection: HTTPConnection) -> Rule:
        """Whom a request is for, and which page it comes from.

        Raises:
            ApiProblem: 400, `bad_host`, `token_in_query`; 421, `foreign_host`; 403, `foreign_origin`.
        """
        scope, headers = connection.scope, connection.headers
        hosts = headers.getlist("host")
        if len(hosts) != 1 or host_name(hosts[0]) is None:
            raise ApiProblem(400, "bad_host", "the header 'Host' must name this server, once")
        if not is_own_host(hosts[0], self._hosts):
            detail = (
                f"this server does not answer to {host_name(hosts[0])!r}: reach it by its address, or let its"
                " operator name it in SYNAPSE_ALLOWED_HOSTS"
            )
            raise ApiProblem(421, "foreign_host", detail)
        if _CONTROLS.search(scope["path"]):
            # A route's pattern takes a path with a line's end after it for the path itself; a rule does not.
            raise ApiProblem(404, "not_found", "a path has no control characters in it")
        rule = rule_of(scope.get("method", "GET"), scope["path"])
        origins = headers.getlist("origin")
        # A browser sends one at most; of two, nobody can say which one is right.
        origin = ", ".join(origins) if origins else None
        guarded = rule.scope is not None or scope.get("method", "GET") not in _SAFE
        # Whoever needs no token, and sends one, is told all the same that it was seen on its way.
        counts = guarded or "authorization" in headers
        if counts and self._needs_tls and scope["scheme"] not in {"https", "wss"}:
            detail = "this came past the proxy that ends TLS, in the clear: make a new token if it had one"
            raise ApiProblem(403, "tls_required", detail)
        if (
            guarded
            and origin is not None
            and not is_own_page(origin, hosts[0], connection.url.scheme, self._origins)
        ):
            detail = (
                "the page that asks is of another site: its Origin is not this server's, and its operator has not"
                " named it in SYNAPSE_ALLOWED_ORIGINS"
            )
            raise ApiProblem(403, "foreign_origin", detail)
        if guarded and b"=" in scope["query_string"]:
            named = _TOKEN_PARAMS.intersection(name.lower() for name in connection.query_params)
            if named:
                detail = (
                    f"the parameter {min(named)!r} is not taken: an address ends up in logs and histories."
                    " Send the header 'Authorization: Bearer TOKEN', and make a new token"
                )
                raise ApiProblem(400, "token_in_query", detail)
        return rule

    def _admit(
        self, connection: HTTPConnection, gate: Gate, rule: Rule, offered: str | None
    ) -> Grant:
        """The grant of whoever sends a request, if it is enough for it.

        Raises:
            ApiProblem: 401, `unauthorised`; 403, `forbidden`, `forbidden_channel`, `foreign_origin`.
        """
        headers = connection.headers
        authorization = headers.get("authorization") or None
        cookie = _cookie(headers, gate)
        grant, is_browser = gate.stranger(_address(connection)), False
        if rule.scope is None:
            # Nothing is needed; who may see more shows it.
            token = None if authorization is None else _bearer(authorization)
            return (gate.of_token(token) if token else None) or grant
        if authorization is not None or offered is not None:
            token = offered if authorization is None else _bearer(authorization)
            grant = _owner_of(connection, gate, token)
        elif cookie is not None:
            found = gate.of_cookie(cookie)
            grant, is_browser = found or grant, found is not None
        if is_browser and not _may_use_cookie(connection):
            raise ApiProblem(403, "foreign_origin", _FOREIGN)
        refused = refusal(grant, rule.scope, rule.channels)
        if refused is None:
            return grant
        if refused.code != UNAUTHORISED:
            raise problem_of(refused)
        if connection.scope["type"] == "websocket" and cookie is None:
            return NOBODY  # its first message may hold the token
        told = (
            refused.message
            if cookie is None
            else f"this browser's session is over; {refused.message}"
        )
        raise _unauthorised(connection, told)


def problem_of(refused: Refusal) -> ApiProblem:
    """What a grant is not enough for, as an answer: 401 to whoever has shown nothing, else 403."""
    if refused.code == UNAUTHORISED:
        return ApiProblem(401, refused.code, refused.message, headers=CHALLENGE)
    return ApiProblem(403, refused.code, refused.message)


def grant_of_header(connection: HTTPConnection) -> Grant | None:
    """What the header `Authorization` allows; None where there is none.

    Raises:
        ApiProblem: 401, `unauthorised`: it holds no token that is right.
    """
    authorization = connection.headers.get("authorization") or None
    if authorization is None:
        return None
    return _owner_of(connection, get_gate(connection), _bearer(authorization))


def _owner_of(connection: HTTPConnection, gate: Gate, token: str | None) -> Grant:
    found = None if token is None else gate.of_token(token)
    if found is None:
        told = "the header 'Authorization' must be 'Bearer TOKEN' with a token that is right"
        raise _unauthorised(connection, told)
    return found


def _unauthorised(connection: HTTPConnection, message: str) -> ApiProblem:
    return problem_of(Refusal(UNAUTHORISED, f"{message}{where_is(connection)}"))


def _address(connection: HTTPConnection) -> str | None:
    return None if connection.client is None else connection.client.host


def stranger_of(connection: HTTPConnection) -> Grant:
    """What whoever sends a request might do without showing anything."""
    return get_gate(connection).stranger(_address(connection))


def where_is(connection: HTTPConnection) -> str:
    """Where whoever runs the server finds its token; said only where nobody else reaches it."""
    gate = get_gate(connection)
    if not stranger_of(connection).scopes:
        return ""
    return f" (see {gate.token.path or 'SYNAPSE_TOKEN'} on the server)"


def _bearer(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _cookie(headers: Headers, gate: Gate) -> str | None:
    given = headers.get("cookie")
    return None if given is None else cookie_parser(given).get(gate.sessions.cookie)


def _may_use_cookie(connection: HTTPConnection) -> bool:
    """Whether a cookie counts.

    Reading by HTTP is safe: another site's page cannot see the answer. Else an `Origin` must say that it is the
    server's own page.
    """
    # That there is one at most has been seen to.
    origin = connection.headers.get("origin")
    if origin is None:
        return connection.scope["type"] == "http" and connection.scope["method"] in _SAFE
    return is_same_origin(origin, connection.headers.get("host"), connection.url.scheme)


def _offered(connection: HTTPConnection) -> str | None:
    """The token among the subprotocols that a client offers."""
    for name in connection.scope.get("subprotocols", ()):
        if name.startswith(BEARER_SUBPROTOCOL):
            return str(name.removeprefix(BEARER_SUBPROTOCOL))
    return None


async def _turn_away(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL, "headers": []})
    await send({"type": "websocket.close", "code": CLOSE_UNAUTHORISED, "reason": UNAUTHORISED})
