"""What names a lane: `NAME=FILE`, on the command line or, several with `;` between them, in `SYNAPSE_LANES`."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from events.scalars import LABEL_PATTERN

LANES_MAX: Final = 4
"""Logs that one server shows beside its own."""

_BETWEEN: Final = ";"


class LaneError(ValueError):
    """Lanes that are not named as they must be."""


def parse_lanes(text: str) -> dict[str, Path]:
    """The files by the names of their lanes, in the order given.

    Raises:
        LaneError: a name is bad or comes twice, a file is missing, or there are more than `LANES_MAX`.
    """
    found: dict[str, Path] = {}
    for spec in filter(None, (part.strip() for part in text.split(_BETWEEN))):
        name, equals, file = (part.strip() for part in spec.partition("="))
        if not equals or not file:
            raise LaneError(f"{spec!r} is no lane: write NAME=FILE, such as sma200=whatif.db")
        if not re.fullmatch(LABEL_PATTERN, name):
            raise LaneError(
                f"{name!r} is no name of a lane: use up to 64 letters, digits and . _ : -"
            )
        if name in found:
            raise LaneError(f"two lanes are called {name!r}: each needs a name of its own")
        # After an equals sign the shell leaves a tilde as it is.
        found[name] = Path(file).expanduser()
    if len(found) > LANES_MAX:
        raise LaneError(f"{len(found)} lanes are too many: there may be {LANES_MAX}")
    return found


def joined_lanes(specs: Sequence[str]) -> str:
    """Several `NAME=FILE` as one text that `parse_lanes` reads.

    Raises:
        LaneError: see `parse_lanes`; or there is a `;` in one of them, which would end it.
    """
    for spec in specs:
        if _BETWEEN in spec:
            raise LaneError(f"{spec!r} has a {_BETWEEN} in it: rename the file")
    text = _BETWEEN.join(specs)
    parse_lanes(text)
    return text
