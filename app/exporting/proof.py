"""An export held against the log that it was made of: its selection is encoded again, and both are compared.

Byte by byte, as the log is read: nothing is kept. Parquet and Arrow files of the same events may differ in their
bytes where another pyarrow wrote them; of those the tables are compared (`app.exporting.tables`), for which the
log's is put into a temporary file.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Literal

from app.analysis.export import TABLES
from app.exporting.check import Finding, file_findings
from app.exporting.manifest import Kept, made_by, schemas
from app.exporting.save import OnProgress
from app.exporting.sources import Download, Source, differences
from app.exporting.tables import table_difference

Compared = Literal["bytes", "table"]
"""What of a file is as the log has it: all of it, or the table in it, value for value."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What holding an export against the log has come to.

    Attributes:
        findings: what is not as it must be.
        compared: what is the same; None where nothing was compared, or something differs.
    """

    findings: list[Finding]
    compared: Compared | None = None


async def proof_of(
    source: Source, kept: Kept, on_progress: OnProgress = lambda _n, _d: None
) -> Proof:
    """Hold a file against its manifest, and, where these agree, against the log.

    Raises:
        FormatUnavailable: what reads its format is not installed.
        OSError: something is there and cannot be read.
        EventError: see `begin_export`.
    """
    findings = await asyncio.to_thread(file_findings, kept)
    findings += [Finding("log", text) for text in await differences(source, kept.manifest)]
    if findings:
        return Proof(findings)
    line = await _first_line_that_differs(source, kept, on_progress)
    if line is None:
        return Proof([], "bytes")
    said = f"line {line} of {kept.file.name} is not what the log gives"
    if kept.manifest.format in TABLES:
        difference = await _table_difference(source, kept, on_progress)
        if difference is None:
            return Proof([], "table")
        said = f"{kept.file.name} is not what the log gives: {difference}"
    return Proof([Finding("log", said + _perhaps(kept))])


async def _first_line_that_differs(
    source: Source, kept: Kept, on_progress: OnProgress
) -> int | None:
    """None where the file's bytes are those that the log gives. A format without lines has some, too."""
    line = 1
    with kept.file.open("rb") as file:
        async with _again(source, kept) as download, aclosing(download.chunks()) as chunks:
            size = 0
            async for chunk in chunks:
                found = await asyncio.to_thread(file.read, len(chunk))
                if found != chunk:
                    return line + _same_beginning(found, chunk).count(b"\n")
                line += chunk.count(b"\n")
                size += len(chunk)
                on_progress(size, download)
        return line if file.read(1) else None


def _same_beginning(found: bytes, expected: bytes) -> bytes:
    pairs = enumerate(zip(found, expected, strict=False))
    return found[: next((place for place, (left, right) in pairs if left != right), len(found))]


async def _table_difference(source: Source, kept: Kept, on_progress: OnProgress) -> str | None:
    with TemporaryDirectory() as folder:
        again = Path(folder) / "again"
        with again.open("wb") as file:
            await _write(source, kept, file, on_progress)
        return await asyncio.to_thread(table_difference, kept.file, again, kept.manifest.format)


async def _write(source: Source, kept: Kept, file: BinaryIO, on_progress: OnProgress) -> None:
    size = 0
    async with _again(source, kept) as download, aclosing(download.chunks()) as chunks:
        async for chunk in chunks:
            size += await asyncio.to_thread(file.write, chunk)
            on_progress(size, download)


def _again(source: Source, kept: Kept) -> AbstractAsyncContextManager[Download]:
    return source.begin(kept.manifest.format, kept.manifest.again())


def _perhaps(kept: Kept) -> str:
    """What else than a change may be the reason."""
    manifest = kept.manifest
    if manifest.made_by != made_by():
        return (
            f"; {manifest.made_by} made it, and this is {made_by()}, which may write it otherwise"
        )
    if manifest.schemas != schemas():
        return "; its payloads are at other schemas than this program's"
    return ""
