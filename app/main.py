"""The composition root: wires the log, the decisions, the socket and HTTP into one application."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app.access.exposure import Exposure, parse_proxies
from app.access.gate import Gate
from app.access.sessions import Sessions
from app.access.token_book import TokenBook
from app.access.write_token import WriteToken, load_token
from app.api import (
    alert_rules,
    alerts,
    asyncapi,
    bars,
    broadcast,
    compare,
    connections,
    episodes,
    event,
    events,
    explain,
    health,
    lanes,
    metrics,
    prices,
    session,
    socket,
    state,
    stream,
    trades,
)
from app.api.auth import second_look
from app.api.contract import install_contract
from app.api.dashboard import install_dashboard
from app.api.doorway import Doorway
from app.api.downloads import Downloads
from app.api.headers import GuardedFastAPI
from app.api.limits import BodyLimit, RequestLimit
from app.api.params import refuse_unknown_params
from app.api.plain_bodies import PlainBodies
from app.api.problems import install_problem_handlers
from app.api.questions import Questions
from app.api.services import Services
from app.broadcaster import MarketDataBroadcaster
from app.config import Settings, listed
from app.database_url import PostgresUrl, database_of
from app.feeds.base import Feed
from app.lane_names import parse_lanes
from app.lanes import Lanes
from app.live_state import LiveState
from app.market.persona import PERSONAS
from app.metrics import LogMetrics, StreamMetrics
from app.opened import open_reader
from app.queries.reader import LogReader
from app.recorder import Recorder, open_recorder
from app.stream.connection_log import ConnectionRegister
from app.stream.context import StreamContext
from app.stream.crowd import Crowd
from app.stream.fan_out import FanOut
from app.stream.manager import TypedWebSocketManager
from app.stream.protocol import MessageFactory
from app.stream.replay_connection import ReplayContext
from app.stream.transport import FrameCache
from events.clock import now_us, uuid7
from events.scalars import from_micros

DESCRIPTION = """\
The market's flight recorder: prices in, regimes out, every one of them an event in one log.

**Not investment advice.** The regimes come from a statistical model whose skill was measured on daily bars
of equity indices only.
"""

LOCAL_NAME: Final = Path("synapse")
"""What the file of the server's token is named after where the log is no file: it lies in the working folder."""

GOODBYE_S_MAX: Final = 1.0
"""How long a stopping server waits for its clients to hear when to come back."""


def _now() -> datetime:
    return from_micros(now_us())


async def open_lanes(settings: Settings) -> Lanes:
    """Open the logs that are shown beside the one that the settings name.

    Raises:
        LaneUnavailable: one of them is that very log, is not there, or cannot be read.
    """

    async def opener(path: Path) -> LogReader:
        return await open_reader(settings.model_copy(update={"database_url": str(path)}))

    database = database_of(settings.database_url)
    served = None if isinstance(database, PostgresUrl) else database
    return await Lanes.open(parse_lanes(settings.lanes), opener, served)


def write_token(settings: Settings) -> WriteToken:
    """The token that writes need, made at first start unless it was given."""
    database = database_of(settings.database_url)
    beside = LOCAL_NAME if isinstance(database, PostgresUrl) else database
    return load_token(settings.token, beside)


def exposure_of(settings: Settings) -> Exposure:
    """Who the settings let reach the server, and how."""
    return Exposure(
        host=settings.host,
        has_tls=settings.tls_cert is not None,
        proxies=parse_proxies(settings.trusted_proxies),
        reading_is_open=None if settings.read is None else settings.read == "open",
        token_length=None if settings.token is None else len(settings.token),
    )


def open_gate(settings: Settings) -> Gate:
    """Who may come in, and as what.

    Raises:
        OSError, TokenFileError: the server's token cannot be read or made.
        TokensFileError: the file of tokens cannot be read, or is none.
        JwtSetupError: there are keys that no token can be checked with.
    """
    token = write_token(settings)
    book = None if settings.tokens_file is None else TokenBook(settings.tokens_file)
    jwts = None
    if settings.jwt_secret is not None or settings.jwt_keys_file is not None:
        from app.access.jwt_tokens import JwtVerifier

        jwts = JwtVerifier(
            secret=settings.jwt_secret,
            keys=settings.jwt_keys_file,
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
        )
    return Gate(
        token,
        Sessions(token.value, _now),
        _now,
        opens_reading=exposure_of(settings).opens_reading,
        only_here=settings.read is None,
        book=book,
        jwts=jwts,
    )


