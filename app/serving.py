"""Running the application under uvicorn, with faults told in one line."""

import asyncio
import errno
import logging
import socket
import sys
import threading
import webbrowser
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import FrameType
from typing import Any, Final, cast

import structlog
import uvicorn

from app.certificate import problem_of, warning_of
from app.log_text import OneAMinute, PlainFormatter, plain_values
from app.stream.deadlines import KEEP_ALIVE_S, Guard
from app.stream.direct import DirectHttpProtocol, DirectProtocol
from app.stream.open_files import raise_open_files, sockets_crowd

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

LOCAL_PROXIES: Final = ("127.0.0.1", "::1")
"""A proxy on this machine is always believed: whoever runs programs here needs no lie about an address."""

WIRE_LOGGERS: Final = ("uvicorn.error", "websockets")
"""Below warnings these write addresses, headers and messages as they came, tokens among them."""


class CannotServe(Exception):
    """Why the server cannot start, in one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Wire:
    """How the server speaks to the network.

    Attributes:
        tls_cert: its certificate (PEM); None for plain HTTP.
        tls_key: the certificate's key; None where it is in the same file.
        proxies: addresses and networks whose word for a client's address and scheme is taken.
    """

    tls_cert: Path | None = None
    tls_key: Path | None = None
    proxies: Sequence[str] = ()

    def is_proxy(self, address: str) -> bool:
        """Whether a connection from this address may be any client's."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found
        return any(
            found in ip_network(proxy, strict=False) for proxy in (*LOCAL_PROXIES, *self.proxies)
        )

    @property
    def scheme(self) -> str:
        """Of its addresses."""
        return "http" if self.tls_cert is None else "https"

    def check(self) -> None:
        """See that the certificate and the key can be used.

        Raises:
            CannotServe: they cannot be read, or do not belong together.
        """
        if self.tls_cert is None:
            if self.tls_key is not None:
                raise CannotServe("SYNAPSE_TLS_KEY needs SYNAPSE_TLS_CERT beside it")
            return
        problem = problem_of(self.tls_cert, self.tls_key)
        if problem is not None:
            raise CannotServe(problem)

    def warnings(self, now: datetime) -> list[str]:
        """What an operator should know of a certificate that can be used: that it has ended, or soon does."""
        warning = None if self.tls_cert is None else warning_of(self.tls_cert, now)
        return [] if warning is None else [warning]


PLAIN: Final = Wire()


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


def address_of(listener: socket.socket, scheme: str = "http") -> str:
    """The URL under which a listening socket is reached from this machine."""
    host, port = listener.getsockname()[:2]
    host = _LOOPBACK_FOR.get(host, host)
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


async def _nothing() -> None:
    return


def _no_word() -> None:
    return


class Server(uvicorn.Server):
    """Calls back once it answers requests, and before it stops."""

    def __init__(
        self,
        app: AsgiApp,
        started: Callable[[], None],
        leaving: Callable[[], Awaitable[None]] = _nothing,
        guard: Guard | None = None,
        wire: Wire = PLAIN,
    ) -> None:
        """`leaving` is awaited before any connection is cut; `guard` watches over all of them."""
        if guard is None:
            guard = Guard(sockets=sockets_crowd(raise_open_files(), wire.is_proxy))
        super().__init__(_config(app, guard, wire))
        self._tls_handshake_s = guard.deadlines.header_s
        self._started_callback = started
        self._leaving_callback = leaving
        self._stops_by_itself = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup([])  # it would give every TLS handshake a minute
        loop, config = asyncio.get_running_loop(), self.config
        within_s = self._tls_handshake_s if config.ssl else None
        for listener in sockets or ():
            self.servers.append(
                await loop.create_server(
                    self._protocol,
                    sock=listener,
                    backlog=config.backlog,
                    ssl=config.ssl,
                    ssl_handshake_timeout=within_s,
                    ssl_shutdown_timeout=within_s,
                )
            )
        if self.started:
            self._started_callback()

    def _protocol(self) -> asyncio.Protocol:
        made: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        state = self.lifespan.state
        return made(config=self.config, server_state=self.server_state, app_state=state)

    async def stop_once(self, ended: asyncio.Event) -> None:
        """Stop as if the process was told to, once this is set."""
        await ended.wait()
        self._stops_by_itself = self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note a signal. Ctrl-C forces the end when it comes a second time; not if nobody stopped this before."""
        if self._stops_by_itself:
            self._stops_by_itself = self.should_exit = False
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nobody, take leave, then stop: once uvicorn stops, it cuts every socket off without a word."""
        for server in self.servers:
            server.close()
        await self._leaving_callback()
        await super().shutdown(sockets)


def _config(app: AsgiApp, guard: Guard, wire: Wire) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        # Called as classes are.
        http=cast(Any, partial(DirectHttpProtocol, guard=guard)),
        ws=cast(Any, partial(DirectProtocol, guard=guard)),
        ws_max_size=MESSAGE_BYTES_MAX,
        # The protocol watches over its connections itself: see there.
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S_MAX,
        server_header=False,
        ssl_certfile=wire.tls_cert,
        ssl_keyfile=wire.tls_key,
        forwarded_allow_ips=[*LOCAL_PROXIES, *wire.proxies],
    )


async def serve(
    app: AsgiApp,
    listener: socket.socket,
    started: Callable[[], None] = _no_word,
    leaving: Callable[[], Awaitable[None]] = _nothing,
    *,
    wire: Wire = PLAIN,
    until: asyncio.Event | None = None,
) -> None:
    """Serve until the process is told to stop.

    Args:
        app: what to serve.
        listener: where; it is closed in the end.
        started: called once requests are answered.
        leaving: awaited before any connection is cut.
        wire: how it speaks to the network.
        until: serving ends as well once this is set.
    """
    server = Server(app, started, leaving, wire=wire)
    watch = asyncio.create_task(server.stop_once(until)) if until is not None else None
    try:
        await server.serve([listener])
    finally:
        if watch is not None:
            watch.cancel()


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
            plain_values,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    written = logging.StreamHandler(sys.stderr)
    written.setFormatter(PlainFormatter(logging.BASIC_FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[written])
    logging.getLogger("uvicorn.error").addFilter(_is_fault)
    logging.getLogger("uvicorn.error").addFilter(OneAMinute())
    for name in WIRE_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _is_fault(record: logging.LogRecord) -> bool:
    """Leaves out requests that were cut off because the server stops: a traceback would look like a fault."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
