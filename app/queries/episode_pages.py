"""More episodes than the projection holds: those before its oldest are read from what it held when that one began.

The fold holds the newest few of each symbol, so that neither a server's memory nor its start grows with the log. As
of the position at which an episode began, the same fold held those right before it; and a position costs a bounded
number of events. So any number of episodes is put together of a few states of the past.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.market.episodes import Episode, Episodes
from events.projection import Folded
from events.projector import Projector

EPISODES_KNOWN: Final = 10_000
"""Ended episodes of one symbol that any question looks at: the newest."""

_Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which episodes a question needs, beside those that are held.

    Attributes:
        symbol: of one symbol; None for all.
        since_us, until_us: market times (inclusive) that they overlap.
        after: a position: those that began beyond it.
        limit: so many of the newest, of all symbols together; None for all.
    """

    symbol: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    after: int | None = None
    limit: int | None = None

    def chosen(self, known: Sequence[Episode]) -> list[Episode]:
        """Those of some that overlap the times."""
        return [each for each in known if each.overlaps(self.since_us, self.until_us)]


async def known_episodes(
    projector: Projector[Episodes], folded: Folded[Episodes], asked: Asked
) -> dict[str, list[Episode]]:
    """The episodes of each symbol that has any, oldest first, as of a fold; more than are asked for, maybe.

    `folded` is read before anything is awaited: it may be the state that is served.
    """
    books = {
        name: _Book(known.episodes())
        for name, known in folded.state.items()
        if asked.symbol in {None, name} and known.lasting is not None
    }
    while (reach := _next(books, asked)) is not None:
        earlier = (await projector.at_position(reach)).state
        for name, book in books.items():
            if name in earlier:
                book.prepend(earlier[name].ended, reach)
    return {name: book.known for name, book in books.items()}


@dataclass(slots=True)
class _Book:
    """The episodes of a symbol that are known so far, oldest first; the newest of them may last."""

    known: list[Episode]
    is_whole: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_whole = self._has_first

    @property
    def _has_first(self) -> bool:
        return self.known[0].previous_regime is None or len(self.known) > EPISODES_KNOWN

    def prepend(self, ended: Sequence[Episode], reach: int) -> None:
        """Take over those that are older than all that are known, of the state at a position."""
        oldest = self.known[0].position
        earlier = [each for each in ended if each.position < oldest]
        self.known = [*earlier, *self.known][-EPISODES_KNOWN - 1 :]
        # What began there had one before it; a state that does not know it has no more to tell.
        self.is_whole = self._has_first or (oldest == reach and not earlier)

    def reaches(self, asked: Asked, least: _Place | None) -> bool:
        """Whether nothing older than what is known is asked for; `least`: the oldest that can be among the newest so many."""
        oldest = self.known[0]
        return (
            self.is_whole
            or (asked.after is not None and oldest.position <= asked.after)
            # Of one that began right at the time, others may have come before at the same time.
            or (asked.since_us is not None and oldest.start_us < asked.since_us)
            or (least is not None and (oldest.start_us, oldest.position) <= least)
        )


def _next(books: Mapping[str, _Book], asked: Asked) -> int | None:
    """The position at which more is to be read; None when all is known that is asked for."""
    least = _least(books, asked)
    open_ones = [
        book.known[0].position for book in books.values() if not book.reaches(asked, least)
    ]
    return max(open_ones, default=None)


def _least(books: Mapping[str, _Book], asked: Asked) -> _Place | None:
    """The place of the oldest that can be among the newest so many; None while there are fewer."""
    if asked.limit is None:
        return None
    places = [
        (each.start_us, each.position)
        for book in books.values()
        for each in asked.chosen(book.known)
    ]
    return sorted(places)[-asked.limit] if len(places) >= asked.limit else None
