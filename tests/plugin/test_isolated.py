"""Our modules under private names: every way to import one another finds ours, and theirs stay theirs."""

import pytest

from tests.plugin.foreign import WHOSE, Foreign

WAYS = """\
    import sys

    import pytest

    import events.log
    from pytest_regime_synapse import ours

    # What an import statement in a module of ours runs with.
    INSIDE = {"__builtins__": vars(ours("events.log"))["__builtins__"]}


    @pytest.mark.parametrize(
        ("statements", "found"),
        [
            ("from events.log import EventLog as it", "EventLog"),
            ("from events import log as it", "_regime_synapse.events.log"),
            ("import events.log as it", "_regime_synapse.events.log"),
            ("import events.log; it = events.log", "_regime_synapse.events.log"),
            ("import events; it = events", "_regime_synapse.events"),
            ("import app.market.decide; it = app", "_regime_synapse.app"),
            ("import migrations as it", "_regime_synapse.migrations"),
            ("from importlib import import_module; it = import_module('events.log')", "_regime_synapse.events.log"),
            ("import importlib; it = importlib.import_module('app.market')", "_regime_synapse.app.market"),
            ("import importlib.util; it = importlib.util", "importlib.util"),
            ("from importlib.metadata import version as it", "version"),
            ("import os.path; it = os", "os"),
            ("def f():\\n    from events.log import EventLog\\n    return EventLog\\nit = f()", "EventLog"),
        ],
    )
    def test_ways_to_import(statements, found):
        scope = dict(INSIDE, __name__="_regime_synapse.events.example", __package__="_regime_synapse.events")
        exec(statements, scope)
        assert scope["it"].__name__ == found
        if found == "EventLog":
            assert scope["it"] is ours("events.log").EventLog


    def test_a_relative_import():
        scope = dict(INSIDE, __name__="_regime_synapse.events.example", __package__="_regime_synapse.events")
        exec("from . import log as it", scope)
        assert scope["it"] is ours("events.log")


    def test_what_is_not_there_is_told_as_ever():
        with pytest.raises(ModuleNotFoundError, match="events.nowhere"):
            ours("events.nowhere")
        with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
            exec("from events.log import Nothing", dict(INSIDE))


    def test_theirs_stay_theirs():
        ours("app.main")
        assert sys.modules["events"].WHOSE == sys.modules["events.log"].WHOSE == "theirs"
        assert [name for name in sys.modules if name.startswith("events.")] == ["events.log"]
    """
WHERE = """\
    from pytest_regime_synapse import RegimeUpdated, assert_log, ours


    def test_where_ours_are(log):
        assert ours("events.log").__name__ == "{events}events.log"
        assert ours("app.migrate").__name__ == "{app}app.migrate"
        log.append(RegimeUpdated(symbol="SPX"))
        assert_log(log).contains(RegimeUpdated())
    """
PRIVATE = "_regime_synapse."


def test_every_way_to_import_finds_ours(shadowing: Foreign) -> None:
    shadowing.write({"test_ways.py": WAYS})
    shadowing.passes(16)


@pytest.mark.parametrize(
    ("taken", "events", "app"),
    [("app.py", "", PRIVATE), ("events/__init__.py", PRIVATE, PRIVATE)],
)
def test_a_package_keeps_its_name_where_it_and_all_that_it_imports_are_ours(
    project: Foreign, taken: str, events: str, app: str
) -> None:
    project.write({taken: WHOSE})
    project.write({"test_where.py": WHERE.format(events=events, app=app)})
    project.passes(1, "--synapse-log=sqlite")


def test_a_module_that_somebody_put_there_is_not_ours(project: Foreign) -> None:
    project.write(
        {
            "conftest.py": """\
                import sys
                import types

                sys.modules["events"] = types.ModuleType("events")
                """,
            "test_where.py": WHERE.format(events=PRIVATE, app=PRIVATE),
        }
    )
    project.passes(1)
