"""An export held against its manifest, and against the log that it was made of."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.exporting.contents import NotWhole, contents_of
from app.exporting.manifest import BadManifest, Kept, Manifest

READ_BYTES: Final = 2**20
"""Bytes of a file that are read at a time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be.

    Attributes:
        what: `file`, `contents`, `manifest`, `previous` or `log`.
        text: for people.
    """

    what: str
    text: str


def file_findings(kept: Kept) -> list[Finding]:
    """What is wrong with the file beside a manifest, and with the manifest that it goes on after, if that is there.

    Raises:
        OSError: something is there and cannot be read.
    """
    return [*_of_file(kept.file, kept.manifest), *_of_limit(kept.manifest), *_of_previous(kept)]


def _of_file(file: Path, manifest: Manifest) -> Iterator[Finding]:
    if not file.is_file():
        yield Finding("file", f"{file} does not exist")
        return
    size = file.stat().st_size
    if size != manifest.bytes:
        yield Finding("file", f"{file.name} has {size} bytes, not {manifest.bytes}")
        return
    sha256 = _sha256(file)
    if sha256 != manifest.sha256:
        yield Finding("file", f"the SHA-256 of {file.name} is {sha256}, not {manifest.sha256}")
        return
    try:
        found = contents_of(file, manifest.format)
    except NotWhole as error:
        yield Finding("contents", str(error))
        return
    told = (manifest.events, manifest.first_position, manifest.last_position)
    if (found.events, found.first, found.last) != told:
        yield Finding(
            "contents",
            f"{file.name} holds {found.events} events, from {found.first} to {found.last}; its manifest tells"
            f" {told[0]}, from {told[1]} to {told[2]}",
        )


def _of_limit(manifest: Manifest) -> Iterator[Finding]:
    """An export that its limit ended holds nothing of what comes after its last event."""
    is_full = manifest.events == manifest.selection.get("limit")
    if is_full and manifest.to != manifest.last_position:
        yield Finding(
            "manifest",
            f"its limit of {manifest.events} was reached at position {manifest.last_position},"
            f" and it tells that it goes up to {manifest.to}",
        )


def _of_previous(kept: Kept) -> Iterator[Finding]:
    previous = kept.manifest.previous
    if previous is None:
        return
    place = kept.place.with_name(Path(previous.manifest).name)
    if not place.is_file():
        return  # it need not be kept: the hash at `from` tells as much
    try:
        before = Kept.load(place)
    except BadManifest as error:
        yield Finding("previous", str(error))
        return
    if before.sha256 != previous.sha256:
        yield Finding("previous", f"{place.name} is not the manifest that this goes on after")
    end, start = before.manifest, kept.manifest
    joins = (end.epoch, end.to) == (start.epoch, start.start)
    # A token that does not cover all channels is told no hash.
    if end.to_hash is not None and start.from_hash is not None:
        joins = joins and end.to_hash == start.from_hash
    if not joins:
        yield Finding("previous", f"{place.name} does not end where this begins")


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as data:
        while piece := data.read(READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()
