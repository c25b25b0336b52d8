"""One run, from the first price to the verdict."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from app.check.certificate import Certificate, certificate
from app.check.findings import Fault, Finding
from app.check.heartbeats import judge_heartbeats
from app.check.history import judge
from app.check.http import CannotCheck, Http
from app.check.kinds import OF_KIND
from app.check.page import second_reading_faults
from app.check.plan import HISTORIES, Kind, Plan
from app.check.span import LOG, Logged, Span
from app.check.stage import Patience, Stage
from app.check.subscriber import Subscriber
from app.check.writer import Writer

LOOK_S: Final = 0.02
"""How often it is looked at who has everything, and told how far the run is."""

GOODBYE_S_MAX: Final = 2.0
"""How long a subscriber's last answer is waited for."""

Watch = Callable[[Stage], None]


async def run(plan: Plan, watch: Watch = lambda _stage: None) -> Certificate:
    """Write, follow, compare. A cancellation ends it early: what was found so far is told.

    Raises:
        CannotCheck: the server cannot be reached, refuses us, or has been away for too long.
    """
    http = Http(plan.url, plan.token, plan.attempt_s_max)
    try:
        epoch, begin = await http.head()
        stage = Stage(plan, http, epoch, begin)
        started_at, version = datetime.now(UTC), await http.version()
        counts: Counter[str] = Counter()
        subscribers = []
        for kind in plan.kinds():
            counts[kind] += 1
            subscribers.append(OF_KIND[kind](stage, counts[kind]))
        watching = asyncio.create_task(_watch(stage, watch))
        try:
            upto = await _play(stage, subscribers)
        finally:
            watching.cancel()
        log = await _read(stage)
        beats, unseen = _heartbeats(stage, subscribers)
        told = [*stage.findings, *beats, *await _read_again(stage, log)]
        seen = [subscriber.seen for subscriber in subscribers]
        answered = stage.answered
        verdict = judge(log, seen, stage.sent, upto=upto, answered=answered, told=told)
        unseen = [*_left_out(subscribers), *unseen]
        whole = upto is not None
        return certificate(stage, log, verdict, counts, started_at, version, unseen, is_whole=whole)
    finally:
        await http.aclose()


async def _watch(stage: Stage, watch: Watch) -> None:
    while True:
        stage.tick()
        watch(stage)
        await asyncio.sleep(LOOK_S)


async def _play(stage: Stage, subscribers: list[Subscriber]) -> int | None:
    """Let everybody do what they do; returns up to where all had to come, None when it was cut short."""
    following = {one: asyncio.create_task(one.follow(), name=one.seen.name) for one in subscribers}
    leading = asyncio.create_task(_lead(stage, following))
    everybody = [leading, *following.values()]
    try:
        await asyncio.wait(everybody, return_when=asyncio.FIRST_EXCEPTION)
        for task in everybody:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error
        return leading.result()
    except asyncio.CancelledError:
        if (current := asyncio.current_task()) is not None:
            current.uncancel()
        return None
    finally:
        await _end(everybody)


async def _end(tasks: Iterable["asyncio.Task[object]"]) -> None:
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


async def _lead(stage: Stage, following: "dict[Subscriber, asyncio.Task[None]]") -> int:
    """The writers write; then the log is read, and every subscriber gets the time to have all of it."""
    writing = [
        asyncio.create_task(Writer(stage, number).write()) for number in range(stage.plan.writers)
    ]
    try:
        await asyncio.gather(*writing)
    finally:
        await _end(writing)
    stage.log = await _read(stage)
    upto = stage.log.head
    await _settle({one: one.target(stage.log, upto) for one in following}, stage.plan.timeout_s)
    await asyncio.gather(*(one.leave() for one in following))
    for one, task in following.items():
        if not one.can_ask:
            task.cancel()
    if following:
        _, staying = await asyncio.wait(following.values(), timeout=GOODBYE_S_MAX)
        await _end(staying)
    return upto


async def _settle(targets: dict[Subscriber, int], timeout_s: float) -> None:
    """Wait until all have what is there for them, or nothing more comes."""
    places: list[int] = []
    patience = time.monotonic() + timeout_s
    while time.monotonic() < patience:
        lacking = [one for one, target in targets.items() if not one.has_reached(target)]
        if not lacking:
            return
        before, places = places, [min(one.cursor or 0, targets[one]) for one in lacking]
        if places != before:
            patience = time.monotonic() + timeout_s
        await asyncio.sleep(LOOK_S)


async def _read(stage: Stage) -> Span:
    """The log from the run's beginning to its head as it is now, however often the server is away."""
    patience = Patience(stage.plan)
    events: list[Logged] = [] if stage.log is None else list(stage.log.events)
    while True:
        patience.trying()
        try:
            epoch, head = await stage.http.head()
            after = events[-1].position if events else stage.begin
            _judge_head(stage, epoch, head, after)
            async for page in stage.http.log(after, head, stage.epoch, stage.findings):
                events += (event._replace(text=stage.keep(event.text)) for event in page.events)
                patience.heard()
            return Span(events, after=stage.begin, epoch=stage.epoch, head=head)
        except CannotCheck as error:
            await patience.wait(str(error))


def _judge_head(stage: Stage, epoch: str, head: int, after: int) -> None:
    if epoch != stage.epoch:
        told = f"the log's epoch is {epoch}, it was {stage.epoch}"
        stage.findings.append(Finding(Fault.CLAIM, told, LOG))
    if head < after:
        told = f"the log's head is {head}, it was {after}"
        stage.findings.append(Finding(Fault.CLAIM, told, LOG))


async def _read_again(stage: Stage, log: Span) -> list[Finding]:
    """The same part of the log from its end, and where it is another one."""
    patience = Patience(stage.plan)
    while True:
        patience.trying()
        found: list[Finding] = []
        events: list[Logged] = []
        try:
            async for page in stage.http.falling(stage.begin, log.head, stage.epoch, found):
                events += (event._replace(text=stage.keep(event.text)) for event in page.events)
                patience.heard()
            return [*found, *second_reading_faults(log, events)]
        except CannotCheck as error:
            await patience.wait(str(error))


def _heartbeats(stage: Stage, subscribers: list[Subscriber]) -> tuple[list[Finding], list[str]]:
    listeners = [one.listener() for one in subscribers if one.is_prompt]
    if stage.heartbeat_s is None:
        return [], ["heartbeats"]
    return judge_heartbeats(listeners, stage.heartbeat_s)


def _left_out(subscribers: list[Subscriber]) -> list[str]:
    """The kinds of subscribers and of history that do not occur."""
    kinds = {one.kind for one in subscribers}
    asked = [one.beginning()["history"] for one in subscribers]
    names = {one if isinstance(one, str) else next(iter(one)) for one in asked}
    found = {
        "subscribers": [kind.value for kind in Kind if kind not in kinds],
        "history": [history for history in HISTORIES if history not in names],
    }
    return [f"{name}: {', '.join(missing)}" for name, missing in found.items() if missing]
