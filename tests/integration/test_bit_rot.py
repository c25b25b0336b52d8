"""Bits of a log's files turn over, in seeded places of every table and index: how many a proof finds.

`SYNAPSE_FLIPS=3000` turns over so many, `SYNAPSE_SEED=17` the same ones again. Whatever touches what the log
says is found; what is told apart is only what hit bytes that mean nothing. What a reader that proves nothing
would have been told is counted as well.
"""

# covers: events.verify, events.engines

import asyncio
import os
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from events.errors import EventError
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.unit.events.damage import content, copy_of, fill, flip, make_log, verified
from tests.unit.events.sqlite_logs import store_at

FLIPS: Final = int(os.environ.get("SYNAPSE_FLIPS", "60"))
FILLS: Final = 20
"""Times 28 events: enough that every table and index has pages of its own, most of them full."""

PAGE_HEADER_BITS: Final = 8 * 12
USUAL_SEED: Final = "1"


async def _fill_up(path: Path) -> None:
    async with store_at(path) as store:
        for number in range(1, FILLS):
            await fill(store, first=100 * number)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "log.db"
    make_log(path)
    asyncio.run(_fill_up(path))
    return path


@pytest.fixture(scope="module")
def living(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a log whose last appends are in the write-ahead log only."""
    folder = tmp_path_factory.mktemp("living")

    async def run() -> Path:
        copy = copy_of(whole, folder)
        async with store_at(copy) as store:
            await fill(store, first=100 * FILLS)
            return copy_of(copy, folder / "copy")

    return asyncio.run(run())


def pages_of(path: Path) -> dict[str, list[int]]:
    """The pages of each table and index, by name; those of none are free."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            rows = connection.execute("SELECT name, pageno - 1 FROM dbstat").fetchall()
        except sqlite3.OperationalError as error:
            pytest.skip(f"this SQLite cannot say which page is whose: {error}")
    pages: dict[str, list[int]] = {}
    for name, page in rows:
        pages.setdefault(name, []).append(page)
    return pages


def page_bytes(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[16:18], "big")


def some_bit(rng: random.Random, page: int, size: int) -> int:
    """A bit of a page; those of its header, few but full of meaning, are drawn more often."""
    within = rng.randrange(PAGE_HEADER_BITS) if rng.random() < 0.2 else rng.randrange(size * 8)
    return page * size * 8 + within


def told_by(path: Path) -> Any:
    """What a program that reads and proves nothing would be told; None when it is refused."""

    async def read() -> Any:
        store = SqlEventStore.read_sqlite(path)
        try:
            return await store.head(), await store.read(ReadQuery(limit=100_000))
        finally:
            await store.close()

    try:
        return asyncio.run(read())
    except EventError:
        return None


def found(path: Path) -> bool:
    try:
        return not verified(path).ok
    except EventError:
        return True  # it cannot even be opened


@pytest.fixture
def rng() -> random.Random:
    seed = os.environ.get("SYNAPSE_SEED", USUAL_SEED)
    print(f"SYNAPSE_SEED={seed}")
    return random.Random(seed)


@pytest.mark.timeout(120 + FLIPS)
def test_a_proof_finds_every_flipped_bit_that_says_something(
    whole: Path, tmp_path: Path, rng: random.Random
) -> None:
    pages, size, right = pages_of(whole), page_bytes(whole), told_by(whole)
    said, counts, by_name = content(whole), Counter[str](), Counter[str]()
    names = sorted(pages)
    for number in range(FLIPS):
        name = names[number % len(names)]
        damaged = copy_of(whole, tmp_path)
        bit = some_bit(rng, rng.choice(pages[name]), size)
        flip(damaged, bit)
        if found(damaged):
            counts["found"] += 1
            by_name[name] += 1
            told = told_by(copied_with(whole, tmp_path, bit))
            counts["found only by the proof"] += told is not None and told != right
        else:
            assert content(damaged) == said, f"bit {bit}, of {name}, changed what the log says"
            counts["meant nothing"] += 1
    assert counts["found"] > 0
    assert counts["found"] + counts["meant nothing"] == FLIPS
    print(
        f"FIGURE {FLIPS} bits of {len(names)} tables and indexes: {counts['found']} found,"
        f" {counts['meant nothing']} meant nothing, 0 missed;"
        f" {counts['found only by the proof']} of them a plain read would have told as they are"
    )


def copied_with(whole: Path, folder: Path, bit: int) -> Path:
    damaged = copy_of(whole, folder)
    flip(damaged, bit)
    return damaged


@pytest.mark.timeout(120 + FLIPS)
def test_a_proof_finds_every_flipped_bit_of_the_write_ahead_log(
    living: Path, tmp_path: Path, rng: random.Random
) -> None:
    refused = 0
    bits = living.with_name("log.db-wal").stat().st_size * 8
    for _ in range(FLIPS):
        damaged = copy_of(living, tmp_path)
        flip(damaged.with_name("log.db-wal"), rng.randrange(bits))
        assert found(damaged)
        refused += 1
    print(f"FIGURE {FLIPS} bits of the write-ahead log: {refused} found")
