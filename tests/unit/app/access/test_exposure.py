"""A server that others reach starts only with TLS or a proxy, and never with open reading."""

from dataclasses import replace

import pytest

from app.access.exposure import TOKEN_LENGTH_MIN, Exposure, is_loopback, parse_proxies

LOCAL = Exposure("127.0.0.1", has_tls=False, proxies=(), reading_is_open=None)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.255.255.254", "::1", "[::1]", "0:0:0:0:0:0:0:1", "localhost", "LOCALHOST"],
)
def test_addresses_that_only_this_machine_reaches(host: str) -> None:
    assert is_loopback(host)
    assert replace(LOCAL, host=host).problem() is None


@pytest.mark.parametrize(
    "host",
    [
        *("0.0.0.0", "::", "[::]", "10.0.0.1", "192.168.1.2", "fe80::1", "128.0.0.1", "8.8.8.8"),
        *(
            "localhost.example",
            "localhost.",
            "127.0.0.1.example",
            "127.1",
            "0x7f000001",
            "",
            "host",
        ),
    ],
)
def test_addresses_that_others_reach(host: str) -> None:
    assert not is_loopback(host)
    exposed = replace(LOCAL, host=host)
    assert not exposed.opens_reading
    assert "SYNAPSE_TLS_CERT" in (exposed.problem() or "")


@pytest.mark.parametrize(
    ("tls", "proxies", "is_open", "named"),
    [
        (False, (), None, "SYNAPSE_TLS_CERT"),
        (False, (), False, "SYNAPSE_TLS_CERT"),
        (False, (), True, "SYNAPSE_READ"),
        (True, (), None, None),
        (True, (), False, None),
        (True, (), True, "SYNAPSE_READ"),
        (False, ("10.0.0.5",), None, None),
        (False, ("10.0.0.5",), False, None),
        (False, ("10.0.0.5",), True, "SYNAPSE_READ"),
        (True, ("10.0.0.5",), True, "SYNAPSE_READ"),
    ],
)
def test_what_it_takes_to_be_reached_by_others(
    tls: bool, proxies: tuple[str, ...], is_open: bool | None, named: str | None
) -> None:
    problem = Exposure("0.0.0.0", tls, proxies, is_open).problem()
    assert (problem is None) == (named is None)
    if named is not None:
        assert problem is not None
        assert named in problem
        assert "\n" not in problem


@pytest.mark.parametrize(("asked", "is_open"), [(None, True), (True, True), (False, False)])
def test_on_this_machine_reading_is_open_unless_it_was_closed(
    asked: bool | None, is_open: bool
) -> None:
    assert replace(LOCAL, reading_is_open=asked).opens_reading is is_open


def test_behind_a_proxy_reading_is_not_open_by_default() -> None:
    behind = replace(LOCAL, proxies=("127.0.0.1",))
    assert not behind.opens_reading
    assert replace(behind, reading_is_open=True).opens_reading
    assert behind.problem() is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        (" , ", ()),
        ("10.0.0.5", ("10.0.0.5",)),
        (" 10.0.0.5 ,10.1.0.0/16, ::1,fd00::/8 ", ("10.0.0.5", "10.1.0.0/16", "::1", "fd00::/8")),
    ],
)
def test_proxies_are_addresses_and_networks(text: str, found: tuple[str, ...]) -> None:
    assert parse_proxies(text) == found


@pytest.mark.parametrize(
    "text", ["*", "proxy.example", "0.0.0.0/0", "::/0", "10.0.0", "1.2.3.4;5.6.7.8"]
)
def test_everybody_and_names_are_no_proxies(text: str) -> None:
    with pytest.raises(ValueError, match=r"everybody|is no address"):
        parse_proxies(f"10.0.0.5,{text}")


def test_an_address_in_a_network_is_told_with_the_network() -> None:
    with pytest.raises(ValueError, match=r"'10\.1\.2\.3/16' .* write 10\.1\.0\.0/16"):
        parse_proxies("10.0.0.5,10.1.2.3/16")


def test_a_token_that_can_be_guessed_does_not_leave_this_machine() -> None:
    weak = replace(LOCAL, token_length=TOKEN_LENGTH_MIN - 1)
    assert weak.problem() is None
    assert "SYNAPSE_TOKEN" in str(replace(weak, proxies=("127.0.0.1",)).problem())
    abroad = replace(weak, host="192.0.2.1", has_tls=True)
    assert "SYNAPSE_TOKEN" in str(abroad.problem())
    assert replace(abroad, token_length=TOKEN_LENGTH_MIN).problem() is None
    assert replace(abroad, token_length=None).problem() is None


def test_behind_a_proxy_that_others_can_pass_by_only_tls_counts() -> None:
    assert not LOCAL.needs_tls
    abroad = replace(LOCAL, host="192.0.2.1", proxies=("192.0.2.2",))
    assert abroad.needs_tls
    assert not replace(abroad, has_tls=True).needs_tls
