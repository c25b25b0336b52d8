"""`synapse-check` against the real server, and against broken ones: what is planted is found, by its number."""

# covers: app.check.run, app.check.subscriber, app.check.kinds, app.check.writer, app.check.wire

import asyncio
import json
import secrets
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.check.certificate import Certificate, Outcome
from app.check.findings import Fault
from app.check.http import CannotCheck
from app.check.plan import Kind, Plan
from app.check.run import run
from app.check.stage import Stage
from tests.house.tree import ROOT
from tests.integration import forked
from tests.integration.broken_front import (
    Front,
    Tamper,
    alters,
    doubles,
    drops,
    forgets_after_resume,
    front_of,
    swaps,
)
from tests.integration.programs import Running
from tests.integration.served import TOKEN, Json, Served, serving

PRICES = 150


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that tells often how far it is, and that trades with no paper."""
    folder = tmp_path_factory.mktemp("checked")
    with serving(folder, heartbeat_s=0.2, paper="off") as running:
        yield running


def plan(url: str, **more: Any) -> Plan:
    """A short run; its subscribers are one fast and one reconnecting one, unless it says otherwise."""
    usual: dict[str, Any] = {
        "run": secrets.token_hex(3),
        "token": TOKEN,
        "prices": PRICES,
        "subscribers": 2,
        "slow": 0.0,
        "reconnect_every": 20,
        "timeout_s": 5.0,
    }
    return Plan(url, **(usual | more))


def faults(certificate: Certificate) -> dict[Fault, int]:
    return {fault: count for fault, count in certificate.faults.items() if count}


async def program(*arguments: str) -> tuple[int, str, str]:
    """The program as a process; its exit code and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(*forked.words("app.check.cli"), *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_real_server_passes_with_every_kind_of_subscriber(checked: Served) -> None:
    found = await run(plan(checked.url, subscribers=8, slow=0.25, prices=300))
    assert (found.outcome, faults(found), found.findings) == (Outcome.PASSED, {}, [])
    assert set(found.reading.kinds) == {kind.value for kind in Kind}
    assert found.reading.connections > 8
    assert found.writing.prices_acknowledged == found.writing.prices_sent == 300
    assert found.events_written >= 600
    assert found.server.head - found.server.begin == found.events_written
    assert found.latency is not None
    assert found.latency.samples == 600  # two fast ones


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (drops(7), Fault.MISSED),
        (doubles(7), Fault.DOUBLED),
        (swaps(7), Fault.REORDERED),
        (alters(7), Fault.CHANGED),
    ],
)
async def test_a_broken_socket_is_found(
    checked: Served, tamper: Callable[[Front, bool], Tamper], fault: Fault
) -> None:
    async with front_of(checked.url, tamper) as front:
        found = await run(plan(front.url, subscribers=1))
    assert front.planted >= 30
    assert (found.outcome, faults(found)) == (Outcome.FAILED, {fault: front.planted})
    assert found.findings_in_all == front.planted
    first = found.findings[0]
    assert (first.fault, first.who) == (fault, "fast 1")
    assert checked.get(f"/api/events/{first.position}")["event"]["stream"] == first.stream


async def test_an_event_lost_at_each_reconnect_is_found(checked: Served) -> None:
    async with front_of(checked.url, forgets_after_resume) as front:
        found = await run(plan(front.url))
    assert front.planted >= 5
    assert (found.outcome, faults(found)) == (Outcome.FAILED, {Fault.MISSED: front.planted})
    assert {finding.who for finding in found.findings} == {"reconnecting 1"}


async def test_an_acknowledgement_without_a_record_is_found(checked: Served) -> None:
    async with front_of(checked.url, lies_every=10) as front:
        found = await run(plan(front.url))
    assert front.planted >= 2
    assert found.outcome is Outcome.FAILED
    assert faults(found) | {Fault.CLAIM: 0} == {Fault.LOST: front.planted, Fault.CLAIM: 0}
    assert found.findings[0].who.startswith("writer ")


async def test_the_program_tells_its_verdict_by_its_exit_code_and_as_json(checked: Served) -> None:
    # One that never reconnects: what was left out before a cut would be asked for again.
    asked = ("--token", TOKEN, "--subscribers", "1", "--slow", "0", "--events", "100")
    code, out, err = await program(checked.url, *asked, "--json", "--seed", "7")
    told: Json = json.loads(out)
    assert (code, told["outcome"], told["seed"], err) == (0, "PASS", 7, "")
    assert Certificate.model_validate_json(out).form == "synapse-check/1"
    async with front_of(checked.url, drops(5)) as front:
        code, out, err = await program(front.url, *asked)
    assert (code, out.splitlines()[-1], err) == (1, "FAIL", "")
    assert f"missed         {front.planted}" in out
    assert f"  and {front.planted - 20} more" in out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"token": "wrong"}, "refuses the token"),
        ({"url": "http://127.0.0.1:9"}, "cannot be reached"),
    ],
)
async def test_what_cannot_be_checked_is_said_at_once(
    checked: Served, more: Json, said: str
) -> None:
    with pytest.raises(CannotCheck, match=said):
        await run(plan(**({"url": checked.url} | more)))


async def test_a_run_that_is_cut_short_tells_what_it_found_so_far(checked: Served) -> None:
    writing = asyncio.Event()

    def watch(stage: Stage) -> None:
        if stage.acknowledged > 20 and stage.delivered > 20:
            writing.set()

    running = asyncio.create_task(run(plan(checked.url, prices=100_000, subscribers=6), watch))
    await writing.wait()
    running.cancel()
    found = await running
    assert (found.outcome, faults(found)) == (Outcome.INTERRUPTED, {})
    assert 20 < found.writing.prices_acknowledged <= found.writing.prices_sent < 100_000


async def test_a_server_that_is_killed_and_started_again_passes(tmp_path: Path) -> None:
    def start(port: str) -> Running:
        arguments = ("serve", "--db", "log.db", "--no-browser", "--port", port)
        env = {"SYNAPSE_TOKEN": TOKEN, "SYNAPSE_PAPER": "off", "SYNAPSE_HEARTBEAT_S": "0.5"}
        return Running(*arguments, folder=tmp_path, env=env)

    halfway = asyncio.Event()

    def watch(stage: Stage) -> None:
        if stage.progress > 0.3:
            halfway.set()

    with start("0") as first:
        url = await asyncio.to_thread(first.url)
        checking = asyncio.create_task(
            run(plan(url, prices=400, subscribers=6, patience_s=60), watch)
        )
        await asyncio.wait(
            {checking, asyncio.create_task(halfway.wait())}, return_when="FIRST_COMPLETED"
        )
        await asyncio.to_thread(first.stop, signal.SIGKILL)
        with start(url.rpartition(":")[2]) as second:
            found = await checking
            assert second.process.poll() is None
    assert (found.outcome, faults(found)) == (Outcome.PASSED, {})
    assert found.writing.prices_acknowledged == 400


async def test_a_server_that_stays_away_is_given_up(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        writing = asyncio.Event()

        def watch(stage: Stage) -> None:
            if stage.acknowledged > 10:
                writing.set()

        asked = plan(served.url, prices=100_000, patience_s=0.2)
        checking = asyncio.create_task(run(asked, watch))
        await writing.wait()
        await asyncio.to_thread(served.stop)
        with pytest.raises(CannotCheck, match=r"has been away for 0\.2 s"):
            await checking
