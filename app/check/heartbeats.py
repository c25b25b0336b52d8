"""Whether heartbeats come as often as they are promised: judged over all connections of one way. Pure.

A server may pass one busy connection over; that it passes over all of them, again and again, is its fault.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from app.check.findings import Fault, Finding

INTERVALS_MAX: Final = 2.5
"""Without a heartbeat for so many intervals a client calls a connection dead."""
SILENCE_S_MIN: Final = 5.0
"""Never judged for less: a busy machine is no broken server."""


class Moment(NamedTuple):
    """When a control message came, or a connection `ended`, by the clock of `Stage`."""

    kind: str
    at_s: float


class Listener(NamedTuple):
    """One that reads at once: its way (`socket` or `sse`), its name, and what it was told when."""

    way: str
    who: str
    moments: Sequence[Moment]


class _Life(NamedTuple):
    """A time in which a connection was live: caught up."""

    who: str
    begin_s: float
    end_s: float


def judge_heartbeats(
    listeners: Iterable[Listener], heartbeat_s: float
) -> tuple[list[Finding], list[str]]:
    """The longest silence of each way, if it is too long; and the ways of which nothing can be said."""
    findings: list[Finding] = []
    unseen: list[str] = []
    by_way: dict[str, list[Listener]] = {}
    for one in listeners:
        by_way.setdefault(one.way, []).append(one)
    allowed_s = max(SILENCE_S_MIN, INTERVALS_MAX * heartbeat_s)
    for way, some in by_way.items():
        lives = [life for one in some for life in _lives(one)]
        beats_s = sorted(at_s for one in some for kind, at_s in one.moments if kind == "heartbeat")
        silences = [(s, life.who) for life in lives for s in _silences(life, beats_s)]
        silence_s, who = max(silences, default=(0.0, ""))
        if silence_s > allowed_s:
            told = f"no heartbeat by {way} for {silence_s:.1f} s, though one is due every {heartbeat_s:g} s"
            findings.append(Finding(Fault.CLAIM, told, who))
        elif not beats_s:
            lived_s = max((life.end_s - life.begin_s for life in lives), default=0.0)
            unseen.append(f"heartbeats by {way} (live for {lived_s:.1f} s, due in {allowed_s:g} s)")
    return findings, unseen


def _lives(one: Listener) -> Iterator[_Life]:
    """When it was live. A second subscribe that catches up does not end it: it takes little time."""
    begin_s: float | None = None
    for kind, at_s in one.moments:
        if kind == "caught_up" and begin_s is None:
            begin_s = at_s
        elif kind in {"lagging", "ended"} and begin_s is not None:
            yield _Life(one.who, begin_s, at_s)
            begin_s = None


def _silences(life: _Life, beats_s: Sequence[float]) -> Iterator[float]:
    last_s = life.begin_s
    for at_s in beats_s:
        if life.begin_s <= at_s <= life.end_s:
            yield at_s - last_s
            last_s = at_s
    yield life.end_s - last_s
