"""The dashboard's files, served from inside the package."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).parent.parent / "static"
_NOT_BUILT: Final = (
    "<!doctype html><title>Synapse</title><p>The dashboard has not been built: run "
    "<code>python3 dev.py run</code>. The contract of the API is at <a href='/openapi.json'>/openapi.json</a>."
)


class _DashboardFiles(StaticFiles):
    """Files with a hash in their name may be kept for ever, the page itself must be asked for again."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file, with the caching that its name allows."""
        response = await super().get_response(path, scope)
        hashed = path.startswith("assets/")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if hashed else "no-cache"
        )
        return response


class _DashboardMount(Mount):
    """Every path that is left, but for the API's and the sockets': theirs have errors of their own."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for a file."""
        if scope["type"] != "http" or scope["path"].startswith(("/api/", "/ws/")):
            return Match.NONE, {}
        return super().matches(scope)


def install_dashboard(app: FastAPI) -> None:
    """Serve the dashboard at `/`; mount it last, for it takes every path that is left."""
    if (STATIC / "index.html").is_file():
        files = _DashboardFiles(directory=STATIC, html=True)
        app.router.routes.append(_DashboardMount("/", files, name="dashboard"))
        return

    @app.get("/", include_in_schema=False)
    async def not_built() -> HTMLResponse:
        return HTMLResponse(_NOT_BUILT)
