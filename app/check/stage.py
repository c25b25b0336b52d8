"""What the writers and the subscribers of one run share."""

import asyncio
import random
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from app.check.answers import Answered
from app.check.findings import Finding
from app.check.history import Sent
from app.check.http import CannotCheck, Http
from app.check.plan import ATTEMPT_S_MIN, RETRY_S_MAX, RETRY_S_MIN, Plan
from app.check.span import Span

QUIET_S_MAX: Final = 1.0
"""The clock of a run stands while the server has said nothing to anybody for so long, …"""
TICK_S_MAX: Final = 0.1
"""… and a moment counts for no more than this: the run itself may have been held up."""


@dataclass
class Stage:
    """One run, as far as it has come.

    Attributes:
        plan, http: what is to be done, and at which server.
        epoch, begin: the log's, when the run began.
        sent: the prices that were sent, in no order.
        answered: the requests that were answered, and how.
        findings: what was found on the way.
        log: what the run left in the log; None while the writers write.
        taken, acknowledged: prices that a writer took upon itself; those that were answered.
        requests, retries, repeats: requests, those sent again unanswered, those sent again though answered.
        delivered, connections: of all subscribers.
        heartbeat_s: how often heartbeats come, as the first confirmation said.
        clock_s: the seconds in which the run was awake and the server was heard.
    """

    plan: Plan
    http: Http
    epoch: str
    begin: int
    sent: list[Sent] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    log: Span | None = None
    taken: int = 0
    acknowledged: int = 0
    requests: int = 0
    retries: int = 0
    repeats: int = 0
    delivered: int = 0
    connections: int = 0
    heartbeat_s: float | None = None
    clock_s: float = 0.0
    _heard_at: float = field(default_factory=time.monotonic)
    _ticked_at: float = field(default_factory=time.monotonic)
    began_at: float = field(default_factory=time.monotonic)
    latencies_s: "array[float]" = field(default_factory=lambda: array("d"))
    _texts: dict[str, str] = field(default_factory=dict)
    _sent_at: dict[tuple[str, str], float] = field(default_factory=dict)

    def take(self, wanted: int) -> int:
        """How many prices a writer may send next: as many as it wants, fewer at the end, then none."""
        seconds = self.plan.seconds
        if seconds is not None and time.monotonic() - self.began_at >= seconds:
            return 0
        taken = min(wanted, self.plan.prices_max - self.taken)
        self.taken += taken
        return taken

    @property
    def progress(self) -> float:
        """The share of the writing that is done."""
        if self.log is not None:
            return 1.0
        if self.plan.seconds is not None:
            return (time.monotonic() - self.began_at) / self.plan.seconds
        return self.acknowledged / self.plan.prices

    def heard(self) -> None:
        """The server has said something."""
        self._heard_at = time.monotonic()

    def tick(self) -> None:
        """Let the clock go on; called again and again."""
        now = time.monotonic()
        if now - self._heard_at < QUIET_S_MAX:
            self.clock_s += min(now - self._ticked_at, TICK_S_MAX)
        self._ticked_at = now

    def keep(self, text: str) -> str:
        """The one copy of a text that came to many."""
        return self._texts.setdefault(text, text)

    def sending(self, prices: Sequence[Sent]) -> None:
        """Prices leave for the first time."""
        now = time.monotonic()
        self.sent += prices
        self._sent_at |= dict.fromkeys(((one.symbol, one.timestamp) for one in prices), now)

    def arrived(self, symbol: str, timestamp: str) -> None:
        """A price has come to a subscriber that reads at once."""
        sent_at = self._sent_at.get((symbol, timestamp))
        if sent_at is not None:
            self.latencies_s.append(time.monotonic() - sent_at)

    def chance(self, who: str) -> random.Random:
        """The chance of one writer or subscriber, by the run's seed."""
        return random.Random(f"{self.plan.seed} {who}")


class Patience:
    """How long one bears with a server that is away: `patience_s`, and not for ever."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.heard()

    def heard(self) -> None:
        """The server has answered."""
        self._away_since: float | None = None
        self._delay_s = RETRY_S_MIN

    def trying(self) -> float:
        """An attempt begins; returns how long it may take."""
        now = time.monotonic()
        self._away_since = now if self._away_since is None else self._away_since
        left_s = self._away_since + self._plan.patience_s - now
        return max(ATTEMPT_S_MIN, min(self._plan.attempt_s_max, left_s))

    async def wait(self, reason: str, asked_s: float = 0.0) -> None:
        """Wait before the next attempt, at least as long as the server asked for.

        Raises:
            CannotCheck: it has been away for too long.
        """
        now, patience_s = time.monotonic(), self._plan.patience_s
        self._away_since = now if self._away_since is None else self._away_since
        left_s = self._away_since + patience_s - now
        if left_s <= 0:
            url = self._plan.url
            raise CannotCheck(f"{url} has been away for {patience_s:g} s (--patience): {reason}")
        await asyncio.sleep(min(max(self._delay_s, asked_s), left_s))
        self._delay_s = min(2 * self._delay_s, RETRY_S_MAX)
