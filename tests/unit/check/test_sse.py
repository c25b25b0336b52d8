"""A stream of Server-Sent Events, however it is cut and written; and the id of every event."""

import json
from typing import Any

import pytest

from app.check.sse import Block, Blocks, block_faults
from app.check.transcript import loose

STREAM = 'retry: 2000\n\n: a comment\n\nid: e:7\nevent: price_update\ndata: {"a":1}\n\ndata:x\ndata:  y\n\n'
BLOCKS = [Block('{"a":1}', "price_update", "e:7"), Block("x\n y", None, None)]


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blocks_are_the_same_however_the_text_comes(size: int, end: str) -> None:
    text, blocks = STREAM.replace("\n", end), Blocks()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert [block for piece in pieces for block in blocks.take(piece)] == BLOCKS


def told(kind: str, id_: str | None, event: str = "", **fields: Any) -> list[str]:
    data = json.dumps({"type": kind, **fields})
    return list(block_faults(Block(data, event or kind, id_), loose(data), "e"))


def test_right_ids_are_accepted() -> None:
    assert told("price_update", "e:7", position=7) == []
    assert told("caught_up", "e:9", payload={"position": 9}) == []
    assert told("heartbeat", None, payload={"head": 9}) == []
    assert told("subscription_confirmed", None, payload={"head": 9}) == []


@pytest.mark.parametrize(
    ("kind", "id_", "fields", "found"),
    [
        ("price_update", None, {"position": 7}, "position 7 without an id"),
        ("price_update", "e:1", {"position": 7}, "the id 'e:1' on what is e:7"),
        ("price_update", "f:7", {"position": 7}, "the id 'f:7' on what is e:7"),
        ("caught_up", "e:10", {"payload": {"position": 9}}, "the id 'e:10' on what is e:9"),
        ("heartbeat", "e:10", {"payload": {"head": 9}}, "the id 'e:10' on what is e:9"),
    ],
)
def test_a_wrong_id_is_found(
    kind: str, id_: str | None, fields: dict[str, Any], found: str
) -> None:
    assert told(kind, id_, **fields) == [found]


def test_an_event_under_another_name_is_found() -> None:
    found = told("price_update", "e:7", "regime_update", position=7)
    assert found == ["a price_update in a block of the event regime_update"]
