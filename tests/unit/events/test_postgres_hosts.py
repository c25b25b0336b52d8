"""The hosts of a URL, one by one."""

import pytest

from events.postgres_hosts import hosts_one_by_one, place_of


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
def test_a_place_names_nobody(url: str, place: str) -> None:
    assert place_of(url) == place
