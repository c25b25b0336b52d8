"""Which names a server answers to, and which pages may ask it; against real requests: test_hosts_and_origins."""

import pytest

from app.access.origins import host_name, is_own_host, is_own_page, is_same_origin

NAMES = {"synapse.example.com", "other.example:8443"}
HOST = "synapse.example.com:8000"
OTHERS = {"https://app.example.com", "http://dev.example:3000"}


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("[::1]:8000", "[::1]"),
        ("LocalHost:80", "localhost"),
        ("synapse.example.com.", "synapse.example.com"),
        ("a", "a"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a_b.example:65535", "a_b.example"),
    ],
)
def test_a_host_is_read(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    "host",
    [
        *(
            "",
            " ",
            ":80",
            "a:",
            "a:b",
            "a:0",
            "a:65536",
            "a:99999",
            "a:123456",
            "a:-1",
            "a:+80",
            "a:80:80",
        ),
        *(".", ".a", "a..", "-a", "a b", " a", "a ", "a\t", "a\n", "a,b", "a/b", "a#b", "a?b"),
        *("u@a", "u:p@a:80", "127.0.0.1:80@evil.example", "http://a", "bücher.example", "a\u3002b"),
        *(
            "[::1",
            "::1",
            "[]",
            "[::1]x",
            "[::1%eth0]",
            "[::1%25eth0]:80",
            "[g::1]",
            "a%00",
            "a:８０",
        ),
        "a" * 300,
    ],
)
def test_what_is_no_host_is_not_read(host: str) -> None:
    assert host_name(host) is None
    assert not is_own_host(host, {host.lower(), "a", "evil.example"})


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:1", "10.0.0.7:8000", "[::1]", "[fe80::1]:8000", "localhost"),
        *("LOCALHOST:8000", "localhost.", "synapse.example.com", "Synapse.Example.com.:81"),
        "other.example:8443",
    ],
)
def test_addresses_localhost_and_allowed_names_are_its_own(host: str) -> None:
    assert is_own_host(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.localhost"),
        *("synapse.example.com.evil.example", "xsynapse.example.com", "a.synapse.example.com"),
        *("synapse.example.co", "example.com", "synapse-example.com", "other.example"),
        *("other.example:8444", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.1"),
        *("[:.:]", "[1]", "xn--lclhost-cxa"),
    ],
)
def test_any_other_name_is_foreign(host: str) -> None:
    assert not is_own_host(host, NAMES)


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "is_own"),
    [
        ("http://a:8000", "a:8000", "http", True),
        ("http://A:8000", "a:8000", "ws", True),
        ("http://a", "a", "http", True),
        ("http://a", "a:80", "http", True),
        ("http://a:80", "a", "ws", True),
        ("https://a", "a:443", "https", True),
        ("https://a:443", "a", "wss", True),
        ("http://[::1]:8000", "[::1]:8000", "http", True),
        # A proxy that ends TLS without a word of it.
        ("https://a", "a", "http", True),
        ("https://a", "a", "ws", True),
        # The other way round somebody on the way may have written the page.
        ("http://a", "a", "https", False),
        ("http://a", "a", "wss", False),
        ("http://a:8443", "a:8443", "wss", False),
        ("http://a:443", "a:443", "https", False),
        ("https://a", "a:80", "https", False),
        ("http://a", "a:8000", "http", False),
        ("http://a:8001", "a:8000", "http", False),
        ("http://a:8000.evil.example", "a:8000", "http", False),
        ("http://b.a:8000", "a:8000", "http", False),
        ("http://u@a:8000", "a:8000", "http", False),
        ("http://a:8000/", "a:8000", "http", False),
        ("http://a:8000/x", "a:8000", "http", False),
        ("http:a:8000", "a:8000", "http", False),
        ("//a:8000", "a:8000", "http", False),
        ("a:8000", "a:8000", "http", False),
        ("ws://a:8000", "a:8000", "ws", False),
        ("file://", "", "http", False),
        ("http://", "", "http", False),
        ("null", "null", "http", False),
        ("", "a", "http", False),
        ("http://a, http://a", "a", "http", False),
        ("chrome-extension://abc", "abc", "http", False),
    ],
)
def test_a_page_is_the_servers_own_by_scheme_host_and_port(
    origin: str, host: str, scheme: str, is_own: bool
) -> None:
    assert is_same_origin(origin, host, scheme) is is_own
    assert is_own_page(origin, host, scheme) is is_own


def test_without_an_origin_nothing_says_that_it_is_the_servers_own_page() -> None:
    assert not is_same_origin(None, HOST, "http")


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("https://app.example.com", True),
        ("HTTPS://App.Example.com", True),
        ("http://dev.example:3000", True),
        ("http://app.example.com", False),
        ("https://app.example.com:444", False),
        ("https://app.example.com.evil.example", False),
        ("https://evil-app.example.com", False),
        ("http://dev.example", False),
        ("null", False),
    ],
)
def test_pages_of_others_are_allowed_by_name(origin: str, is_allowed: bool) -> None:
    assert is_own_page(origin, HOST, "https", OTHERS) is is_allowed
