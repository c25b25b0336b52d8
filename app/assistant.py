"""The log for assistants: a read-only server of the Model Context Protocol (extra `mcp`).

Its tools answer what was known at a moment; none of them writes, for the log is opened for reading.
"""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Annotated, Any, Final

from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field, Strict

from app.assistant_server import StrictServer
from app.client.errors import ClientError
from app.client.log import Log
from app.market.strategy import DISCLAIMER
from app.whatif.ask import hindsight, what_if
from app.whatif.told import Told, hindsight_told, plain, state_told, what_if_told

EVENTS_MAX: Final = 200
"""Events in one answer."""

EPISODES_MAX: Final = 500
"""Episodes in one answer."""

INSTRUCTIONS: Final = f"""\
The log of a market recorder: prices, the regimes that an online detector broadcast (BULL, BEAR, CRASH, SIDEWAYS) with
its confidence, alerts, paper trades, and the values of paper portfolios. Nothing in it is ever changed. An event has two
times: `occurred_at`, of the market, and `recorded_at`, when it was appended. "What did we know on the morning of the
15th?" is `state_at` with `at` that morning: it knows nothing of what came after. A log that was imported was recorded
long after its market time, so `known_at` (commit time) matters only for a log that was recorded live. A moment is a
position of the log, an RFC 3339 time, a day (its end in UTC), "head" or "last-shift". What a regime recommends is no
advice: {DISCLAIMER}
"""

Symbol = Annotated[str | None, Field(description="Of this symbol only, such as SPX.")]
OneSymbol = Annotated[str, Field(description="The symbol, such as SPX.")]
Since = Annotated[str | None, Field(description="From this market time or day on.")]
Until = Annotated[str | None, Field(description="Up to this market time, or the end of this day.")]
Moment = Annotated[
    str | Annotated[int, Strict()],
    Field(description="A position, an RFC 3339 time, a day (its end), head, or last-shift."),
]

_READS: Final = ToolAnnotations(read_only_hint=True, open_world_hint=False)


