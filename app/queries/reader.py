"""`LogReader`: an open log and the projections that questions are put to."""

from dataclasses import dataclass

from app.live_state import LiveState
from app.market.episodes import Episodes
from events.errors import LogReplaced
from events.log import EventLog
from events.projector import Projector


@dataclass(frozen=True, slots=True)
class LogReader:
    """What a question needs.

    Attributes:
        log: the events.
        live_state: the public state, now and at any moment.
        episodes: how regimes followed one another.
        bar_s: seconds of the bars that single ticks make.
    """

    log: EventLog
    live_state: LiveState
    episodes: Projector[Episodes]
    bar_s: int

    async def refresh(self) -> None:
        """Look for what was recorded meanwhile.

        Raises:
            LogReplaced: another log is in the place of the one that was opened.
        """
        await self.log.refresh()
        if self.log.follower.replaced.is_set():
            raise LogReplaced
