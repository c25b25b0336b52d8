"""What the endpoints work with, made by the composition root and handed in through the application."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from app.access.gate import Gate
from app.api.downloads import Downloads
from app.api.questions import Questions
from app.broadcaster import MarketDataBroadcaster
from app.ingest import TickIngest
from app.lanes import Lanes
from app.live_state import LiveState
from app.market.episodes import Episodes
from app.metrics import LogMetrics
from app.queries.reader import LogReader
from app.stream.connection_log import ConnectionRegister
from app.stream.manager import TypedWebSocketManager
from app.stream.replay_connection import ReplayContext
from events.log import EventLog
from events.projector import Projector


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that an endpoint may need."""

    log: EventLog
    ingest: TickIngest
    live_state: LiveState
    episodes: Projector[Episodes]
    broadcaster: MarketDataBroadcaster
    manager: TypedWebSocketManager
    replays: ReplayContext
    gate: Gate
    downloads: Downloads
    questions: Questions
    register: ConnectionRegister
    log_metrics: LogMetrics
    lanes: Lanes

    @property
    def reader(self) -> LogReader:
        """What questions about the log are put to."""
        bar_s = self.ingest.state.setup.bar_s
        return LogReader(self.log, self.live_state, self.episodes, bar_s)


class HasGate(Protocol):
    """What is there without a log, too."""

    @property
    def gate(self) -> Gate:
        """Who may come in."""
        ...


def get_gate(connection: HTTPConnection) -> Gate:
    """Who may come in, as the application that serves this connection has it: with a log, or before there is one."""
    return cast(HasGate, connection.app.state.services).gate


def get_services(connection: HTTPConnection) -> Services:
    """The services of the application that serves this connection."""
    return cast(Services, connection.app.state.services)


async def _get_services(connection: HTTPConnection) -> Services:
    # A coroutine: what is none is called in a thread, and hundreds of requests at once wait for their threads.
    return get_services(connection)


ServicesDep = Annotated[Services, Depends(_get_services)]


async def _get_turn(request: Request, services: ServicesDep) -> AbstractAsyncContextManager[None]:
    return services.questions.turn(request)


TurnDep = Annotated[AbstractAsyncContextManager[None], Depends(_get_turn)]
"""`async with` it, whatever reads or reckons much is done in its turn."""
