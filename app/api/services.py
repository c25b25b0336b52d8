"""What the endpoints work with, made by the composition root and handed in through the application."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from app.access.gate import Gate
from app.api.downloads import Downloads
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
    register: ConnectionRegister
    log_metrics: LogMetrics
    lanes: Lanes

    @property
    def reader(self) -> LogReader:
        """What questions about the log are put to."""
        bar_s = self.ingest.state.setup.bar_s
        return LogReader(self.log, self.live_state, self.episodes, bar_s)


def get_services(connection: HTTPConnection) -> Services:
    """The services of the application that serves this connection."""
    return cast(Services, connection.app.state.services)


ServicesDep = Annotated[Services, Depends(get_services)]
