"""Lanes, the logs that are shown beside the served one: the answer of `GET /api/lanes`."""

from events.catalog import DetectorStamp, Record
from events.scalars import Label, Symbol, UtcTime


class LaneSymbol(Record):
    """A symbol of a lane: who made its newest regime, and the market time at which the lane ends."""

    symbol: Symbol
    detector: DetectorStamp | None
    until: UtcTime


class Lane(Record):
    """A lane; its positions are those of another log. `problem` says why nothing is known of it now."""

    name: Label
    problem: str | None
    epoch: str | None
    head: int | None
    detectors: list[DetectorStamp]
    symbols: list[LaneSymbol]


class Lanes(Record):
    """All lanes of a server, in the order in which they were named."""

    lanes: list[Lane]
