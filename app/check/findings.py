"""What may be wrong with what a subscriber saw, a writer was told or the log holds. Pure."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

TEXT_SHOWN: Final = 200
"""Characters of a foreign text that an error or a finding shows."""

_UNSEEN_HTML: Final = re.compile(
    r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE
)
_TAG: Final = re.compile(r"</?[a-z!][^>]*>", re.IGNORECASE)


class Fault(StrEnum):
    """The kinds of faults; a certificate counts each one."""

    MISSED = "missed"
    """A subscriber was owed an event and did not get it."""
    DOUBLED = "doubled"
    """An event came again on the same subscription, or one price was recorded twice."""
    REORDERED = "reordered"
    """An event came after one that follows it."""
    CHANGED = "changed"
    """A text that is not the log's, or a price recorded otherwise than it was sent."""
    STRAY = "stray"
    """An event that the log does not hold, that was not asked for, or that nobody sent."""
    LOST = "lost"
    """A price that was acknowledged and is not in the log where the answer said."""
    GAP = "gap"
    """The log itself has a hole: in its positions, or in a stream's versions."""
    CLAIM = "claim"
    """The server said something untrue of itself: a head, an epoch, a second answer to one key."""
    REFUSED = "refused"
    """A cursor, or a subscribe, that the server had to take was refused."""


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        fault: of which kind.
        text: what, for people.
        who: the subscriber, the writer, or `log`.
        position, stream, version: of the event that it concerns, where there is one.
    """

    fault: Fault
    text: str
    who: str = ""
    position: int | None = None
    stream: str | None = None
    version: int | None = None

    def __str__(self) -> str:
        return self.text


def one_line(text: str, shown: int = TEXT_SHOWN) -> str:
    """A foreign text on one line: a page without its tags, and nothing that a terminal would act upon."""
    bare = _TAG.sub(" ", _UNSEEN_HTML.sub(" ", text[: 100 * shown]))
    return " ".join("".join(c if c.isprintable() else " " for c in bare).split())[:shown]
