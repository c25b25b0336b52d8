"""`/api/session`: the dashboard exchanges a launch code (or a token) for a cookie that lets it in."""

from typing import Annotated, Self

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import Field, model_validator

from app.access.grant import Grant, Scope
from app.access.rules import FORBIDDEN, UNAUTHORISED, Refusal
from app.access.sessions import LAUNCH_S_MAX, SESSION_S_MAX
from app.access.token_book import TOKEN_CHARACTERS_MAX
from app.api.auth import BearerDep, CookieDep, GrantDep, require
from app.api.doorway import grant_of_header, problem_of, stranger_of, where_is
from app.api.problems import PROBLEM_RESPONSES
from app.api.services import Services, ServicesDep
from app.stream.faults import FewFaults
from events.catalog import Channel, Record
from events.scalars import UtcTime

router = APIRouter(prefix="/api/session", tags=["session"], responses=PROBLEM_RESPONSES)

_log = structlog.get_logger("api")

Secret = Annotated[str, Field(min_length=1, max_length=TOKEN_CHARACTERS_MAX)]


class SessionIn(Record):
    """What signs a browser in: one of the two."""

    launch_code: Secret | None = Field(None, repr=False)
    token: Secret | None = Field(None, repr=False)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.launch_code is None) == (self.token is None):
            raise ValueError("must hold either launch_code or token")
        return self


class SessionOut(Record):
    """What the caller may do, and until when; null: for as long as the token is the same."""

    scopes: list[Scope]
    channels: list[Channel]
    expires_at: UtcTime | None


class LaunchOut(Record):
    """A code that signs in one browser, once: open the page with `#launch=CODE`."""

    launch_code: str
    expires_s: int


@router.post("")
async def open_session(
    services: ServicesDep, request: Request, response: Response, body: FewFaults[SessionIn]
) -> SessionOut:
    """Sign a browser in, with the code of the link that the server printed or with a token.

    Guesses are not limited: a code has 256 random bits, and so has a token that the server made.
    """
    grant = _grant(services, body)
    if grant is None:
        raise problem_of(Refusal(UNAUTHORISED, _refusal(request, body)))
    if not grant.scopes:
        raise problem_of(
            Refusal(FORBIDDEN, "that token is right, and has no scope of this server's")
        )
    session, cookie = services.gate.sessions.open(grant)
    lasts_s = int((session.expires_at - services.gate.now()).total_seconds())
    _set_cookie(services, request, response, cookie, max(0, min(lasts_s, SESSION_S_MAX)))
    _log.info("session_opened", by="launch_code" if body.token is None else "token", who=grant.name)
    return _shown(session.grant)


@router.get("", openapi_extra={"security": [{}]})
async def show_session(
    services: ServicesDep,
    request: Request,
    _token: BearerDep,
    _session: CookieDep = None,
) -> SessionOut:
    """What the caller may do; nothing is needed to ask, but a token that is sent must be right."""
    gate = services.gate
    grant = grant_of_header(request) or gate.of_cookie(request.cookies.get(gate.sessions.cookie))
    return _shown(grant or stranger_of(request))


@router.delete("")
async def close_session(services: ServicesDep, request: Request, response: Response) -> SessionOut:
    """Sign this browser out: it forgets its cookie. Nothing is kept on the server that could be ended."""
    _set_cookie(services, request, response, "", 0)
    return _shown(stranger_of(request))


@router.post("/launch")
async def issue_launch_code(services: ServicesDep, grant: GrantDep) -> LaunchOut:
    """A new launch code, for another browser or after the first link was used; needs the scope `admin`.

    The browser may do what the caller may, for as long as the caller may.
    """
    require(grant, Scope.ADMIN)  # a second lock: a code is the key to all the others
    return LaunchOut(launch_code=services.gate.sessions.launch.issue(grant), expires_s=LAUNCH_S_MAX)


def _shown(grant: Grant) -> SessionOut:
    return SessionOut(
        scopes=[scope for scope in Scope if scope in grant.scopes],
        channels=grant.visible(),
        expires_at=grant.expires_at,
    )


def _set_cookie(
    services: Services, request: Request, response: Response, value: str, max_age_s: int
) -> None:
    name, is_secure = services.gate.sessions.cookie, request.url.scheme == "https"
    response.set_cookie(
        name, value, max_age_s, path="/", secure=is_secure, httponly=True, samesite="strict"
    )


def _grant(services: Services, body: SessionIn) -> Grant | None:
    if body.token is not None:
        return services.gate.of_token(body.token)
    found = services.gate.sessions.launch.redeem(body.launch_code or "")
    return found if found is not None and services.gate.holds(found) else None


def _refusal(request: Request, body: SessionIn) -> str:
    where = where_is(request)
    if body.token is not None:
        return f"that token is wrong, over or revoked{where}"
    return (
        f"this link has been used, or is older than {LAUNCH_S_MAX // 60} minutes, or is of an earlier start:"
        f" 'synapse link' prints a new one; or sign in with a token{where}"
    )
