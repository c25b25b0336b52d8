"""An exchange's trades in an order and with times that are the same each time they are fetched.

Exchanges date trades to the millisecond, and several trades share one. The log takes two prices of one
symbol at one time for a price and its correction, so here the microseconds count the trades of a
millisecond, in the order of their ids. A trade that is fetched again gets the very same time.
"""

from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

TRADES_A_MS: Final = 1_000
"""Trades of one symbol in one millisecond that microseconds can tell apart; further ones are dropped."""

REMEMBERED_MS: Final = 2_000
"""Milliseconds with trades that are remembered, of each symbol, so that a repeated trade is known."""


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade, as the exchange tells it.

    Attributes:
        trade_id: the exchange's own; empty where it has none.
        at_ms: milliseconds since 1970 UTC.
    """

    trade_id: str
    at_ms: int
    price: Decimal
    amount: Decimal | None
    side: str

    @property
    def key(self) -> tuple[str, ...]:
        """What makes two reports of a trade one trade."""
        if self.trade_id:
            return (self.trade_id,)
        return ("", str(self.at_ms), str(self.price), str(self.amount), self.side)

    @property
    def rank(self) -> tuple[int, str]:
        """Its place among the trades of its millisecond: ids count upwards where they are numbers."""
        number = self.trade_id.isascii() and self.trade_id.isdigit()
        return (int(self.trade_id), "") if number else (0, self.trade_id)


@dataclass(frozen=True, slots=True)
class Timed:
    """A trade with its final time, in microseconds since 1970 UTC."""

    at_us: int
    trade: Trade


@dataclass(slots=True)
class _Waiting:
    """The trades of one millisecond that has not settled yet, and when the newest of them came."""

    trades: list[Trade]
    came_s: float


class TradeSequence:
    """One symbol's trades: known ones are left out, the rest wait until their millisecond is complete.

    Attributes:
        cursor_ms: the newest trade's time, or the time from which trades are wanted.
        crowded_out: how many were dropped as number `TRADES_A_MS` + 1 or later of a millisecond.

    Args:
        from_us: trades at or before this time (microseconds) are recorded already; None: from `from_ms` on.
        from_ms: the first millisecond that is wanted.
    """

    def __init__(self, from_ms: int, from_us: int | None = None) -> None:
        self._from_us = -1 if from_us is None else from_us
        self._from_ms = from_ms if from_us is None else from_us // 1_000
        self.cursor_ms = self._from_ms
        self._waiting: dict[int, _Waiting] = {}
        self._released: OrderedDict[int, list[tuple[str, ...]]] = OrderedDict()
        self._keys: set[tuple[str, ...]] = set()
        self.crowded_out = 0

    @property
    def from_ms(self) -> int:
        """The first millisecond whose trades are taken; older ones are as good as recorded."""
        return self._from_ms

    @property
    def waiting_since_s(self) -> float | None:
        """When the oldest millisecond that is not settled had its newest trade; None: none waits."""
        return self._waiting[min(self._waiting)].came_s if self._waiting else None

    def add(self, trade: Trade, now_s: float) -> bool:
        """Take a trade that came at `now_s` (of any steady clock); False if it is known or too old."""
        if trade.at_ms < self._from_ms or trade.key in self._keys:
            return False
        self._keys.add(trade.key)
        self.cursor_ms = max(self.cursor_ms, trade.at_ms)
        waiting = self._waiting.setdefault(trade.at_ms, _Waiting([], now_s))
        waiting.trades.append(trade)
        waiting.came_s = now_s
        return True

    def release(self, before_ms: int, came_before_s: float) -> list[Timed]:
        """The trades that are complete, in the order of their times.

        A millisecond is complete when it lies before `before_ms`, or when nothing was added to it since
        `came_before_s`. No trade passes one that still waits.
        """
        ready = []
        for at_ms in sorted(self._waiting):
            if at_ms >= before_ms and self._waiting[at_ms].came_s > came_before_s:
                break
            ready += self._timed(at_ms, self._waiting.pop(at_ms).trades)
        self._forget()
        return ready

    def _timed(self, at_ms: int, trades: list[Trade]) -> list[Timed]:
        # A trade that came after its millisecond was released stands behind those of that millisecond.
        known = self._released.setdefault(at_ms, [])
        timed = []
        for trade in sorted(trades, key=lambda trade: trade.rank):
            if len(known) >= TRADES_A_MS:
                self.crowded_out += 1
                continue
            at_us = at_ms * 1_000 + len(known)
            known.append(trade.key)
            if at_us > self._from_us:
                timed.append(Timed(at_us, trade))
        return timed

    def _forget(self) -> None:
        while len(self._released) > REMEMBERED_MS:
            at_ms, keys = self._released.popitem(last=False)
            self._keys.difference_update(keys)
            self._from_ms = max(self._from_ms, at_ms + 1)
