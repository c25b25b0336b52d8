"""Small files are read whole, again when they change, and replaced in one step; none of them holds anybody up."""

import errno
import os
import stat
from pathlib import Path

import pytest

from app.access.errors import UnfitFileError
from app.access.files import FILE_BYTES_MAX, WatchedFile, read_small, written_beside
from tests.unit.app.access.signing import no_descriptors


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "small.txt"
    found.write_bytes(b"one")
    return found


def test_a_file_is_told_when_it_is_new_and_when_it_changes(path: Path) -> None:
    watched = WatchedFile(path)
    assert watched.news() == b"one"
    assert watched.news() is None
    path.write_bytes(b"other")
    assert watched.news() == b"other"
    assert watched.news() is None


def test_a_file_that_is_gone_is_told_once_and_found_again(path: Path) -> None:
    watched = WatchedFile(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        watched.news()
    assert watched.news() is None
    path.write_bytes(b"again")
    assert watched.news() == b"again"


def test_a_file_that_cannot_be_opened_now_is_news_until_it_can(path: Path) -> None:
    watched = WatchedFile(path)
    for _ in range(2):
        with no_descriptors(), pytest.raises(OSError, match="Too many open files"):
            watched.news()
    assert watched.news() == b"one"


@pytest.mark.parametrize("size", [0, FILE_BYTES_MAX])
def test_a_file_up_to_the_greatest_size_is_read(path: Path, size: int) -> None:
    path.write_bytes(b"x" * size)
    assert len(read_small(path)) == size


def test_a_file_that_is_too_big_is_refused_and_told_once(path: Path) -> None:
    path.write_bytes(b"x" * (FILE_BYTES_MAX + 1))
    watched = WatchedFile(path)
    with pytest.raises(UnfitFileError, match="more than 1,048,576 bytes"):
        watched.news()
    assert watched.news() is None


def test_a_pipe_and_a_device_are_refused_at_once(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)
    for unfit in (path, Path("/dev/zero")):
        with pytest.raises(UnfitFileError, match="no regular file"):
            read_small(unfit)


def test_a_link_leads_to_the_file(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    assert read_small(tmp_path / "link") == b"one"


def test_what_is_written_beside_is_its_owners_and_goes_unless_it_is_used(path: Path) -> None:
    with written_beside(path, b"two") as beside:
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600
        assert (beside.read_bytes(), path.read_bytes()) == (b"two", b"one")
    assert list(path.parent.iterdir()) == [path]
    with written_beside(path, b"two") as beside:
        beside.replace(path)
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_what_fails_names_the_file_that_was_meant(path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as failed, written_beside(path, b"two"):
        raise OSError(errno.ENOSPC, "No space left on device", "elsewhere")
    assert failed.value.filename == str(path)
    assert list(path.parent.iterdir()) == [path]
