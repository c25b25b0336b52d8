"""How many connections fit into what the system grants."""

import resource

import pytest

from app.stream import open_files
from app.stream.crowd import SOCKETS_MAX
from app.stream.open_files import DESCRIPTORS_KEPT, raise_open_files, sockets_crowd


@pytest.mark.parametrize(
    ("granted", "most"),
    [
        (None, SOCKETS_MAX),
        (10**9, SOCKETS_MAX),
        (1_024, 1_024 - DESCRIPTORS_KEPT),
        (DESCRIPTORS_KEPT, 1),
        (10, 1),
    ],
)
def test_the_log_keeps_descriptors_that_no_connection_takes(granted: int | None, most: int) -> None:
    assert sockets_crowd(granted, lambda _address: False).most == most


def test_the_process_may_open_as_many_files_as_it_ever_may() -> None:
    granted = raise_open_files()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard
    assert granted == (None if soft == resource.RLIM_INFINITY else soft)


def test_where_nobody_says_how_many_there_is_no_such_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_files, "_resource", None)
    assert raise_open_files() is None
