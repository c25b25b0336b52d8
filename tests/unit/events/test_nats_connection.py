"""What a setting says of NATS servers."""

import sys

import pytest

from events.errors import StoreUnavailable
from events.nats_connection import NatsServer, servers_of
from events.nats_hints import NatsHints, subject_of


@pytest.mark.parametrize(
    ("setting", "servers"),
    [
        ("nats://h", [NatsServer("nats", "h:4222")]),
        ("nats://10.0.0.5:4333/", [NatsServer("nats", "10.0.0.5:4333")]),
        ("nats://[::1]:4333", [NatsServer("nats", "[::1]:4333")]),
        ("tls://u:p%40s%2Cs@h:1", [NatsServer("tls", "h:1", "u", "p@s,s")]),
        ("nats://t%25oken@h", [NatsServer("nats", "h:4222", token="t%oken")]),
        ("nats://a , tls://b:1", [NatsServer("nats", "a:4222"), NatsServer("tls", "b:1")]),
    ],
)
def test_a_setting_names_servers(setting: str, servers: list[NatsServer]) -> None:
    assert list(servers_of(setting)) == servers


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "h:4222",
        "http://secret@h",
        "ws://h",
        "nats://",
        "nats://:4222",
        "nats://h:port",
        "nats://h:70000",
        "nats://h/subject",
        "nats://h?secret=1",
        "nats://u:sec#ret@h",
        "nats://u:sec/ret@h",
        "nats://u:sec,ret@h",
        "nats://a,,nats://b",
        "tls://a,b",
    ],
)
def test_what_names_none_is_refused_and_no_password_is_told(setting: str) -> None:
    with pytest.raises(ValueError, match=r"^a NATS server is written nats://") as refused:
        servers_of(setting)
    assert "sec" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_server_that_is_shown_leaves_out_what_proves_who_comes() -> None:
    shown = repr((*servers_of("nats://user:secret@h"), *servers_of("nats://tokensecret@h")))
    assert "secret" not in shown
    assert "user" not in shown.replace("user=", "")


def test_each_key_has_a_subject_of_its_own_that_gives_nothing_of_it_away() -> None:
    assert subject_of(b"k" * 32) != subject_of(b"l" * 32)
    assert (b"k" * 4).hex() not in subject_of(b"k" * 32)


def test_without_nats_py_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nats", "nats.aio", "nats.aio.client"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(StoreUnavailable, match=r"pip install 'regime-synapse\[nats\]'"):
        NatsHints("nats://h", b"k")
