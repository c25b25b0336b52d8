"""The dashboard's files, served from inside the package."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).parent.parent / "static"
_NOT_BUILT: Final = (
    "<!doctype html><title>Synapse</title><p>The dashboard has not been built: run "
    "<code>python3 dev.py run</code>. The API is at <a href='/docs'>/docs</a>."
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


def install_dashboard(app: FastAPI) -> None:
    """Serve the dashboard at `/`; mount it last, for it takes every path that is left."""
    if (STATIC / "index.html").is_file():
        app.mount("/", _DashboardFiles(directory=STATIC, html=True), name="dashboard")
        return

    @app.get("/", include_in_schema=False)
    async def not_built() -> HTMLResponse:
        return HTMLResponse(_NOT_BUILT)
