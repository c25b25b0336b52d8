"""An export put into its file: nothing has the file's name before it is whole, on disk, and told in its manifest."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from app.analysis.export import ExportFormat
from app.exporting.asked import Asked
from app.exporting.manifest import Kept, Manifest, Written, manifest_of, manifest_place
from app.exporting.sources import Download, Source
from app.new_file import RefusedToReplace, put_on_disk
from events.clock import now_us
from events.scalars import from_micros

PART_SUFFIX: Final = ".part"
"""What the name of a file has at its end for as long as it is not whole."""

OnProgress = Callable[[int, Download], None]
"""Called with the bytes that there are, and their export."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an export goes, and as what.

    Attributes:
        file: its place.
        force: whether to replace a file that is there.
        previous: the export that it goes on after.
    """

    file: Path
    format: ExportFormat
    force: bool = False
    previous: Kept | None = None

    def check(self) -> None:
        """Make sure that nothing is in the way.

        Raises:
            RefusedToReplace: something is, and was not to be replaced, or is what this goes on after.
        """
        manifest = manifest_place(self.file)
        for place in (self.file, manifest):
            if self.previous and place.exists() and _is_of(place, self.previous):
                raise RefusedToReplace(f"{place} is what this goes on after: name another file")
            if place.exists() and not self.force:
                raise RefusedToReplace(
                    f"{place} exists already: name another file, or give --force"
                )


def _is_of(place: Path, kept: Kept) -> bool:
    return any(each.exists() and place.samefile(each) for each in (kept.file, kept.place))


async def save(
    source: Source, asked: Asked, target: Target, on_progress: OnProgress = lambda _n, _d: None
) -> Manifest:
    """Export into a file, and write its manifest beside it.

    Raises:
        RefusedToReplace: something is in the way.
        NotWhole: what came is no whole file of its format.
        LogUnavailable: a server did not send all of it.
        OSError: the file cannot be written.
        EventError: see `begin_export`.
    """
    target.check()
    place = manifest_place(target.file)
    with _part_of(target.file) as part, _part_of(place) as manifest_part:
        async with source.begin(target.format, asked) as download:
            written = await _write(download, part, on_progress)
            outcome = await download.outcome(part)
            manifest = manifest_of(
                file=target.file.name,
                format_=target.format,
                made_at=from_micros(now_us()),
                written=written,
                span=download.span,
                outcome=outcome,
                asked=asked,
                previous=target.previous,
            )
        manifest_part.write_bytes(manifest.text().encode())
        await asyncio.to_thread(put_on_disk, manifest_part)
        target.check()
        # An old manifest beside the new file would call it a forgery: rather none at all for a moment.
        place.unlink(missing_ok=True)
        part.replace(target.file)
        manifest_part.replace(place)
        await asyncio.to_thread(put_on_disk, target.file.parent)
    return manifest


async def pour(source: Source, format_: ExportFormat, asked: Asked, out: BinaryIO) -> None:
    """Export to where it goes on at once, as a pipe; nothing of it is kept. Raises as `save` does."""
    async with source.begin(format_, asked) as download, aclosing(download.chunks()) as chunks:
        async for chunk in chunks:
            await asyncio.to_thread(out.write, chunk)
    out.flush()


async def _write(download: Download, part: Path, on_progress: OnProgress) -> Written:
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as file:
        async with aclosing(download.chunks()) as chunks:
            async for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
                size += len(chunk)
                on_progress(size, download)
    await asyncio.to_thread(put_on_disk, part)
    return Written(size, digest.hexdigest())


@contextmanager
def _part_of(place: Path) -> Iterator[Path]:
    part = place.with_name(f"{place.name}{PART_SUFFIX}")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)
