"""Named points at which a test ends the process: made for tests of durability, and for nothing else.

`SYNAPSE_FAILPOINT=after_commit:3:kill` kills the process, as a power cut would, when it comes to the point
`after_commit` for the third time. Without that variable `reach` does nothing.

Points: `before_commit` (all is written, nothing is promised), `after_commit` (it is on disk, nobody knows).
"""

import os
import signal
from collections.abc import Callable
from typing import Final

VARIABLE: Final = "SYNAPSE_FAILPOINT"
POINTS: Final = ("before_commit", "after_commit")


def _pass(_point: str) -> None:
    return


reach: Callable[[str], None] = _pass
"""Tells that execution has come to a point; call it as `failpoints.reach(...)`, so that arming is seen."""


def arm(order: str) -> None:
    """Take the order `POINT:N:kill`: at the Nth time that `POINT` is reached, the process is killed.

    Raises:
        ValueError: the order is not of this form, or names no point.
    """
    global reach  # noqa: PLW0603  # the switch itself: being off must cost no more than a call
    point, _, rest = order.partition(":")
    number, _, action = rest.partition(":")
    if point not in POINTS or action != "kill" or not number.isdecimal() or int(number) < 1:
        raise ValueError(f"{VARIABLE} must be POINT:N:kill with one of {POINTS}, not {order!r}")
    left = int(number)

    def count_down(reached: str) -> None:
        nonlocal left
        if reached != point:
            return
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    reach = count_down


if _order := os.environ.get(VARIABLE):
    arm(_order)
