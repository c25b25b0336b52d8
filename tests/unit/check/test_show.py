"""The certificate, for people and for programs."""

# covers: app.check.certificate, app.check.show

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from app.check.certificate import FINDINGS_SHOWN_MAX, Certificate, Outcome, certificate
from app.check.findings import Fault
from app.check.history import judge
from app.check.http import Http
from app.check.plan import Plan
from app.check.show import show
from app.check.stage import Stage
from tests.unit.check.scenes import log_of, sent_of, whole

LOG = log_of(30)
TEXTS = [event.text for event in LOG.events]


def made(
    texts: list[str], *, is_whole: bool = True, unseen: list[str] | None = None
) -> Certificate:
    plan = Plan("http://test", "r", seed=7)
    stage = Stage(plan, Http(plan.url, None), "e", 0)
    stage.latencies_s.extend(number / 1_000 for number in range(1, 101))
    verdict = judge(LOG, [whole(texts)], sent_of(30), upto=LOG.head if is_whole else None)
    at = datetime(2026, 1, 16, 12, tzinfo=UTC)
    return certificate(stage, LOG, verdict, {"fast": 1}, at, "1.0", unseen or [], is_whole=is_whole)


def printed(one: Certificate, *, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120, highlight=False)
    show(one, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_pass_says_so_at_its_end_and_counts_every_fault_as_none() -> None:
    one = made(TEXTS)
    assert (one.outcome, one.faults) == (Outcome.PASSED, dict.fromkeys(Fault, 0))
    lines = printed(one).splitlines()
    assert lines[-1] == "PASS"
    assert "missed         0" in lines
    assert lines[0] == "server         http://test, version 1.0, epoch e"
    assert "latency        median 51.0 ms, p99 100.0 ms (end to end, at full load)" in lines


def test_the_first_findings_are_shown_and_the_others_counted() -> None:
    one = made(TEXTS[40:])
    assert (one.outcome, one.faults[Fault.MISSED], one.findings_in_all) == (Outcome.FAILED, 40, 40)
    assert len(one.findings) == FINDINGS_SHOWN_MAX
    lines = printed(one).splitlines()
    first = "  missed: fast 1: s1: position 1 missed (prices:A version 1)"
    assert (
        lines[-22] == first.replace("s1", "sub-1") or first in lines or "position 1" in lines[-22]
    )
    assert lines[-2:] == ["  and 20 more", "FAIL"]


def test_a_run_that_was_cut_short_is_no_pass() -> None:
    assert made(TEXTS[:5], is_whole=False).outcome is Outcome.INTERRUPTED
    assert made([TEXTS[0], TEXTS[4]], is_whole=False).outcome is Outcome.FAILED


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[50:]])
def test_a_terminal_gets_a_table_and_json_reads_back(texts: list[str]) -> None:
    one = made(texts)
    lines = printed(one, terminal=True).splitlines()
    assert "┌" in lines[1]
    assert any("missed" in line and "│" in line for line in lines)
    assert Certificate.model_validate_json(one.model_dump_json()) == one


def test_what_a_run_did_not_look_at_is_said() -> None:
    assert "not seen       history: none; x" in printed(made(TEXTS, unseen=["history: none", "x"]))
    assert "not seen" not in printed(made(TEXTS))
