"""Who may write: whoever sends the token, from the first day and from any address."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.api.problems import ApiProblem
from app.api.services import get_services

_bearer = HTTPBearer(auto_error=False, description="The write token (SYNAPSE_TOKEN, or its file).")


async def require_write_token(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """Refuse a request without the write token.

    Raises:
        ApiProblem: 401, `unauthorised`.
    """
    token = get_services(request).token
    if credentials is not None and token.matches(credentials.credentials):
        return
    challenge = {"WWW-Authenticate": 'Bearer realm="synapse"'}
    where = f"see {token.path}" if token.path else "see SYNAPSE_TOKEN"
    detail = f"writing needs the header 'Authorization: Bearer TOKEN' ({where} on the server)"
    raise ApiProblem(401, "unauthorised", detail, headers=challenge)
