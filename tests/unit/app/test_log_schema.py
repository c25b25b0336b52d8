"""The schema of a log is held against its migrations, to the letter."""

import pytest
from sqlalchemy import create_engine

from app.log_schema import revisions, schema_faults, schema_revision
from app.migrate import upgrade
from events.errors import StoreUnavailable


def test_a_migrated_log_has_no_faults_and_tells_its_revision() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        assert schema_faults(connection) == []
        assert schema_revision(connection) == revisions()[0]
    engine.dispose()


def test_one_changed_letter_of_a_trigger_is_a_fault() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        name = "events_refuse_delete"
        sql = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = ?", (name,)
        ).scalar_one()
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(sql.replace("refuses", "refused"))
        assert schema_faults(connection) == [f"trigger {name} is not what this program makes"]
    engine.dispose()


def test_tables_are_rendered_as_in_the_logs_that_there_are() -> None:
    # If another SQLAlchemy writes this otherwise, every log of before would look altered: then
    # `app.log_schema` has to learn both ways.
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        sql = "SELECT sql FROM sqlite_master WHERE name IN ('log_head', 'ux_events_event_id')"
        rendered = [" ".join(row.sql.split()) for row in connection.exec_driver_sql(sql)]
    engine.dispose()
    table, index = sorted(rendered)
    assert table == (
        "CREATE TABLE log_head ( id INTEGER NOT NULL, epoch VARCHAR(64) NOT NULL, "
        "position BIGINT NOT NULL, recorded_at BIGINT NOT NULL, hash BLOB NOT NULL, "
        "CONSTRAINT pk_log_head PRIMARY KEY (id), "
        "CONSTRAINT ck_log_head_single_row CHECK (id = 1) )"
    )
    assert index == "CREATE UNIQUE INDEX ux_events_event_id ON events (event_id)"


@pytest.mark.parametrize("made", [(), ("CREATE TABLE alembic_version (version_num TEXT)",)])
def test_a_log_of_which_the_making_was_interrupted_is_told_apart_from_a_damaged_one(
    made: tuple[str, ...],
) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        for statement in made:
            connection.exec_driver_sql(statement)
        with pytest.raises(StoreUnavailable, match="never made to its end"):
            schema_faults(connection)
    engine.dispose()


def test_a_log_that_does_not_tell_its_schema_is_damaged() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        connection.exec_driver_sql("DELETE FROM alembic_version")
        assert schema_faults(connection) == ["table alembic_version does not tell the schema"]
    engine.dispose()
