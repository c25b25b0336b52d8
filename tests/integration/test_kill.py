"""A recorder that is killed at any instant, and started again, as often as one likes, loses nothing.

`SYNAPSE_KILLS=10000` kills so often (60 times without it); a failure prints its seed, and
`SYNAPSE_SEED=17` makes the same choices again. The instants themselves are the machine's.
"""

# covers: events.failpoints, events.engines

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from events import failpoints
from tests.integration.recorder_process import ROOT, Order, Recorder
from tests.integration.victims import Undisturbed, Victim, read_log, undisturbed_log

if sys.platform == "win32":
    pytest.skip("needs fork and SIGKILL", allow_module_level=True)

KILLS: Final = int(os.environ.get("SYNAPSE_KILLS", "60"))
BARS: Final = 160
"""Bars that a log holds in the end; then the kills go on with a new log."""

SOME_BARS: Final = 12


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with Recorder() as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed_log(recorder, tmp_path_factory.mktemp("undisturbed") / "log.db", BARS)


def some_death(rng: random.Random, order: Order) -> tuple[str, Order]:
    """How the next life is to end, by name."""
    number = rng.randint(1, 5)
    match rng.randrange(5):
        case 0:
            return "opening", replace(order, kill_after=0, delay_us=rng.randrange(60_000))
        case 1:
            ticks = rng.randrange(4)
            instant = replace(order, stop_after=ticks, kill_after=ticks + 1)
            return "closing", replace(instant, delay_us=rng.randrange(8_000))
        case 2:
            # The first transaction of a life is the one that looks after the schema.
            return "before_commit", replace(order, failpoint=f"before_commit:{number}:kill")
        case 3:
            return "after_commit", replace(order, failpoint=f"after_commit:{number}:kill")
        case _:
            return "appending", replace(order, kill_after=number, delay_us=rng.randrange(8_000))


@pytest.mark.timeout(60 + KILLS)
def test_killed_at_any_instant_it_ends_with_the_events_of_one_never_killed(
    recorder: Recorder, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    seed = int(os.environ.get("SYNAPSE_SEED") or random.SystemRandom().randrange(2**32))
    print(f"SYNAPSE_SEED={seed}")
    rng = random.Random(seed)
    deaths: Counter[str] = Counter()
    unknown = logs = 0
    while deaths.total() < KILLS:
        logs += 1
        victim = Victim(tmp_path / f"log-{logs}.db", undisturbed)
        while deaths.total() < KILLS and victim.acked < BARS:
            name, order = some_death(rng, Order(str(victim.path), BARS))
            deaths[name] += victim.suffer(recorder, order).killed
            # Not always: a reader repairs what it finds, and the next life must cope without one too.
            if victim.opened and rng.random() < 0.2:
                victim.check_log()
        victim.check_end(recorder, BARS)
        unknown += victim.unknown
    print(
        f"FIGURE {deaths.total()} kills ({unknown} between commit and acknowledgement):"
        f" 0 acknowledged events lost, 0 doubled"
    )


@pytest.mark.parametrize("reached", [2, 3, 4, 5])
def test_killed_before_the_commit_the_tick_is_not_recorded(
    recorder: Recorder, undisturbed: Undisturbed, tmp_path: Path, reached: int
) -> None:
    victim = Victim(tmp_path / "log.db", undisturbed)
    order = Order(str(victim.path), BARS, failpoint=f"before_commit:{reached}:kill")
    life = victim.suffer(recorder, order)
    assert (life.killed, len(life.acked)) == (True, reached - 2)
    assert len(read_log(victim.path)) == undisturbed.ends[reached - 2]
    victim.check_end(recorder, SOME_BARS)
    assert victim.unknown == 0


@pytest.mark.parametrize("reached", [2, 3, 4, 5])
def test_killed_after_the_commit_the_tick_is_recorded_and_not_a_second_time(
    recorder: Recorder, undisturbed: Undisturbed, tmp_path: Path, reached: int
) -> None:
    victim = Victim(tmp_path / "log.db", undisturbed)
    order = Order(str(victim.path), BARS, failpoint=f"after_commit:{reached}:kill")
    life = victim.suffer(recorder, order)
    assert (life.killed, len(life.acked)) == (True, reached - 2)
    assert len(read_log(victim.path)) == undisturbed.ends[reached - 1]
    victim.check_end(recorder, SOME_BARS)
    assert victim.unknown == 1


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
def test_killed_while_the_log_is_made_it_is_made_at_the_next_start(
    recorder: Recorder, undisturbed: Undisturbed, tmp_path: Path, point: str
) -> None:
    victim = Victim(tmp_path / "log.db", undisturbed)
    for _ in range(3):
        life = victim.suffer(recorder, Order(str(victim.path), BARS, failpoint=f"{point}:1:kill"))
        assert (life.killed, life.opened_at) == (True, None)
    victim.check_end(recorder, SOME_BARS)


# --- the failpoints themselves ------------------------------------------------------------------

REACH_TWICE: Final = """
from events import failpoints

for _ in range(2):
    failpoints.reach("before_commit")
    print("passed", flush=True)
    failpoints.reach("after_commit")
"""


def reach_twice(order: str | None) -> subprocess.CompletedProcess[str]:
    others = {name: value for name, value in os.environ.items() if name != failpoints.VARIABLE}
    return subprocess.run(
        [sys.executable, "-c", REACH_TWICE],
        cwd=ROOT,
        env=others if order is None else {**others, failpoints.VARIABLE: order},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("order", "passed"),
    [("before_commit:1:kill", 0), ("before_commit:2:kill", 1), ("after_commit:2:kill", 2)],
)
def test_a_failpoint_in_the_environment_kills_where_and_when_it_says(
    order: str, passed: int
) -> None:
    done = reach_twice(order)
    assert (done.returncode, done.stdout.count("passed")) == (-signal.SIGKILL, passed)


@pytest.mark.parametrize("order", [None, "", "before_commit:3:kill"])
def test_without_a_failpoint_or_before_its_time_nothing_happens(order: str | None) -> None:
    assert (reach_twice(order).returncode, reach_twice(order).stdout) == (0, "passed\n" * 2)


@pytest.mark.parametrize(
    "order",
    [
        "before_commit",
        "nowhere:1:kill",
        "after_commit:0:kill",
        "after_commit:x:kill",
        "after_commit:1:sing",
    ],
)
def test_an_order_that_makes_no_sense_is_refused(order: str) -> None:
    done = reach_twice(order)
    assert done.returncode == 1
    assert f"ValueError: {failpoints.VARIABLE} must be POINT:N:kill" in done.stderr
