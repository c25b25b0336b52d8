"""Connections whose grant has ended are closed; a sweep that fails is followed by the next one."""

import asyncio
import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from app.access.grant import ANYONE, Grant, Scope
from app.stream.close_codes import CLOSE_UNAUTHORISED
from app.stream.sweep import SWEEP_S, Sweep
from tests.waiting import until

ENDED = Grant("ended", frozenset({Scope.READ}))


@dataclass(eq=False)
class Client:
    id: str
    grant: Grant
    closed: list[tuple[int, str]] = field(default_factory=list)

    def dismiss(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))


def test_only_those_whose_grant_has_ended_are_closed() -> None:
    stays, goes = Client("a", ANYONE), Client("b", ENDED)
    assert Sweep(lambda: [stays, goes], lambda grant: grant is not ENDED).look() == 1
    assert (stays.closed, goes.closed) == ([], [(CLOSE_UNAUTHORISED, "expired or revoked")])


def test_a_grant_that_many_have_is_asked_about_once() -> None:
    asked: list[Grant] = []

    def holds(grant: Grant) -> bool:
        asked.append(grant)
        return True

    Sweep(lambda: [Client(str(number), ANYONE) for number in range(100)], holds).look()
    assert asked == [ANYONE]


def test_one_that_leaves_meanwhile_does_not_disturb() -> None:
    clients = {Client("a", ENDED), Client("b", ENDED)}

    class Leaving(Client):
        def dismiss(self, code: int, reason: str) -> None:
            clients.discard(self)

    clients.add(Leaving("c", ENDED))
    assert Sweep(lambda: clients, lambda _grant: False).look() == 3


async def test_it_looks_again_and_again_also_after_a_failure() -> None:
    client, looks, seen = Client("a", ENDED), iter(range(10)), asyncio.Event()

    def connections() -> Iterator[Client]:
        if next(looks) == 0:
            raise RuntimeError("planted")
        seen.set()
        yield client

    sweep = Sweep(connections, lambda _grant: False, every_s=0.001)
    sweep.start()
    async with asyncio.timeout(10):
        await seen.wait()
    await sweep.stop()
    assert client.closed


async def test_a_sweep_that_was_never_started_can_be_stopped() -> None:
    await Sweep(list, lambda _grant: True).stop()


def test_what_is_promised_leaves_time_for_a_goodbye_and_a_second_more() -> None:
    from app.stream.direct import CLOSE_S_MAX

    assert SWEEP_S + CLOSE_S_MAX <= 5 - 1


async def test_what_grants_hang_on_is_read_again_first_and_outside_of_the_loop() -> None:
    client, known, threads = Client("a", ENDED), {ENDED}, set()

    def refresh() -> None:
        threads.add(threading.current_thread())
        known.clear()

    sweep = Sweep(lambda: [client], lambda grant: grant in known, refresh, every_s=0.001)
    sweep.start()
    await until(lambda: bool(client.closed))
    await sweep.stop()
    assert len(threads) == 1
    assert threading.current_thread() not in threads


async def test_a_disk_that_hangs_holds_up_no_clock_and_is_asked_once_at_a_time() -> None:
    client, hangs, asked = Client("a", ENDED), threading.Event(), itertools.count()

    def refresh() -> None:
        next(asked)
        hangs.wait(20)

    sweep = Sweep(lambda: [client], lambda _grant: False, refresh, every_s=0.001)
    sweep.start()
    await until(lambda: len(client.closed) > 3)
    hangs.set()
    await sweep.stop()
    assert next(asked) == 1


async def test_a_refresh_that_fails_is_told_and_tried_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client, tries = Client("a", ENDED), itertools.count()

    def refresh() -> None:
        if next(tries) == 0:
            raise RuntimeError("planted")

    sweep = Sweep(lambda: [client], lambda _grant: False, refresh, every_s=0.001)
    sweep.start()
    await until(lambda: len(client.closed) > 2)
    await sweep.stop()
    assert "refresh_failed" in "".join(capsys.readouterr())
    assert next(tries) > 1
