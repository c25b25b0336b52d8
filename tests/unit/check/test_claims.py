"""What a confirmation says is held against what was asked for, the log, and the other confirmations."""

import pytest

from app.check.claims import PROTOCOL_VERSION
from app.check.history import Connection, judge
from app.stream.protocol import PROTOCOL_VERSION as SPOKEN
from tests.unit.check.scenes import ALL, confirmed, control, log_of, seen_of
from tests.unit.stream.talk import subscribe

LOG = log_of(3)
TEXTS = [event.text for event in LOG.events]
AGAIN = subscribe("prices", "regime", symbols=["A", "B"], history={"after": 2}, epoch="e")


def told(confirmation: str, said: str = ALL) -> list[str]:
    """What is found where only the confirmation may be wrong."""
    begin = 2 if said is AGAIN else 0
    caught_up = control("caught_up", request_msg_id="s1", position=LOG.head)
    received = [confirmation, *TEXTS[begin:], caught_up]
    seen = seen_of(Connection([said], received))
    return [str(finding) for finding in judge(LOG, [seen], [], upto=LOG.head).findings]


@pytest.mark.parametrize("said", [ALL, AGAIN])
def test_a_true_confirmation_is_accepted(said: str) -> None:
    assert told(confirmed(6, said), said) == []
    assert told(confirmed(6, said, symbols=["B", "A"]), said) == []


@pytest.mark.parametrize(
    ("said", "changed", "found"),
    [
        (ALL, {"head": 5_000_006}, "head 5000006, the log ends at 6"),
        (AGAIN, {"head": 1}, "head 1, though the log had reached 2"),
        (ALL, {"channels": ["trades"]}, "channels trades, asked were prices, regime"),
        (ALL, {"symbols": ["A"]}, "symbols A, asked were A, B"),
        (ALL, {"resumed": True}, "resumed is True, and the history asked for is all"),
        (AGAIN, {"resumed": False}, "resumed is False"),
        (ALL, {"protocol_version": 99}, "protocol_version 99, this is 1"),
        (ALL, {"schema_hash": ""}, "schema_hash ''"),
        (ALL, {"heartbeat_s": 0}, "heartbeat_s 0"),
        (ALL, {"epoch": "f"}, "epoch f, the log's is e"),
    ],
)
def test_an_untrue_confirmation_is_found(said: str, changed: dict[str, object], found: str) -> None:
    first = told(confirmed(6, said, **changed), said)[0]
    assert first.startswith("s1: ")
    assert found in first


@pytest.mark.parametrize("field", ["resumed", "channels", "protocol_version", "heartbeat_s"])
def test_a_confirmation_without_a_field_cannot_be_read(field: str) -> None:
    left_out = confirmed(6).replace(f'"{field}"', '"other"')
    assert "cannot be read" in told(left_out)[0]


def test_every_confirmation_of_a_run_says_the_same_as_the_first() -> None:
    later = confirmed(6, schema_hash="5d")
    seen = [
        seen_of(Connection([ALL], [one, *TEXTS]), name=name)
        for name, one in (("fast 1", confirmed(6)), ("fast 2", later))
    ]
    found = judge(LOG, seen, [], upto=None).findings
    assert [(str(one), one.who) for one in found] == [
        ("s1: schema_hash 5d, the first confirmation said 5c", "fast 2")
    ]


def test_the_wire_that_it_speaks_is_the_servers() -> None:
    assert PROTOCOL_VERSION == SPOKEN
