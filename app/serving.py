"""Running the application under uvicorn, with faults told in one line."""

import asyncio
import errno
import logging
import socket
import sys
import threading
import webbrowser
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog
import uvicorn

from app.stream.direct import DirectHttpProtocol, DirectProtocol

AsgiApp = Callable[..., Coroutine[Any, Any, None]]

MESSAGE_BYTES_MAX: Final = 65_536
"""A longer message from a client closes its connection with 1009."""

SHUTDOWN_S_MAX: Final = 3
"""How long a stopping server waits for answers under way; then it cuts them off."""

SWITCH_S: Final = 0.00002
"""How long one thread may keep the interpreter from the others (Python's own default is 5 ms).

The log's threads need it for an instant at each statement. Waiting 5 ms for it every time, a commit took as
long as writing its neighbour to 1,000 viewers; now several are done meanwhile, and go out in one write.
"""

_LOOPBACK_FOR: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # nothing is bound here
"""Addresses that stand for all of a machine's own, and where it reaches itself then."""

WIRE_LOGGERS: Final = ("uvicorn.error", "websockets")
"""Below warnings these write addresses, headers and messages as they came, tokens among them."""


class CannotServe(Exception):
    """Why the server cannot start, in one sentence that says what to do."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        CannotServe: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except UnicodeError:
        raise CannotServe(f"cannot listen on {host!r}: that is no address") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotServe(f"port {port} is taken: choose another with --port") from None
        if error.errno == errno.EACCES:
            raise CannotServe(
                f"port {port} is reserved: choose one above 1023 with --port"
            ) from None
        # The socket module adds the address once more.
        why = (error.strerror or str(error)).partition(" (while ")[0]
        raise CannotServe(f"cannot listen on {host}: {why}") from None


def listens_everywhere(listener: socket.socket) -> bool:
    """Whether other machines reach a listening socket, on whatever address this one has."""
    return listener.getsockname()[0] in _LOOPBACK_FOR


def address_of(listener: socket.socket) -> str:
    """The URL under which a listening socket is reached from this machine."""
    host, port = listener.getsockname()[:2]
    host = _LOOPBACK_FOR.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


async def _nothing() -> None:
    return


class Server(uvicorn.Server):
    """Calls back once it answers requests, and before it stops."""

    def __init__(
        self,
        app: AsgiApp,
        started: Callable[[], None],
        leaving: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        """`leaving` is awaited before any connection is cut."""
        super().__init__(_config(app))
        self._started_callback = started
        self._leaving_callback = leaving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started:
            self._started_callback()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nobody, take leave, then stop: once uvicorn stops, it cuts every socket off without a word."""
        for server in self.servers:
            server.close()
        await self._leaving_callback()
        await super().shutdown(sockets)


def _config(app: AsgiApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        http=DirectHttpProtocol,
        ws=DirectProtocol,
        ws_max_size=MESSAGE_BYTES_MAX,
        # The protocol watches over its connections itself: see there.
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=SHUTDOWN_S_MAX,
    )


async def serve(
    app: AsgiApp,
    listener: socket.socket,
    started: Callable[[], None],
    leaving: Callable[[], Awaitable[None]],
) -> None:
    """Serve until the process is told to stop.

    Args:
        app: what to serve.
        listener: where; it is closed in the end.
        started: called once requests are answered.
        leaving: awaited before any connection is cut.
    """
    await Server(app, started, leaving).serve([listener])


def open_browser(url: str) -> None:
    """Open a page beside the server; a machine without a browser is no fault."""
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a program on the fastest event loop that there is."""
    sys.setswitchinterval(SWITCH_S)
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def configure_logs(style: str, level: str = "info") -> None:
    """Send the program's own log to standard error, for people (`console`) or machines (`json`).

    Args:
        style: `console` or `json`.
        level: the least that is written: `debug`, `info`, `warning` or `error`.
    """
    renderer: Any = structlog.processors.JSONRenderer()
    if style == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("uvicorn.error").addFilter(_is_fault)
    for name in WIRE_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _is_fault(record: logging.LogRecord) -> bool:
    """Leaves out requests that were cut off because the server stops: a traceback would look like a fault."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