def build_services(
    recorder: Recorder,
    settings: Settings,
    gate: Gate,
    feeds: Sequence[Feed],
    lanes: Lanes,
) -> Services:
    """Everything that the endpoints work with, around an open log."""
    log, ingest, frames = recorder.log, recorder.ingest, FrameCache()
    factory = MessageFactory(_now, lambda: str(uuid7()))
    register, log_metrics = ConnectionRegister(StreamMetrics(), gate.is_secret), LogMetrics()
    log.on_commit = log_metrics.append_seconds
    context = StreamContext(
        log=log,
        frames=frames,
        factory=factory,
        heartbeat_s=settings.heartbeat_s,
        grant_of=gate.of_token,
        holds=gate.holds,
        refresh=gate.refresh,
        messages_per_minute=settings.messages_per_minute_max,
        fan_out=FanOut(log, frames, factory, settings.heartbeat_s, register.metrics),
        register=register,
    )
    live_state = LiveState(log, PERSONAS[settings.persona], recorder.projector, ingest.state.setup)
    return Services(
        log=log,
        ingest=ingest,
        live_state=live_state,
        episodes=recorder.episodes,
        broadcaster=MarketDataBroadcaster(log, ingest, feeds, settings.regime_interval_s),
        manager=TypedWebSocketManager(
            context, Crowd(settings.connections_max, settings.connections_per_client_max)
        ),
        replays=ReplayContext(
            log,
            factory,
            gate.of_token,
            live_state.at_position,
            register,
            messages_per_minute=settings.messages_per_minute_max,
        ),
        gate=gate,
        downloads=Downloads(),
        questions=Questions(),
        register=register,
        log_metrics=log_metrics,
        lanes=lanes,
    )


async def take_leave(app: FastAPI) -> None:
    """Tell every client that the server goes away, and wait until those that read have heard it."""
    manager: TypedWebSocketManager = app.state.services.manager
    manager.shut_down()
    loop = asyncio.get_running_loop()
    patience = loop.time() + GOODBYE_S_MAX
    while manager.connections and loop.time() < patience:  # noqa: ASYNC110  # once in a life
        await asyncio.sleep(0.01)


def guard(app: FastAPI, settings: Settings) -> None:
    """Put before the endpoints what every request has to pass; the last one comes first."""
    origins = listed(settings.allowed_origins)
    app.add_middleware(BodyLimit)
    app.add_middleware(PlainBodies)
    needs_tls = exposure_of(settings).needs_tls
    app.add_middleware(Doorway, listed(settings.allowed_hosts), origins, needs_tls=needs_tls)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
        )
    # Before all else: whoever tries tokens is counted too.
    app.add_middleware(RequestLimit, settings.requests_per_minute_max)


def create_app(
    settings: Settings,
    feeds: Sequence[Feed] = (),
    opened: Callable[[Settings], Awaitable[Recorder]] = open_recorder,
    lanes_opened: Callable[[Settings], Awaitable[Lanes]] = open_lanes,
    gate_opened: Callable[[Settings], Gate] = open_gate,
) -> FastAPI:
    """The application; it opens the log when it starts and closes it when it stops.

    Args:
        settings: what the operator chose.
        feeds: what to play while it runs.
        opened: where the log comes from; a caller that has opened it already hands it over here.
        lanes_opened: the same for the logs that are shown beside it.
        gate_opened: the same for who may come in.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            recorder = await opened(settings)
            stack.push_async_callback(recorder.close)
            lanes = await lanes_opened(settings)
            stack.push_async_callback(lanes.close)
            services = build_services(recorder, settings, gate_opened(settings), feeds, lanes)
            app.state.services = services
            services.manager.start()
            services.broadcaster.start()
            try:
                yield
            finally:
                services.manager.shut_down()
                await services.broadcaster.stop()
                await services.manager.stop()

    app = GuardedFastAPI(
        title="Synapse",
        version=version("regime-synapse"),
        description=DESCRIPTION,
        dependencies=[Depends(second_look), Depends(refuse_unknown_params)],
        # The pages that FastAPI offers load their scripts from elsewhere; /openapi.json is the contract.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        license_info={"name": "MIT"},
    )
    install_problem_handlers(app)
    guard(app, settings)
    for module in (state, events, event, stream, bars, prices, trades, alert_rules, alerts):
        app.include_router(module.router)
    for module in (broadcast, connections, session, episodes):
        app.include_router(module.router)
    for module in (explain, compare, lanes):
        app.include_router(module.router)
    for module in (health, metrics, asyncapi, socket):
        app.include_router(module.router)
    install_dashboard(app)
    install_contract(app)
    return app
