"""The fixture `log`, on every engine, in projects of every shape."""

# covers: app.testing.engines, app.testing.served

from pathlib import Path

import pytest

from tests.plugin.foreign import TAKEN, Foreign
from tests.postgres import PostgresServer

ON_EVERY_ENGINE = """\
    import pytest

    from pytest_regime_synapse import RegimeUpdated, PriceAlert, assert_log, gt, ours

    STORES = {"memory": "MemoryEventStore", "sqlite": "SqlEventStore", "postgres": "SqlEventStore"}


    def test_without_async(log, synapse_engine):
        assert log.head == 0
        [shift] = log.append(RegimeUpdated(symbol="SPX", regime="CRASH", confidence=0.4))
        log.append(PriceAlert(symbol="SPX", kind="regime_shift"), caused_by=shift)
        crash = RegimeUpdated(regime="CRASH").with_(confidence=gt(0.3))
        assert_log(log).contains(crash).then(PriceAlert(symbol="SPX"))

        async def kind_of_store(event_log):
            return type(event_log.store).__name__

        assert log.run(kind_of_store) == STORES[synapse_engine]


    @pytest.mark.asyncio
    async def test_with_async(log):
        assert log.head == 0
        taken = []

        async def consumer():
            async for event in log.follow(channels=["regime"]):
                taken.append(event.position)

        import asyncio

        task = asyncio.create_task(consumer())
        log.append(RegimeUpdated(symbol="SPX"), RegimeUpdated(symbol="IXIC"))
        await log.caught_up()
        task.cancel()
        assert taken == [1, 2]
    """
THEIRS_AND_OURS = """\
    from events.log import WHOSE as log_of
    from app.main import WHOSE as main_of


    def test_the_projects_own_packages_are_its_own():
        from pytest_regime_synapse import ours

        assert (log_of, main_of) == ("theirs", "theirs")
        assert ours("events.log").EventLog.__module__.endswith(".events.log")
        assert ours("app.market.detector.registry").detector("sma200").name == "sma200"
    """
ALL = "--synapse-log=memory,sqlite,postgres"


def test_every_engine_where_our_names_are_taken(shadowing: Foreign) -> None:
    shadowing.write({"test_log.py": ON_EVERY_ENGINE, "test_names.py": THEIRS_AND_OURS})
    shadowing.passes(7, ALL)


def test_one_log_and_one_of_everything_where_they_are_not(project: Foreign) -> None:
    project.write(
        {
            "test_log.py": ON_EVERY_ENGINE,
            "test_names.py": """\
                import pytest

                import events.testing
                from pytest_regime_synapse import assert_log


                def test_there_is_one_of_everything(log):
                    assert events.testing.assert_log is assert_log
                    assert isinstance(log, events.testing.LogUnderTest)


                @pytest.mark.parametrize(
                    argnames="synapse_engine", argvalues=["sqlite"], indirect=True
                )
                def test_one_that_names_its_engine(log, synapse_engine):
                    assert synapse_engine == "sqlite"
                """,
        }
    )
    project.passes(7, "--synapse-log=memory,sqlite")


def test_installed_from_a_wheel(shadowing: Foreign, wheel: Path) -> None:
    shadowing.site = wheel
    shadowing.write({"test_log.py": ON_EVERY_ENGINE, "test_names.py": THEIRS_AND_OURS})
    shadowing.passes(3, "--synapse-log=sqlite")


def test_their_packages_are_in_a_folder_of_their_own(project: Foreign) -> None:
    project.write({f"src/{name}": text for name, text in TAKEN.items()})
    project.write({"tests/test_log.py": ON_EVERY_ENGINE, "tests/test_names.py": THEIRS_AND_OURS})
    project.passes(3, "-o", "pythonpath=src", "--import-mode=importlib")


def test_pytest_xdist_runs_them_side_by_side(shadowing: Foreign) -> None:
    pytest.importorskip("xdist")
    shadowing.write({"test_log.py": ON_EVERY_ENGINE, "test_names.py": THEIRS_AND_OURS})
    shadowing.passes(5, "-n", "2", "--synapse-log=memory,sqlite")


def test_a_server_of_ones_own_is_left_as_it_was(project: Foreign, postgres: PostgresServer) -> None:
    names = "SELECT datname FROM pg_database WHERE datname LIKE 'synapse_test_%'"
    project.write(
        {
            "test_log.py": f"""\
                import asyncio

                import asyncpg


                def test_a_log(log):
                    assert log.epoch not in EPOCHS
                    EPOCHS.add(log.epoch)


                def test_another_log(log):
                    test_a_log(log)


                async def databases():
                    connection = await asyncpg.connect({postgres.url()!r})
                    rows = await connection.fetch({names!r})
                    await connection.close()
                    return len(rows)


                def test_each_has_a_database_of_its_own(log):
                    assert asyncio.run(databases()) == 2


                EPOCHS = set()
                """
        }
    )
    project.passes(3, "--synapse-log=postgres", f"--synapse-postgres-url={postgres.url()}")
    assert postgres.run(names) == []


def test_a_server_that_is_not_there_is_told_in_one_line(project: Foreign) -> None:
    project.write({"test_log.py": "def test_a_log(log): pass\n"})
    nowhere = "postgresql://nobody@/none?host=%2Fnowhere"
    outcome = project.pytest("--synapse-log=postgres", f"--synapse-postgres-url={nowhere}")
    assert outcome.code == 4
    assert [line for line in outcome.output.splitlines() if line] == [
        "ERROR: --synapse-postgres-url: [Errno 2] No such file or directory"
    ]
