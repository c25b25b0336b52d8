"""What the tests of the analysis ask of a whole log at once."""

from collections.abc import Iterable
from datetime import datetime

from app.analysis.hindsight import HindsightRun
from app.analysis.hindsight_result import Hindsight
from app.analysis.regime_bars import Told


def know_now(
    events: Iterable[Told], since: datetime | None = None, until: datetime | None = None
) -> Hindsight:
    """Judge a log, its events in order."""
    run = HindsightRun(since, until)
    for event in events:
        run.take(event)
    return run.result()
