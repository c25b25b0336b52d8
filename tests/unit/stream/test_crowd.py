"""`Crowd`: how many are in, of each client, and that whoever goes is forgotten."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stream.crowd import (
    CONNECTIONS_MAX,
    CONNECTIONS_PER_CLIENT_MAX,
    Crowd,
    Crowded,
    address_told,
    client_of,
)

ADDRESSES = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:1::1", ""]


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("testclient", "unknown"),
        ("\x9b31mPWN", "unknown"),
        ("192.0.2.1, 192.0.2.2", "unknown"),
        ("", "unknown"),
    ],
)
def test_one_client_is_an_address_or_the_network_that_it_picks_addresses_from(
    address: str, client: str
) -> None:
    assert client_of(address) == client


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%\x9b31mPWN", "fe80::1"),
        ("\x9b31mPWN", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_address_is_told_only_if_it_is_one(address: str, told: str) -> None:
    assert address_told(address) == told


def test_one_too_many_in_all_is_refused_and_nothing_is_counted() -> None:
    crowd = Crowd(most=2)
    crowd.enter("192.0.2.1")
    crowd.enter("192.0.2.2")
    with pytest.raises(Crowded, match="the server holds 2 connections"):
        crowd.enter("192.0.2.3")
    assert (len(crowd), crowd.of("192.0.2.3")) == (2, 0)


def test_one_too_many_of_a_client_is_refused_and_others_are_let_in() -> None:
    crowd = Crowd(most_per_client=2)
    crowd.enter("2001:db8::1")
    crowd.enter("2001:db8::2")
    with pytest.raises(Crowded, match="2001:db8::/64 holds 2 connections"):
        crowd.enter("2001:db8::3")
    crowd.enter("2001:db8:0:1::1")
    crowd.leave("2001:db8::1")
    crowd.enter("2001:db8::3")


def test_an_address_that_stands_for_many_has_only_the_limit_of_all() -> None:
    crowd = Crowd(most=3, most_per_client=1, is_exempt=lambda address: address == "192.0.2.1")
    for _ in range(3):
        crowd.enter("192.0.2.1")
    with pytest.raises(Crowded, match="the server"):
        crowd.enter("192.0.2.1")


def test_a_place_is_given_up_however_it_ends() -> None:
    crowd = Crowd(most=1)
    with suppress(RuntimeError), crowd.place("192.0.2.1"):
        assert crowd.of("192.0.2.1") == 1
        raise RuntimeError("planted")
    assert len(crowd) == 0
    with crowd.place("192.0.2.1"), pytest.raises(Crowded), crowd.place("192.0.2.1"):
        raise AssertionError("there was no place")
    assert len(crowd) == 0


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(ADDRESSES)), max_size=60))
def test_it_counts_as_a_list_of_those_inside_does(moves: list[tuple[bool, str]]) -> None:
    crowd, inside = Crowd(most=8, most_per_client=3), list[str]()
    for comes, address in moves:
        client = client_of(address)
        if comes:
            fits = len(inside) < 8 and inside.count(client) < 3
            try:
                crowd.enter(address)
            except Crowded:
                assert not fits
            else:
                assert fits
                inside.append(client)
        elif client in inside:
            inside.remove(client)
            crowd.leave(address)
        assert (len(crowd), crowd.of(address)) == (len(inside), inside.count(client))
    assert len(crowd._of) == len(set(inside))  # who has gone is not remembered


def test_the_usual_limits_are_the_documented_ones() -> None:
    usual = Crowd()
    assert (usual.most, usual.most_per_client) == (CONNECTIONS_MAX, CONNECTIONS_PER_CLIENT_MAX)
    assert (CONNECTIONS_MAX, CONNECTIONS_PER_CLIENT_MAX) == (20_000, 1_024)
