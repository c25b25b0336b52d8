"""A chain that was begun, such as `assert_log(log)`, and has to say something: one that was forgotten cannot fail.

Under pytest the plugin fails the test that forgets it; elsewhere a warning is all that can be said when it is dropped.
"""

import os
import sys
import warnings
from types import FrameType
from typing import Final

from events.testing.errors import NothingAsserted, refusals

PLUGIN: Final = "pytest_regime_synapse"
"""The module that hears of promises, by its list `begun`, while a test runs."""

_HERE: Final = os.path.dirname(__file__)  # noqa: PTH120  # as code objects name their files


class Promise:
    """That a chain will assert something.

    Attributes:
        what: the chain so far.
        kept: whether it did.
    """

    def __init__(self, what: str) -> None:
        self.what, self.kept = what, False
        self._file, self._line = _place()
        self._refusals = refusals()
        heard = getattr(sys.modules.get(PLUGIN), "begun", None)
        self._heard = heard is not None
        if heard is not None:
            heard.append(self)

    def __str__(self) -> str:
        return f"{self._file}:{self._line}: {self.what} asserted nothing"

    @property
    def broken(self) -> bool:
        """Whether it asserted nothing, and no refusal of an expectation was the reason."""
        return not self.kept and refusals() == self._refusals

    def dropped(self) -> None:
        """Its chain is gone."""
        if not self.broken:
            self.kept = True
        elif not self._heard:
            text = f"{self.what} asserted nothing"
            try:
                warnings.warn_explicit(text, NothingAsserted, self._file, self._line)
            except NothingAsserted:  # made an error, which nobody could catch here
                sys.stderr.write(f"{self}\n")


class Promising:
    """A chain that keeps a promise, or is told of when it is dropped; before it has made one, there is none."""

    _promise: Promise | None = None

    def __del__(self) -> None:
        if self._promise is not None:
            self._promise.dropped()


def _place() -> tuple[str, int]:
    """Where the caller's own code began the chain."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and _is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return ("?", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def _is_ours(file: str) -> bool:
    return os.path.dirname(file) == _HERE or file.endswith(f"{PLUGIN}.py")  # noqa: PTH120
