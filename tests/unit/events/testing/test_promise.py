"""A chain that was begun and forgotten is noticed, where the test's own code began it."""

import gc
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import pytest_regime_synapse as plugin
from events.testing import BadExpectation, Golden, NothingAsserted, RegimeUpdated
from events.testing.promise import Promise


def test_a_promise_that_is_broken_names_its_place(tmp_path: Path) -> None:
    plugin.begun = None  # as outside of pytest

    def forget() -> None:
        Golden(tmp_path / "a.ndjson")
        gc.collect()

    with pytest.warns(NothingAsserted, match=r"Golden\('.*a\.ndjson'\) asserted nothing") as warned:
        forget()
    assert warned[0].filename == __file__


def test_a_promise_is_excused_by_a_refusal() -> None:
    promise = Promise("a chain")
    assert promise.broken
    with pytest.raises(BadExpectation):
        RegimeUpdated(regim="CRASH")
    assert not promise.broken


def test_the_plugin_hears_of_it_while_a_test_runs() -> None:
    heard: list[Promise] = []
    plugin.begun = heard
    promise = Promise("a chain")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        promise.dropped()  # it is the plugin's to say
    assert heard == [promise]
    assert str(promise).startswith(f"{__file__}:")
    assert str(promise).endswith(": a chain asserted nothing")
    plugin.begun = None


def test_where_warnings_are_errors_it_is_one_line() -> None:
    said = "from events.testing import assert_log\nassert_log([])\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", said],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == "<string>:2: assert_log(log) asserted nothing\n"
