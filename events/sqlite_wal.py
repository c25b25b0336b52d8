"""SQLite's write-ahead log as a file: is every transaction that was committed into it still whole?

Recovery reads frames until a checksum fails and forgets the rest without a word. That is right after a
power cut in the middle of a commit, and wrong for a damaged disk: so the file is looked at before SQLite
opens it. (The format: sqlite.org/fileformat2.html#walformat and walformat.html.)
"""

import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24
INDEX_HEADER_BYTES: Final = 48
TRIES: Final = 5
"""Looks at a file that a server writes meanwhile, before what looks wrong is believed."""

_MAGIC: Final = 0x377F0682
_MASK: Final = 0xFFFFFFFF
_INDEX: Final = struct.Struct("=IIIBBHII2I8s2I")


@dataclass(frozen=True, slots=True)
class WalFault:
    """What is wrong with a write-ahead log.

    Attributes:
        text: in one line.
        certain: a committed transaction is damaged or cut off; otherwise it may also have been a power
            cut in the middle of the last one, which nobody was told of.
    """

    text: str
    certain: bool


@dataclass(frozen=True, slots=True)
class _Index:
    """The head of the shared-memory index: how many frames are committed, under which salts."""

    frames: int
    salts: bytes


@dataclass(slots=True)
class _Scan:
    """A walk over the frames.

    Attributes:
        whole: frames from the start whose checksums follow.
        committed: those of them up to the last commit.
        commits_after: commits of the same generation behind the first frame that does not follow.
        strays: frames of the same generation behind one of another: no writer leaves that.
        bad: the first frame that does not follow claims to be of this generation.
        torn: the file ends within a frame.
    """

    whole: int = 0
    committed: int = 0
    commits_after: int = 0
    strays: bool = False
    bad: bool = False
    torn: bool = False


def wal_fault(database: Path) -> WalFault | None:
    """What is wrong with a database's write-ahead log; None when all is well, or when there is none.

    Call it before SQLite opens the database: the first connection rebuilds the index that tells how
    much was committed. Beside a running server it looks again before it believes in a fault.
    """
    fault = None
    for _ in range(TRIES):
        before = _read_index(database)
        fault = _fault(database, before)
        if fault is None or _read_index(database) == before:
            break
    return fault


def sibling(database: Path, suffix: str) -> Path:
    """A file that SQLite keeps beside a database, `-wal` or `-shm`, through symbolic links."""
    database = database.resolve()
    return database.with_name(database.name + suffix)


def _fault(database: Path, index: _Index | None) -> WalFault | None:
    path, scan, salts = sibling(database, "-wal"), _Scan(), None
    if path.exists():
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
            page_bytes = _page_bytes(header)
            if page_bytes is not None:
                scan, salts = _scan(file.read, header, page_bytes), header[16:24]
            elif file.read(1):
                return WalFault("its header is damaged, and with it all that it holds", True)
    if scan.whole and (not database.exists() or database.stat().st_size == 0):
        return WalFault("the database that it belongs to is empty: SQLite would delete it", True)
    # A writer that begins the file anew says so in the index first: no frames, new salts.
    if index is not None and index.frames and salts in (None, index.salts):
        if scan.committed >= index.frames:
            return None
        lost = f"{index.frames} frames were committed, {scan.committed} are whole"
        return WalFault(lost, True)
    return _fault_without_index(scan)


def _fault_without_index(scan: _Scan) -> WalFault | None:
    frame = scan.whole + 1
    if scan.strays or scan.commits_after > 1:
        return WalFault(f"frame {frame} is damaged, and commits follow it", True)
    if scan.bad or scan.torn or scan.whole > scan.committed:
        what = f"the last transaction, from frame {scan.committed + 1} on, is not whole"
        return WalFault(f"{what}: damage, or a power cut before it was acknowledged", False)
    return None


def _page_bytes(header: bytes) -> int | None:
    """The page size that a header tells; None when the header is not whole."""
    if len(header) < HEADER_BYTES:
        return None
    magic, _version, page_bytes, *_rest, sum0, sum1 = struct.unpack(">8I", header)
    if magic & ~1 != _MAGIC or _checksum(header, header[:24], 0, 0) != (sum0, sum1):
        return None
    return int(page_bytes)


def _scan(read: Callable[[int], bytes], header: bytes, page_bytes: int) -> _Scan:
    scan, salts = _Scan(), header[16:24]
    sum0, sum1 = struct.unpack(">2I", header[24:32])
    follows, foreign, number = True, False, 0
    while frame := read(FRAME_HEADER_BYTES + page_bytes):
        if len(frame) < FRAME_HEADER_BYTES + page_bytes:
            scan.torn = True
            break
        number += 1
        commits = frame[4:8] != bytes(4)
        if frame[8:16] != salts:
            follows, foreign = False, True
            continue
        if follows:
            body = frame[:8] + frame[FRAME_HEADER_BYTES:]
            sum0, sum1 = _checksum(header, body, sum0, sum1)
            follows = struct.pack(">2I", sum0, sum1) == frame[16:24]
        if follows:
            scan.whole = number
            scan.committed = number if commits else scan.committed
            continue
        scan.bad = scan.bad or not foreign
        scan.strays = scan.strays or foreign
        scan.commits_after += commits
    return scan


def _checksum(header: bytes, content: bytes, sum0: int, sum1: int) -> tuple[int, int]:
    """SQLite's running checksum over pairs of words, in the byte order that the header names."""
    order = ">" if header[3] & 1 else "<"
    words = iter(struct.unpack(f"{order}{len(content) // 4}I", content))
    for first, second in zip(words, words, strict=True):
        sum0 = (sum0 + first + sum1) & _MASK
        sum1 = (sum1 + second + sum0) & _MASK
    return sum0, sum1


def _read_index(database: Path) -> _Index | None:
    """The index that the last process left or a living one keeps; None when it cannot be trusted."""
    try:
        with sibling(database, "-shm").open("rb") as file:
            first, second = file.read(INDEX_HEADER_BYTES), file.read(INDEX_HEADER_BYTES)
    except FileNotFoundError:
        return None
    if first != second or len(first) < INDEX_HEADER_BYTES:
        return None
    *_start, frames, _pages, _sum0, _sum1, salts, own0, own1 = _INDEX.unpack(first)
    native = b"\0\0\0\1" if sys.byteorder == "big" else bytes(4)
    if _checksum(native, first[:40], 0, 0) != (own0, own1):
        return None
    return _Index(frames, salts)
