"""Statements as text for the driver: right by place, with SQLAlchemy's errors, for lists of any length."""

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError, OperationalError

from events.sql_text import LOOKUP_SIZES, Driver, Lookup, Prepared

THINGS = Table("things", MetaData(), Column("id", Integer, primary_key=True), Column("name", Text))
ROW = Prepared(insert(THINGS), ("id", "name"))
RENAME = Prepared(
    update(THINGS).where(THINGS.c.id == bindparam("number")).values(name=bindparam("to_name")),
    ("to_name", "number"),
)
ALL = Prepared(select(THINGS.c.id, THINGS.c.name).order_by(THINGS.c.id))
BY_ID = Lookup(select(THINGS.c.id, THINGS.c.name), THINGS.c.id)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    THINGS.metadata.create_all(engine)
    with engine.begin() as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def driver(connection: Connection) -> Driver:
    return Driver(connection)


@pytest.mark.parametrize("count", [0, 1, 2, 700])
def test_values_go_by_place(driver: Driver, count: int) -> None:
    rows = [(number, f"name {number}") for number in range(count)]
    driver.run_all(ROW, rows)
    assert list(driver.rows(ALL)) == rows


def test_one_row_is_changed(driver: Driver) -> None:
    driver.run_all(ROW, [(1, "a"), (2, "b")])
    driver.run(RENAME, "c", 2)
    assert list(driver.rows(ALL)) == [(1, "a"), (2, "c")]


@pytest.mark.parametrize("names", [(), ("name", "id"), ("id",), ("id", "name", "more")])
def test_parameters_in_another_order_are_refused(driver: Driver, names: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError, match="parameters are not"):
        driver.run(Prepared(insert(THINGS), names), 1, "a")


def test_each_engine_has_its_own_words(connection: Connection) -> None:
    assert ROW.text(connection.dialect).endswith("VALUES (?, ?)")
    other = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
    assert "$1" in ROW.text(other)
    assert ROW.text(connection.dialect).endswith("VALUES (?, ?)")


def test_it_is_part_of_the_transaction_that_is_under_way() -> None:
    engine = create_engine("sqlite://")
    THINGS.metadata.create_all(engine)
    with engine.connect() as connection:
        with connection.begin() as transaction:
            Driver(connection).run(ROW, 1, "a")
            transaction.rollback()
        assert connection.execute(select(THINGS)).all() == []
    engine.dispose()


def test_errors_are_those_of_sqlalchemy(driver: Driver) -> None:
    driver.run(ROW, 1, "a")
    with pytest.raises(IntegrityError, match="UNIQUE") as caught:
        driver.run(ROW, 1, "b")
    assert caught.value.orig is caught.value.__cause__
    missing = Table("missing", MetaData(), Column("id", Integer))
    with pytest.raises(OperationalError, match="no such table"):
        driver.rows(Prepared(select(missing)))


@pytest.mark.parametrize("count", [0, 1, 2, *LOOKUP_SIZES, LOOKUP_SIZES[-1] + 1, 1_200])
def test_a_lookup_finds_exactly_what_is_there(driver: Driver, count: int) -> None:
    driver.run_all(ROW, [(number, "even") for number in range(0, 2_000, 2)])
    found = BY_ID.rows(driver, list(range(count)))
    assert sorted(found) == [(number, "even") for number in range(0, count, 2)]
