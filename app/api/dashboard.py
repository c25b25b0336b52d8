"""The dashboard's files, served from inside the package."""

import os
import re
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.routing import Match, Mount
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).parent.parent / "static"
_NOT_BUILT: Final = (
    "<!doctype html><title>Synapse</title><p>The dashboard has not been built: run "
    "<code>python3 dev.py run</code>. The contract of the API is at <a href='/openapi.json'>/openapi.json</a>."
)


_NEVER: Final = re.compile(r"q=0(\.0*)?")
_ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}
"""What the build compresses each file with, best first, and how the outcome is called beside it."""


def accepted_encodings(header: str) -> frozenset[str]:
    """The encodings that an `Accept-Encoding` names, without those that it rules out by `q=0`."""
    named = [one.replace(" ", "").lower().split(";") for one in header.split(",")]
    return frozenset(one[0] for one in named if not _NEVER.fullmatch(one[-1]))


class _DashboardFiles(StaticFiles):
    """Files with a hash in their name may be kept for ever, the page itself must be asked for again.

    They travel as the build compressed them: compressing anew for each request would take the live
    streams' time.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file, with the caching that its name allows."""
        response = await super().get_response(path, scope)
        hashed = path.startswith("assets/")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if hashed else "no-cache"
        )
        return response

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """One file, compressed when the asker takes it so."""
        asked = Headers(scope=scope)
        accepted = accepted_encodings(asked.get("accept-encoding", ""))
        headers = {"Vary": "Accept-Encoding"}
        path, size_and_age = os.fspath(full_path), stat_result
        for encoding in [one for one in _ENCODINGS if one in accepted]:
            packed = Path(path + _ENCODINGS[encoding])
            if packed.is_file():
                headers["Content-Encoding"] = encoding
                path, size_and_age = str(packed), packed.stat()
                break
        media_type, packing = guess_type(full_path)
        if packing is not None:  # asked for by its own name it is what it is: bytes
            media_type = "application/octet-stream"
        response = FileResponse(path, status_code, headers, media_type, stat_result=size_and_age)
        if self.is_not_modified(response.headers, asked):
            return NotModifiedResponse(response.headers)
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
