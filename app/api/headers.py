"""The headers that every HTTP answer carries: what a browser may do with it, which is as little as the page needs.

docs/content-security.md says why each of them is there.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HSTS_S: Final = 31_536_000
"""How long a browser that came over TLS asks this host for nothing else: a year."""

CONTENT_SECURITY_POLICY: Final[Mapping[str, str]] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
"""What pages may load and run. The build's meta element says the same, as far as one can."""

PERMISSIONS: Final[Mapping[str, str]] = {
    # What the page does: it plays a sound at an alert, and copies a link.
    "autoplay": "(self)",
    "clipboard-write": "(self)",
} | dict.fromkeys(
    (
        "accelerometer",
        "camera",
        "clipboard-read",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "hid",
        "idle-detection",
        "local-fonts",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "picture-in-picture",
        "publickey-credentials-get",
        "screen-wake-lock",
        "serial",
        "usb",
        "xr-spatial-tracking",
    ),
    "()",
)
"""What pages may use of the browser and the machine; desktop notifications are asked for, not listed here."""

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "; ".join(
        f"{name} {value}" for name, value in CONTENT_SECURITY_POLICY.items()
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": ", ".join(f"{name}={who}" for name, who in PERMISSIONS.items()),
}
"""The same for every answer; no endpoint sets any of them itself."""

RawHeaders = list[tuple[bytes, bytes]]


def _encoded(headers: Mapping[str, str]) -> RawHeaders:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_ALWAYS: Final = _encoded(HEADERS)
_SECURE: Final = _encoded({"Strict-Transport-Security": f"max-age={HSTS_S}"})
_NOT_KEPT: Final = _encoded({"Cache-Control": "no-store"})
_CACHING: Final = b"cache-control"
_STARTS: Final = frozenset({"http.response.start", "websocket.http.response.start"})
_LOOPBACK_NAME: Final = b"localhost"


class AnswerHeaders:
    """ASGI middleware: adds the headers to every answer, a refused WebSocket's too.

    An answer that says nothing about caching is not to be kept: it may hold what only its asker may see.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        always = _ALWAYS + _SECURE if _is_to_stay_secure(scope) else _ALWAYS

        async def with_headers(message: Message) -> None:
            if message["type"] in _STARTS:
                own: Iterable[tuple[bytes, bytes]] = message.get("headers", ())
                message["headers"] = [*own, *always]
                if all(name.lower() != _CACHING for name, _ in own):
                    message["headers"] += _NOT_KEPT
            await send(message)

        await self._app(scope, receive, with_headers)


def _is_to_stay_secure(scope: Scope) -> bool:
    """Whether a browser may be told to come over TLS only.

    Not where it knows the host as localhost: it would hold for every other program on the machine too.
    """
    if scope.get("scheme") not in {"https", "wss"}:
        return False
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return bool(host.lower().partition(b":")[0] != _LOOPBACK_NAME)


class GuardedFastAPI(FastAPI):
    """An application whose every answer carries the headers: that to an unexpected error as well.

    Starlette makes that answer outside of all middleware that is added in the usual way.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """The usual one, within this one."""
        return AnswerHeaders(super().build_middleware_stack())
