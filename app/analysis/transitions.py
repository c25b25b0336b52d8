"""How regimes follow one another: the shifts between them counted, and how long each lasts. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.market.episodes import Episode
from events.catalog import Regime

Table = dict[str, dict[str, int]]
REGIMES: Final = tuple(regime.value for regime in Regime)
_SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Transitions:
    """The shifts among some episodes of one symbol. Every regime is named, also where there is nothing to count.

    Attributes:
        counts: shifts out of one regime into each other one.
        probabilities: the same as fractions of all out of it; None where there was none.
        episodes: how many of each regime.
        mean_duration_s, mean_bars: of those that ended; None where none did.
    """

    counts: Table
    probabilities: dict[str, dict[str, float | None]]
    episodes: dict[str, int]
    mean_duration_s: dict[str, float | None]
    mean_bars: dict[str, float | None]


def transitions(
    episodes: Iterable[Episode], since_us: int | None = None, until_us: int | None = None
) -> Transitions:
    """Count among episodes of one symbol, each of them whole; of their beginnings those within the times."""
    known, shifts = list(episodes), Counter[tuple[str, str]]()
    for each in known:
        within = (since_us is None or each.start_us >= since_us) and (
            until_us is None or each.start_us <= until_us
        )
        if within and each.previous_regime is not None:
            shifts[each.previous_regime, each.regime] += 1
    counts = {out: {to: shifts[out, to] for to in REGIMES if to != out} for out in REGIMES}
    by_regime = {name: [each for each in known if each.regime == name] for name in REGIMES}
    return Transitions(
        counts,
        {out: _fractions(row) for out, row in counts.items()},
        {name: len(chosen) for name, chosen in by_regime.items()},
        {name: _mean(_durations_s(chosen)) for name, chosen in by_regime.items()},
        {
            name: _mean([each.bars for each in chosen if each.end_us is not None])
            for name, chosen in by_regime.items()
        },
    )


def _fractions(row: dict[str, int]) -> dict[str, float | None]:
    total = sum(row.values())
    return {to: count / total if total else None for to, count in row.items()}


def _durations_s(episodes: Iterable[Episode]) -> list[float]:
    return [
        (each.end_us - each.start_us) / _SECOND_US for each in episodes if each.end_us is not None
    ]


def _mean(values: list[float] | list[int]) -> float | None:
    return sum(values) / len(values) if values else None
