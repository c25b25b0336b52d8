"""Which events of a log `synapse tail` shows: the newest, those since a time, and those that follow."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.client.log import Log, LogHead
from app.client.messages import Event
from app.client.signals import CaughtUp, Reconnecting, Signal
from app.client.sync import SyncSynapseClient
from app.terminal.lines import is_news, is_of
from events.catalog import Channel

LOOKED_AT_MAX: Final = 20_000
"""Events among which the newest ones that tell something are looked for."""

_LOOK: Final = 2
"""Events looked at for each one that is to be shown; then twice as many, and so on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which events.

    Attributes:
        channels, symbols: only these; None for all.
        everything: also regimes that tell nothing new.
    """

    channels: Sequence[str] | None = None
    symbols: Sequence[str] | None = None
    everything: bool = False

    def check(self, log: Log, head: LogHead) -> None:
        """Refuse symbols that the log does not know; an empty one may still get to know any.

        Raises:
            QuestionRefused: there is no such symbol.
        """
        if head.position:
            list(log.events(symbols=self.symbols, limit=0))

    def newest(self, log: Log, head: LogHead, last: int, until: str | None = None) -> list[Event]:
        """The newest so many that are shown, up to the head, or to a market time."""
        looked_at = last if self.everything and self.symbols is None else last * _LOOK
        while last and head.position:
            page = list(self._read(log, head, last=looked_at, until=until))
            told = list(self._told(page))
            if len(told) >= last or len(page) < looked_at or looked_at >= LOOKED_AT_MAX:
                return told[-last:]
            looked_at = min(looked_at * _LOOK, LOOKED_AT_MAX)
        return []

    def since(
        self, log: Log, head: LogHead, since: str, until: str | None = None
    ) -> Iterator[Event]:
        """Those from a market time on, up to the head, or to another one."""
        found = self._read(log, head, since=since, until=until)
        return self._told(found if head.position else ())

    def following(self, log: Log, head: LogHead) -> Iterator[Event]:
        """Those that are recorded after the head, for ever."""
        after = {"after": head.position}
        return self._told(log.follow(self._channels(log), self.symbols, history=after))

    def following_server(
        self, log: Log, head: LogHead, url: str, token: str | None, say: Callable[[str], None]
    ) -> Iterator[Event]:
        """The same of a server's log; it is said when the connection is lost, and when it is back."""
        with SyncSynapseClient(url, token=token).subscribe(
            self._channels(log),
            self.symbols,
            history={"after": head.position},
            epoch=head.epoch,
            observer=_Connection(say).observe,
        ) as events:
            yield from self._told(events)

    def _read(
        self,
        log: Log,
        head: LogHead,
        *,
        last: int | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Iterable[Event]:
        return log.events(
            channels=self._channels(log),
            symbols=self.symbols,
            before=head.position + 1,
            last=last,
            since=since,
            until=until,
        )

    def _told(self, events: Iterable[Event]) -> Iterator[Event]:
        return (
            event
            for event in events
            if is_of(event, self.symbols) and (self.everything or is_news(event))
        )

    def _channels(self, log: Log) -> Sequence[str]:
        """What has no symbol is left out where symbols are named, unless it is named, too.

        Of a server nothing is asked for that the token does not cover, unless it is named.
        """
        if self.channels is not None:
            return self.channels
        without = set() if self.symbols is None else {Channel.PORTFOLIO, Channel.SYSTEM}
        return [each for each in log.channels() if each not in without]


class _Connection:
    """Says what becomes of a connection: once when it is lost, and when it is back."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._lost = False

    def observe(self, signal: Signal) -> None:
        match signal:
            case Reconnecting(_, reason) if not self._lost:
                self._lost = True
                self._say(f"the connection is lost ({reason}); trying again until it is back")
            case CaughtUp() if self._lost:
                self._lost = False
                self._say("the connection is back, and nothing was missed")