class Assistant:
    """The tools, over one log. Their docstrings are what an assistant reads."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def overview(self) -> Told:
        """What the log holds: its head, its symbols with their regimes and prices now, and how far it goes."""
        state = self._log.state()
        first = next(iter(self._log.events(limit=1)), None)
        return plain(
            {
                "epoch": state.epoch,
                "head": state.position,
                "first": first and first.occurred_at,
                "last": state.as_of.occurred_at,
                "symbols": {
                    name: {"regime": one.regime, "since": one.since, "price": one.price}
                    for name, one in state.symbols.items()
                },
                "portfolios": sorted(state.portfolios),
                "disclaimer": state.disclaimer,
            }
        )

    def state_at(
        self,
        at: Annotated[
            str | None, Field(description="A market time such as 2008-09-15T13:00:00Z, or a day.")
        ] = None,
        known_at: Annotated[
            str | None, Field(description="Only what had been recorded by this commit time.")
        ] = None,
        position: Annotated[
            int | None, Field(description="Instead: a position of the log.")
        ] = None,
        symbol: Symbol = None,
    ) -> Told:
        """What was known at a moment: regimes with confidence and reasons, prices, portfolios, the newest alerts and trades."""
        state = self._log.state(at=at, known_at=known_at, position=position, symbol=symbol)
        return state_told(plain(state), symbol)

    def episodes(
        self,
        symbol: Symbol = None,
        since: Since = None,
        until: Until = None,
        limit: Annotated[int, Field(ge=1, le=EPISODES_MAX)] = 50,
    ) -> Told:
        """The newest episodes (the time between two shifts), oldest first: regime, dates, return, drawdown, position."""
        found = self._log.episodes(symbol, since=since, until=until, limit=limit)
        return plain({"episodes": list(found), "disclaimer": DISCLAIMER})

    def explain(self, moment: Moment = "last-shift", symbol: Symbol = None) -> Told:
        """Why a symbol's regime began: the price that caused it, each feature's part, what it led to."""
        shift = self._log.shift(moment, symbol)
        return plain({**plain(shift), "disclaimer": DISCLAIMER})

    def find_events(  # one parameter for each thing that can be asked
        self,
        since: Since = None,
        until: Until = None,
        channels: Annotated[
            list[str] | None,
            Field(description="Of regime, price_alerts, portfolio, trades, prices, system."),
        ] = None,
        symbols: list[str] | None = None,
        types: Annotated[
            list[str] | None, Field(description="Such as regime_update or trade_execution.")
        ] = None,
        after: Annotated[int, Field(ge=0, description="Only beyond this position.")] = 0,
        limit: Annotated[int, Field(ge=1, le=EVENTS_MAX)] = 20,
        newest: Annotated[bool, Field(description="The last ones instead of the first.")] = False,
    ) -> Told:
        """Recorded events, oldest first; `next_after` is where to go on when there may be more."""
        events = self._log.events(
            since=since,
            until=until,
            channels=channels,
            symbols=symbols,
            types=types,
            after=after,
            **{"last" if newest else "limit": limit},
        )
        found = list(events)
        more = not newest and len(found) == limit
        return plain({"events": found, "next_after": found[-1].position if more else None})

    def event(self, position: Annotated[int, Field(ge=1)]) -> Told:
        """One event with its hash, the events that caused it, and those that it caused."""
        return plain(self._log.event(position))

    def transitions(self, symbol: OneSymbol, since: Since = None, until: Until = None) -> Told:
        """Which regime of a symbol followed which, how often, and how long each lasted."""
        found = self._log.transitions(symbol, since=since, until=until)
        return plain({"symbols": found, "disclaimer": DISCLAIMER})

    def whatif(  # one parameter for each thing that can be asked
        self,
        symbol: OneSymbol,
        detector: Annotated[
            str, Field(description="Another detector: anchored, sma200, hmm or jump.")
        ] = "sma200",
        constants: Annotated[
            dict[str, float] | None,
            Field(description="Some of its constants; a wrong one is told which there are."),
        ] = None,
        since: Since = None,
        until: Until = None,
    ) -> Told:
        """What another detector would have said of the recorded prices: both logs side by side, and what each cost."""
        return what_if_told(
            what_if(self._log, detector, constants, symbol=symbol, since=since, until=until)
        )

    def hindsight(self, symbol: OneSymbol, since: Since = None, until: Until = None) -> Told:
        """What was broadcast beside what is known now: bears and crashes with their delays, false alarms, and how often it was right."""
        return hindsight_told(hindsight(self._log, symbol=symbol, since=since, until=until))

    def compare(self, a: Moment, b: Moment = "head", symbol: Symbol = None) -> Told:
        """Two moments side by side: what changed, and which features did it."""
        return plain(self._log.compare(a, b, symbol))


def assistant_server(log: Log, version: str) -> StrictServer:
    """The server; `run()` serves it on standard input and output until its client goes."""
    server = StrictServer(
        "synapse", title="Synapse", instructions=INSTRUCTIONS, version=version, log_level="WARNING"
    )
    tools, asking = Assistant(log), Lock()
    for tool in (
        tools.overview,
        tools.state_at,
        tools.episodes,
        tools.explain,
        tools.find_events,
        tools.event,
        tools.compare,
        tools.transitions,
        tools.whatif,
        tools.hindsight,
    ):
        server.tool(annotations=_READS)(_answering(tool, asking))
    return server


def _answering(tool: Callable[..., Told], asking: Lock) -> Callable[..., Told]:
    """A tool, one question at a time, that says in words what is wrong with a question."""

    @wraps(tool)
    def answer(*arguments: Any, **named: Any) -> Told:
        with asking:
            try:
                return tool(*arguments, **named)
            except ClientError as error:
                raise ToolError(str(error)) from error

    return answer
