"""`/api/session`: the dashboard exchanges a launch code (or the token) for a cookie that lets it write."""

from typing import Annotated, Final, Self

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import Field, model_validator

from app.api.auth import CHALLENGE, BearerDep, CookieDep, where_is
from app.api.problems import PROBLEM_RESPONSES, ApiProblem
from app.api.services import Services, ServicesDep
from app.session import COOKIE, LAUNCH_S_MAX, SESSION_S_MAX
from events.catalog import Record
from events.scalars import UtcTime

router = APIRouter(prefix="/api/session", tags=["session"], responses=PROBLEM_RESPONSES)

READ: Final = "read"
WRITE: Final = "write"
SECRET_MAX: Final = 1_000
"""Characters of a launch code or a token, at most."""

_NO_STORE: Final = {"Cache-Control": "no-store"}
_log = structlog.get_logger("api")

Secret = Annotated[str, Field(min_length=1, max_length=SECRET_MAX)]


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

    scopes: list[str]
    expires_at: UtcTime | None


@router.post("")
async def open_session(
    services: ServicesDep, request: Request, response: Response, body: SessionIn
) -> SessionOut:
    """Sign a browser in, with the code of the link that the server printed or with the write token.

    Guesses are not limited: a code has 256 random bits, and so has a token that the server made.
    """
    if not _is_right(services, body):
        raise ApiProblem(401, "unauthorised", _refusal(services, body), headers=CHALLENGE)
    session, cookie = services.sessions.open()
    _set_cookie(request, response, cookie, SESSION_S_MAX)
    _log.info("session_opened", by="launch_code" if body.token is None else "token")
    return SessionOut(scopes=[READ, WRITE], expires_at=session.expires_at)


@router.get("", openapi_extra={"security": [{}]})
async def show_session(
    services: ServicesDep, response: Response, credentials: BearerDep, cookie: CookieDep = None
) -> SessionOut:
    """What the caller may do; reading needs no session."""
    response.headers.update(_NO_STORE)
    if credentials is not None and services.token.matches(credentials.credentials):
        return SessionOut(scopes=[READ, WRITE], expires_at=None)
    session = services.sessions.find(cookie)
    if session is None:
        return SessionOut(scopes=[READ], expires_at=None)
    return SessionOut(scopes=[READ, WRITE], expires_at=session.expires_at)


@router.delete("")
async def close_session(request: Request, response: Response) -> SessionOut:
    """Sign this browser out: it forgets its cookie. Nothing is kept on the server that could be ended."""
    _set_cookie(request, response, "", 0)
    return SessionOut(scopes=[READ], expires_at=None)


def _set_cookie(request: Request, response: Response, value: str, max_age_s: int) -> None:
    is_secure = request.url.scheme == "https"
    response.set_cookie(
        COOKIE, value, max_age_s, path="/", secure=is_secure, httponly=True, samesite="strict"
    )
    response.headers.update(_NO_STORE)


def _is_right(services: Services, body: SessionIn) -> bool:
    if body.token is not None:
        return services.token.matches(body.token)
    return services.sessions.launch.redeem(body.launch_code or "")


def _refusal(services: Services, body: SessionIn) -> str:
    where = where_is(services.token)
    if body.token is not None:
        return f"that is not the write token ({where})"
    return (
        f"this link has been used, or is older than {LAUNCH_S_MAX // 60} minutes, or is of an earlier start:"
        f" start the server again, it prints a new one; or sign in with the write token ({where})"
    )
