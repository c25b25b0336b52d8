"""A test that passed because it forgot to assert fails, and so does one whose planted faults never struck."""

from tests.plugin.foreign import Foreign

FORGOTTEN = """\
    import pytest

    from pytest_regime_synapse import Golden, RegimeUpdated, assert_log


    def test_a_log(log):
        assert_log(log)


    def test_kept(log):
        kept = assert_log(log).within(channel="regime")


    def test_given(given):
        given()


    def test_golden(golden):
        golden("crash")


    def test_not_called(log):
        assert_log(log).dense


    def test_another_error(log):
        kept = assert_log(log)
        raise KeyError("theirs")


    def test_a_refusal(log):
        with pytest.raises(ValueError):
            assert_log(log).contains(RegimeUpdated(regim="CRASH"))


    def test_finished(log):
        log.append(RegimeUpdated(symbol="SPX"))
        assert_log(log).contains(RegimeUpdated())
    """
NEVER = """\
    import pytest

    from pytest_regime_synapse import PriceUpdated, faults


    @pytest.mark.asyncio
    @pytest.mark.parametrize("crash_after", [500, 5])
    async def test_a_consumer(log, crash_after):
        log.append(*(PriceUpdated(symbol="SPX") for _ in range(10)))
        source = faults(lambda after: log.follow(after=after, live=False), crash_after=crash_after)
        taken = set()
        while len(taken) < 10:
            try:
                async for event in source:
                    taken.add(event.position)
            except Exception:
                continue
    """
STAR = """\
    from pytest_regime_synapse import *


    def test_names(log):
        log.append(RegimeUpdated(symbol="SPX", regime="CRASH"))
        assert_log(log).contains(RegimeUpdated(confidence=gt(0.3)))
        assert ours("events.testing").gt is gt
        assert "pytest_configure" not in globals()
    """


def test_a_chain_without_its_last_step_fails_the_test(shadowing: Foreign) -> None:
    shadowing.write({"test_forgotten.py": FORGOTTEN})
    outcome = shadowing.pytest()
    assert outcome.summary == "6 failed, 2 passed", outcome.output
    told = [line for line in outcome.output.splitlines() if "its last step is missing" in line]
    file = shadowing.root / "test_forgotten.py"
    assert [line for line in told if not line.startswith("FAILED")] == [
        f"{file}:7: assert_log(log) asserted nothing: its last step is missing",
        f"{file}:11: assert_log(log).within(channel='regime') asserted nothing: its last step is missing",
        f"{file}:15: given(…) asserted nothing: its last step is missing",
        f"{file}:19: Golden('{shadowing.root}/golden/crash.ndjson') asserted nothing: its last step is missing",
        f"{file}:23: assert_log(log) asserted nothing: its last step is missing",
    ]
    assert "KeyError: 'theirs'" in outcome.output
    assert "NothingAsserted" not in outcome.output


def test_a_fault_that_never_struck_fails_the_test(project: Foreign) -> None:
    project.write({"test_never.py": NEVER})
    outcome = project.pytest()
    assert outcome.summary == "1 failed, 1 passed", outcome.output
    assert (
        "faults(crash_after=500, seed=0): crash_after never struck, 10 events were handed out"
        in outcome.output
    )


def test_all_names_at_once(shadowing: Foreign) -> None:
    shadowing.write({"test_star.py": STAR})
    shadowing.passes(1)
