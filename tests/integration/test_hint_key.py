"""The key of the hints is a secret: who has it is believed for a moment, and who may only read need not have it."""

# covers: events.sql_home, events.sql_lifetime, events.follower

import re
from pathlib import Path

import pytest

from app.migrate import check_readable, upgrade
from events.chain import link
from events.envelope import Append
from events.errors import StoreUnavailable
from events.log import EventLog
from events.nats_hints import subject_of
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.integration.test_nats_hints import node, stranger, told
from tests.nats import nats_server
from tests.postgres import PostgresServer, name_of
from tests.unit.events.builders import prices
from tests.waiting import until

NODES = Path(__file__).parents[2] / "docs" / "nodes.md"


async def test_what_a_holder_of_the_key_makes_up_is_shown_until_the_next_look_and_then_told(
    postgres: PostgresServer,
) -> None:
    url = postgres.empty_database()
    with nats_server() as server:
        async with node(url, server) as one, node(url, server) as other:
            await until(lambda: one.status.heard == 1)
            (event,) = (await one.log.append(prices(1))).events
            await other.reaches(1)
            false = event._replace(position=2, version=2, payload_json='{"made":"up"}')
            false = false._replace(hash=link(event.hash, false))
            async with stranger(server) as client:
                await client.publish(subject_of(one.key), told(one, (false,)))
                await client.flush()
                await other.reaches(2)
            assert other.known == [1, 2]
            await other.log.refresh()
            assert other.log.follower.replaced.is_set()
            store = one.log.store
            assert isinstance(store, SqlEventStore)
            head = await store.head()
            assert (head.position, head.hash) == (1, event.hash)
            assert head.epoch != one.log.head.epoch
            # What the holder knows is of no more use.
            assert await store.hint_key() != one.key


async def test_a_lifetime_that_begins_while_a_node_starts_leaves_it_no_key_that_is_older_than_its_log(
    postgres: PostgresServer,
) -> None:
    store = await SqlEventStore.open_postgres(postgres.empty_database(), upgrade)

    async def new_epoch_first() -> None:
        await store.begin_lifetime()
        assert await store.hint_key()

    log = await EventLog.open(store, hints=new_epoch_first)
    await log.refresh()
    assert log.follower.replaced.is_set()  # so it opens the log again, and its hints with the key
    await log.close()


async def test_a_role_that_may_read_all_but_the_home_reads_the_log_and_not_the_key(
    postgres: PostgresServer,
) -> None:
    url = postgres.new_database()
    writer = await SqlEventStore.open_postgres(url, upgrade)
    await writer.append([Append(prices(2))])
    await writer.close()
    (written,) = re.findall(
        r"```text\n(CREATE ROLE .+?)```", NODES.read_text(encoding="utf-8"), re.DOTALL
    )
    grants = [line for line in written.split(";") if line.strip()]
    postgres.run(*grants, database=name_of(url))
    reader = await SqlEventStore.read_postgres(
        postgres.url(name_of(url), user="analyst"), check_readable
    )
    log = await EventLog.open(reader)
    assert log.head.position == len(await reader.read(ReadQuery())) == 2
    with pytest.raises(StoreUnavailable, match="permission denied for table log_home"):
        await reader.hint_key()
    await log.close()
