"""Installed and unused, the plugin is not there: it imports nothing, and touches nothing of others."""

from pathlib import Path

import pytest

from tests.plugin.foreign import Foreign

THEIRS = """\
    import sys

    import app.main
    import events.log
    import migrations

    OURS = ("_regime_synapse", "sqlalchemy", "pydantic", "alembic", "fastapi")


    def test_their_packages_are_theirs():
        assert {app.main.WHOSE, events.log.WHOSE, migrations.WHOSE} == {"theirs"}


    def test_they_are_loaded_as_without_us():
        assert type(events.log.__loader__).__name__ == "SourceFileLoader"
        assert type(app.__loader__).__name__ == "SourceFileLoader"


    def test_nothing_of_ours_is_loaded_but_the_plugin():
        assert "pytest_regime_synapse" in sys.modules
        assert [name for name in sys.modules if name.startswith(OURS)] == []
        places = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
        ours = [place.removeprefix(PLACE) for place in places if place.startswith(PLACE)]
        mine = [place for place in ours if not place.startswith(".venv")]
        assert mine == ["pytest_regime_synapse.py"]


    PLACE = sys.modules["pytest_regime_synapse"].__file__.removesuffix("pytest_regime_synapse.py")
    """


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_it_leaves_a_projects_own_packages_alone(shadowing: Foreign, mode: str) -> None:
    shadowing.write({"test_theirs.py": THEIRS})
    # That somebody names the plugin once more does no harm.
    shadowing.passes(3, f"--import-mode={mode}", "-p", "pytest_regime_synapse")


def test_it_leaves_them_alone_where_it_is_installed_from_a_wheel(
    shadowing: Foreign, wheel: Path
) -> None:
    shadowing.site = wheel
    shadowing.write({"test_theirs.py": THEIRS})
    shadowing.passes(3)
    assert (
        str(wheel) in shadowing.python("-c", "import pytest_regime_synapse as m; print(m)").output
    )


def test_a_project_may_have_fixtures_of_the_same_names(project: Foreign) -> None:
    project.write(
        {
            "conftest.py": """\
                import pytest


                @pytest.fixture
                def log():
                    return "theirs"


                @pytest.fixture(params=[1, 2])
                def given(request):
                    return request.param
                """,
            "test_theirs.py": """\
                def test_log(log, given):
                    assert (log, given in (1, 2)) == ("theirs", True)
                """,
        }
    )
    project.passes(2, "--synapse-log=memory,sqlite")
