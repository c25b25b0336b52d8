"""Which variables look like settings and are none: a slip of the pen would be ignored in silence. Pure."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

PREFIX: Final = "SYNAPSE_"

ALIKE_MIN: Final = 0.7
"""How alike two names must be for one to be a slip of the other (1: the same), without the prefix.

Names of other programs' own, such as those that the tests read, are further away.
"""


def misspelt(given: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Variables that are no settings, each with the setting that was meant.

    Args:
        given: names of variables.
        known: the settings, as variables, in capitals.
    """
    settings = {name.removeprefix(PREFIX): name for name in known}
    found: dict[str, str] = {}
    for name in sorted(given):
        word = name.upper().removeprefix(PREFIX)
        if not name.upper().startswith(PREFIX) or word in settings:
            continue
        if near := get_close_matches(word, settings, 1, ALIKE_MIN):
            found[name] = settings[near[0]]
    return found
