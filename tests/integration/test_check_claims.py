"""`synapse-check` against servers that say something untrue of themselves, and against floods."""

# covers: app.check.run, app.check.claims, app.check.sse, app.check.answers, app.check.page

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
from app.check.plan import UNASKED_MAX, Kind, Plan
from app.check.run import run
from tests.house.tree import ROOT
from tests.integration import forked
from tests.integration.broken_front import (
    Front,
    Tamper,
    front_of,
    never_says,
    says,
    without_ids,
)
from tests.integration.served import TOKEN, Json, Served, serving


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that tells often how far it is, with a log of others' prices."""
    folder = tmp_path_factory.mktemp("checked")
    with serving(folder, heartbeat_s=0.2, paper="off") as running:
        times = [f"2026-01-16T12:{n // 60:02}:{n % 60:02}Z" for n in range(UNASKED_MAX)]
        running.post_prices(*({"symbol": "SPX", "price": "9", "timestamp": at} for at in times))
        yield running


def plan(url: str, **more: Any) -> Plan:
    """A run of a moment: five subscribers, none of them slow, unless it says otherwise."""
    usual: dict[str, Any] = {
        "run": secrets.token_hex(3),
        "token": TOKEN,
        "prices": 40,
        "subscribers": 5,
        "slow": 0.0,
        "reconnect_every": 20,
        "timeout_s": 1.0,
    }
    return Plan(url, **(usual | more))


def faults(certificate: Certificate) -> set[Fault]:
    return {fault for fault, count in certificate.faults.items() if count}


async def test_a_healthy_server_passes_and_what_was_left_out_is_said(checked: Served) -> None:
    found = await run(plan(checked.url))
    assert (found.outcome, found.findings) == (Outcome.PASSED, [])
    assert found.unseen[0] == f"subscribers: {Kind.SLOW}"
    assert found.unseen[1] == "history: none"


async def test_a_run_without_subscribers_checks_the_writers_and_the_log(checked: Served) -> None:
    found = await run(plan(checked.url, subscribers=0))
    assert (found.outcome, found.reading.connections) == (Outcome.PASSED, 0)
    assert found.writing.prices_acknowledged == 40
    assert found.unseen[0].startswith("subscribers: fast, ")


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (
            says(
                "subscription_confirmed",
                head=lambda head: head + 5_000_000,
                channels=["trades"],
                resumed=lambda resumed: not resumed,
                protocol_version=99,
            ),
            ("the log ends at", "channels trades", "resumed is", "protocol_version 99"),
        ),
        (says("caught_up", position=1), ("caught up at 1",)),
        (never_says("caught_up"), ("was never told caught_up",)),
        (without_ids, ("without an id",)),
    ],
)
async def test_an_untrue_claim_is_found(
    checked: Served, tamper: Callable[[Front, bool], Tamper], said: tuple[str, ...]
) -> None:
    # Text of the socket and blocks of the stream: each tamper takes one of the two.
    kinds = {"subscribers": 5} if tamper is without_ids else {"subscribers": 2}
    async with front_of(checked.url, tamper) as front:
        found = await run(plan(front.url, **kinds))
    assert front.planted > 0
    assert found.outcome is Outcome.FAILED
    assert Fault.CLAIM in faults(found)
    texts = [finding.text for finding in found.findings]
    assert all(any(part in text for text in texts) for part in said)


def answers(**changed: Any) -> Callable[[Front, str, Json], Json]:
    """Every answer to a writer says something else."""

    def bend(front: Front, path: str, answer: Json) -> Json:
        if path != "/api/prices":
            return answer
        front.planted += 1
        return {k: changed[k](v) if k in changed else v for k, v in answer.items()}

    return bend


def skips(front: Front, path: str, answer: Json) -> Json:
    """A page leaves its last event out, and its `next_after` goes on behind it."""
    if path == "/api/events" and len(answer["events"]) > 1 and answer["next_after"]:
        front.planted += 1
        del answer["events"][-1]
    return answer


def forgets_epoch(front: Front, path: str, answer: Json) -> Json:
    """From the third page on, the log is another one."""
    if path == "/api/events":
        front.planted += 1
        answer["epoch"] = answer["epoch"] if front.planted < 3 else "0" * 32
    return answer


def forgets_backwards(front: Front, path: str, answer: Json) -> Json:
    """The log from its end is not the one from its beginning."""
    if path == "/api/events" and answer["next_after"] is None:
        front.planted += 1
        answer["events"] = [event for event in answer["events"] if event["position"] % 10]
    return answer


@pytest.mark.parametrize(
    ("bend", "fault", "said"),
    [
        (answers(positions=lambda _: None), Fault.CLAIM, "and no positions"),
        (answers(events=lambda count: count + 1), Fault.CLAIM, "do not fill the positions"),
        (answers(duplicates=lambda count: count + 1), Fault.CLAIM, "duplicates"),
        (skips, Fault.CLAIM, "its next_after is"),
        (forgets_epoch, Fault.CLAIM, "epoch 00000000"),
        (forgets_backwards, Fault.GAP, "did not come when the log was read again"),
    ],
)
async def test_an_untrue_answer_over_http_is_found(
    checked: Served, bend: Callable[[Front, str, Json], Json], fault: Fault, said: str
) -> None:
    async with front_of(checked.url, bend=bend) as front:
        found = await run(plan(front.url, subscribers=1))
    assert front.planted > 0
    assert found.outcome is Outcome.FAILED
    assert fault in faults(found)
    assert any(said in finding.text for finding in found.findings)


async def test_a_server_that_sends_everything_to_everybody_is_left(checked: Served) -> None:
    def widens(message: Json) -> None:
        message["payload"].pop("symbols", None)

    async with front_of(checked.url) as front:
        front.bend_asked = widens
        found = await run(plan(front.url, subscribers=2, reconnect_every=5_000))
    assert found.outcome is Outcome.FAILED
    assert found.faults[Fault.STRAY] == UNASKED_MAX + 1
    left = f"{UNASKED_MAX} events that it did not ask for: it went away"
    assert ("reconnecting 1", left) in [(one.who, one.text) for one in found.findings]


async def program(
    *arguments: str, out: int = asyncio.subprocess.PIPE
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(*forked.words("app.check.cli"), *arguments),
        cwd=ROOT,
        stdout=out,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_sigterm_ends_a_run_as_ctrl_c_does(checked: Served) -> None:
    before = checked.head()
    process = await program(checked.url, "--token", TOKEN, "--seconds", "60", "--json")
    while await asyncio.to_thread(checked.head) < before + 20:
        await asyncio.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = await process.communicate()
    assert (process.returncode, json.loads(out)["outcome"], err) == (130, "INTERRUPTED", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
async def test_a_certificate_that_cannot_be_written_is_no_verdict(checked: Served) -> None:
    with Path("/dev/full").open("wb") as full:
        process = await program(
            *(checked.url, "--token", TOKEN, "--events", "20", "--subscribers", "1", "--json"),
            out=full.fileno(),
        )
        _, err = await process.communicate()
    assert process.returncode == 2
    assert err.decode().splitlines() == [
        "synapse-check: the certificate cannot be written: No space left on device; it was PASS"
    ]
