"""One story on every engine, told with the fixtures that others use: how the crash of 2008 was recorded."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import takewhile

import pytest

from app.feeds.samples import SAMPLES
from app.ingest import TickIngest
from events.log import EventLog
from events.testing import Golden, LogUnderTest, PriceAlert, PriceUpdated, RegimeUpdated, assert_log

BEGINS = datetime(2007, 6, 1, tzinfo=UTC)
"""Early enough for the detector to be warm in the autumn of 2008."""
AUTUMN = datetime(2008, 10, 2, tzinfo=UTC)
ENDS = datetime(2008, 10, 11, tzinfo=UTC)

every_engine = pytest.mark.parametrize(
    "synapse_engine", ["memory", "sqlite", "postgres"], indirect=True
)


async def record(log: EventLog) -> None:
    """Record the closes of the S&P 500, first those before that autumn at once, then day by day."""
    bars = list(takewhile(lambda bar: bar.timestamp < ENDS, SAMPLES["SPX"].bars()))
    ingest = await TickIngest.open(log)
    await ingest.record([bar for bar in bars if BEGINS <= bar.timestamp < AUTUMN], "import")
    for bar in bars:
        if bar.timestamp >= AUTUMN:
            await ingest.record([bar], "import")
    await ingest.close()


@every_engine
def test_the_crash_of_2008_is_recorded_alike(
    log: LogUnderTest, golden: Callable[..., Golden]
) -> None:
    log.run(record)
    crash = RegimeUpdated(symbol="SPX", regime="CRASH")
    assert_log(log).contains(PriceUpdated(symbol="SPX", timestamp="2008-10-10"))
    assert_log(log).contains(crash).then(
        PriceAlert(symbol="SPX", kind="regime_shift", severity="critical")
    ).caused_by(crash)
    assert_log(log).dense()
    # The alerts tell it in few words; all else would be a thousand lines.
    golden("alerts-of-2008").check(log.read(types=["price_alert"]))
