"""The hosts of a URL, one by one."""

import asyncpg  # type: ignore[import-untyped]  # it has no types of its own
import pytest

from events.errors import StoreUnavailable
from events.postgres_hosts import first_host, hosts_of, hosts_one_by_one


@pytest.mark.parametrize(
    ("url", "every"),
    [
        ("postgresql://h/log", ["postgresql://h/log"]),
        ("postgresql+asyncpg:///log", ["postgresql:///log"]),
        ("postgresql:///log?host=/run/pg", ["postgresql:///log?host=/run/pg"]),
        (
            "postgresql://u:p%40w@h1:5,h2/log?target_session_attrs=primary",
            [
                "postgresql://u:p%40w@h1:5/log?target_session_attrs=primary",
                "postgresql://u:p%40w@h2/log?target_session_attrs=primary",
            ],
        ),
        ("postgresql://[::1]:5,h/log", ["postgresql://[::1]:5/log", "postgresql://h/log"]),
        (
            "postgresql://u@/log?host=/a,/b",
            ["postgresql://u@/log?host=%2Fa", "postgresql://u@/log?host=%2Fb"],
        ),
        (
            "postgresql:///log?host=h1,h2&port=5,6&sslmode=require",
            [
                "postgresql:///log?sslmode=require&host=h1&port=5",
                "postgresql:///log?sslmode=require&host=h2&port=6",
            ],
        ),
        (
            "postgresql:///log?host=h1,h2&port=5",
            ["postgresql:///log?host=h1&port=5", "postgresql:///log?host=h2&port=5"],
        ),
    ],
)
def test_each_host_has_a_url_of_its_own(url: str, every: list[str]) -> None:
    assert hosts_one_by_one(url) == every


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://u:geheim@h1:5,h2/log", "h1:5,h2"),
        ("postgresql+asyncpg:///log?host=/run/pg", "/run/pg"),
        ("postgresql:///log", "its socket"),
    ],
)
def test_hosts_are_told_without_who_comes(url: str, place: str) -> None:
    assert hosts_of(url) == place


NOT_TAKEN = (
    ConnectionRefusedError(111, "Connection refused"),
    TimeoutError(),
    ValueError("no such mode"),
    StoreUnavailable("a standby"),
    asyncpg.PostgresError("the database system is starting up"),
    asyncpg.InterfaceError("nonsense"),
    asyncpg.TargetServerAttributeNotMatched("no primary"),
)


@pytest.mark.parametrize("refusal", NOT_TAKEN, ids=lambda error: type(error).__name__)
async def test_a_host_that_does_not_take_us_is_passed_by(refusal: Exception) -> None:
    asked = []

    async def connect(host: str) -> str:
        asked.append(host)
        if len(asked) == 1:
            raise refusal
        return host

    assert await first_host("postgresql://a,b,c/log", connect) == "postgresql://b/log"
    assert asked == ["postgresql://a/log", "postgresql://b/log"]


async def test_when_none_takes_us_every_reason_is_told_and_nobody_named() -> None:
    reasons = ["a standby", "gone\nmore of it"]

    async def connect(_host: str) -> None:
        raise StoreUnavailable(reasons.pop(0))

    with pytest.raises(StoreUnavailable) as refused:
        await first_host("postgresql://u:geheim@a,b:5/log", connect)
    assert str(refused.value) == "cannot connect to PostgreSQL at a,b:5: a standby; gone"


async def test_a_fault_of_ours_is_no_reason_to_ask_the_next() -> None:
    async def connect(_host: str) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await first_host("postgresql://a,b/log", connect)
