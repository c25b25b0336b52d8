"""A file system of its own whose power can be cut: ext4 in an image file, behind a loop device.

The cut is ext4's own (EXT4_IOC_SHUTDOWN): from that instant on nothing reaches the device any more, not even
what the kernel still holds of files that were written and not synced. Mounted again, its journal is replayed.
What the *device* would lose of its own cache is not lost here.
"""

import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

EXT4_IOC_SHUTDOWN: Final = 0x8004_587D
"""_IOR('X', 125, __u32)."""

NOLOGFLUSH: Final = 2
"""At once: the file system's journal is not written out first, as it would not be without power."""

IMAGE_MIB: Final = 48


def power_of(folder: str) -> Callable[[], None]:
    """What cuts, in one call, the power of the file system that is mounted at `folder`."""
    import fcntl

    descriptor, flags = os.open(folder, os.O_RDONLY), struct.pack("I", NOLOGFLUSH)

    def cut() -> None:
        fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, flags)
        os.close(descriptor)

    return cut


@dataclass
class Disk:
    """An ext4 image, mounted at `folder`."""

    image: Path
    folder: Path

    def mount(self) -> None:
        """Mount it; ext4 replays its journal."""
        subprocess.run(["mount", "-o", "loop", self.image, self.folder], check=True)

    def unmount(self) -> None:
        """Let go of it; after a cut, what was not written is gone."""
        subprocess.run(["umount", self.folder], check=True)

    def come_back(self) -> None:
        """Start again after a cut."""
        self.unmount()
        self.mount()


@contextmanager
def loop_disk(folder: Path) -> Iterator[Disk]:
    """A fresh disk below `folder`, mounted; skipped with the reason where that may not be done."""
    disk = Disk(folder / "disk.img", folder / "disk")
    disk.folder.mkdir()
    with disk.image.open("wb") as image:
        image.truncate(IMAGE_MIB << 20)
    for step in (
        ["mkfs.ext4", "-q", str(disk.image)],
        ["mount", "-o", "loop", str(disk.image), str(disk.folder)],
    ):
        try:
            done = subprocess.run(step, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip(f"there is no {step[0]}")
        if done.returncode != 0:
            pytest.skip(f"a disk image may not be mounted here: {done.stderr.strip()}")
    try:
        yield disk
    finally:
        disk.unmount()
