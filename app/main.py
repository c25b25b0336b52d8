"""The composition root: wires the log, the decisions, the socket and HTTP into one application."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from fastapi import FastAPI

from app.api import bars, broadcast, events, health, prices, socket, state
from app.api.dashboard import install_dashboard
from app.api.problems import install_problem_handlers
from app.api.services import Services
from app.broadcaster import MarketDataBroadcaster
from app.config import Settings, sqlite_path
from app.feeds.base import Feed
from app.ingest import TickIngest
from app.live_state import LiveState
from app.market.persona import PERSONAS
from app.migrate import upgrade
from app.stream.connection import StreamContext
from app.stream.manager import TypedWebSocketManager
from app.stream.protocol import MessageFactory
from app.stream.transport import FrameCache
from app.write_token import WriteToken, load_token
from events.clock import now_us, uuid7
from events.log import EventLog
from events.scalars import from_micros
from events.sql_store import SqlEventStore

DESCRIPTION = """\
The market's flight recorder: prices in, regimes out, every one of them an event in one log.

**Not investment advice.** The regimes come from a statistical model whose skill was measured on daily bars
of equity indices only.
"""


def _now() -> datetime:
    return from_micros(now_us())


@dataclass(frozen=True, slots=True)
class Recorder:
    """An open log, and the one place that decides and appends to it."""

    log: EventLog
    ingest: TickIngest


async def open_recorder(settings: Settings) -> Recorder:
    """Open (create, migrate) the log that the settings name, and fold the decider's state.

    Raises:
        StoreLocked: another process writes it.
        StoreUnavailable: it cannot be written, or a newer program migrated it.
    """
    store = await SqlEventStore.open_sqlite(sqlite_path(settings.database_url), upgrade)
    log = await EventLog.open(store)
    return Recorder(log, await TickIngest.open(log))


def write_token(settings: Settings) -> WriteToken:
    """The token that writes need, made at first start unless it was given."""
    return load_token(settings.token, sqlite_path(settings.database_url))


def build_services(
    recorder: Recorder, settings: Settings, token: WriteToken, feeds: Sequence[Feed]
) -> Services:
    """Everything that the endpoints work with, around an open log."""
    log, ingest, frames = recorder.log, recorder.ingest, FrameCache()
    context = StreamContext(
        log=log,
        frames=frames,
        factory=MessageFactory(_now, lambda: str(uuid7())),
        heartbeat_s=settings.heartbeat_s,
        is_token=token.matches,
    )
    return Services(
        log=log,
        ingest=ingest,
        live_state=LiveState(log, PERSONAS[settings.persona]),
        broadcaster=MarketDataBroadcaster(log, ingest, feeds, settings.regime_interval_s),
        manager=TypedWebSocketManager(context),
        frames=frames,
        token=token,
    )


def create_app(
    settings: Settings,
    feeds: Sequence[Feed] = (),
    opened: Callable[[Settings], Awaitable[Recorder]] = open_recorder,
) -> FastAPI:
    """The application; it opens the log when it starts and closes it when it stops.

    Args:
        settings: what the operator chose.
        feeds: what to play while it runs.
        opened: where the log comes from; a caller that has opened it already hands it over here.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        recorder = await opened(settings)
        try:
            services = build_services(recorder, settings, write_token(settings), feeds)
            app.state.services = services
            services.broadcaster.start()
            try:
                yield
            finally:
                services.manager.shut_down()
                await services.broadcaster.stop()
        finally:
            await recorder.log.close()

    app = FastAPI(
        title="Synapse",
        version=version("regime-synapse"),
        description=DESCRIPTION,
        lifespan=lifespan,
        license_info={"name": "MIT"},
    )
    install_problem_handlers(app)
    for module in (state, events, bars, prices, broadcast, health, socket):
        app.include_router(module.router)
    install_dashboard(app)
    return app
