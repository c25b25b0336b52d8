"""The power is cut at any instant, again and again: what was acknowledged is there, and the log is proven.

The same test must fail with SQLite's `synchronous=NORMAL`, where a commit does not wait for the disk: that
shows that the cut takes what was not synced. It mounts disks, so it runs only when it is asked to:
`SYNAPSE_POWER_CUTS=300` cuts so often, `SYNAPSE_SEED=17` makes the same choices again. It needs root's rights
and loop devices, and is skipped with the reason elsewhere.
"""

# covers: events.engines, events.sqlite_wal

import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.integration.power import Disk, loop_disk
from tests.integration.recorder_process import Order, Recorder
from tests.integration.victims import Undisturbed, Victim, undisturbed_log
from tests.unit.events.damage import verified

CUTS: Final = int(os.environ.get("SYNAPSE_POWER_CUTS", "0"))
if sys.platform != "linux" or not CUTS:
    why = (
        "cuts the power of disks that it mounts (Linux, as root): SYNAPSE_POWER_CUTS=12 asks for it"
    )
    pytest.skip(why, allow_module_level=True)

BARS: Final = 160
TICKS_MAX: Final = 12
"""A life ends after so many acknowledged ticks at the latest."""


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with Recorder() as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed_log(recorder, tmp_path_factory.mktemp("undisturbed") / "log.db", BARS)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with loop_disk(tmp_path) as mounted:
        yield mounted


@pytest.fixture
def rng() -> random.Random:
    seed = int(os.environ.get("SYNAPSE_SEED") or random.SystemRandom().randrange(2**32))
    print(f"SYNAPSE_SEED={seed}")
    return random.Random(seed)


def some_cut(rng: random.Random, disk: Disk, log: Path) -> Order:
    """A life that the power ends: while it opens the log, or while it appends."""
    opening = rng.random() < 0.15
    said = 0 if opening else rng.randint(1, TICKS_MAX)
    delay_us = rng.randrange(60_000 if opening else 8_000)
    return Order(str(log), BARS, kill_after=said, delay_us=delay_us, cut=str(disk.folder))


@pytest.mark.timeout(120 + 2 * CUTS)
def test_after_any_power_cut_every_acknowledged_event_is_there(
    recorder: Recorder, undisturbed: Undisturbed, disk: Disk, rng: random.Random
) -> None:
    counts: Counter[str] = Counter()
    while counts["cuts"] < CUTS:
        counts["logs"] += 1
        victim = Victim(disk.folder / f"log-{counts['logs']}.db", undisturbed)
        while counts["cuts"] < CUTS and victim.acked < BARS:
            life = victim.suffer(recorder, some_cut(rng, disk, victim.path))
            counts["acknowledged"] += len(life.acked)
            counts["cuts"] += life.killed
            disk.come_back()
            if victim.acked:
                report = verified(victim.path)
                assert report.findings == ()
                victim.check_log()
        victim.check_end(recorder, BARS)
        counts["unknown"] += victim.unknown
    print(
        f"FIGURE {counts['cuts']} power cuts, {counts['acknowledged']} acknowledged ticks: 0 lost"
        f" ({counts['unknown']} recorded, not acknowledged)"
    )


@pytest.mark.timeout(120 + 2 * CUTS)
def test_without_waiting_for_the_disk_acknowledged_events_are_lost(
    recorder: Recorder, undisturbed: Undisturbed, disk: Disk, rng: random.Random
) -> None:
    lost = []
    for number in range(3):
        log = disk.folder / f"log-{number}.db"
        kept = recorder.live(Order(str(log), BARS, stop_after=1)).acked
        cut = Order(str(log), BARS, kill_after=9, cut=str(disk.folder), synchronous="NORMAL")
        told = recorder.live(cut).acked[-1]
        disk.come_back()
        head = recorder.live(Order(str(log), BARS, stop_after=0)).opened_at
        assert head is not None
        assert head >= kept[-1]
        lost.append(told - head)
    print(f"FIGURE synchronous=NORMAL, 3 cuts: {lost} acknowledged events lost")
    assert max(lost) > 0
