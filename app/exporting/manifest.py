"""The manifest of an export: what the file beside it holds, of which log, and what proves both."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import Field, JsonValue, ValidationError

from app.analysis.export import ExportFormat
from app.exporting.asked import Asked, Span
from events.catalog import CATALOG, Record
from events.errors import EventError
from events.scalars import UtcTime

MANIFEST_VERSION: Final = 1
MANIFEST_SUFFIX: Final = ".manifest.json"
"""What the name of an export's manifest has after the name of its file."""

MANIFEST_BYTES_MAX: Final = 2**20
"""A longer file is no manifest."""


class BadManifest(EventError):
    """A file that is no manifest of an export."""

    code = "bad_manifest"


Position = Annotated[int, Field(ge=0)]


class Chosen(Record):
    """What a manifest's selection may hold."""

    before: int | None = None
    since: UtcTime | None = None
    until: UtcTime | None = None
    channels: list[str] | None = None
    symbols: list[str] | None = None
    types: list[str] | None = None
    limit: Annotated[int, Field(ge=1)] | None = None


class Previous(Record):
    """The export that one goes on after.

    Attributes:
        manifest: the name of its manifest.
        sha256: of that manifest's text, in hexadecimal digits.
    """

    manifest: str
    sha256: str


class Manifest(Record):
    """What a file of the log holds; `from` and `to` are positions, the hashes those of the events there.

    Attributes:
        schemas: the version of each event type's schema in it.
        events: how many are in it, from `first_position` to `last_position`.
        start: `from`, exclusive.
        to: whatever matches the selection after `from` and up to here is in it, whether anything does or not.
        head: the log's last position when the export began.

    The hashes are null in one that a token made which does not cover all channels.
    """

    manifest_version: Literal[1]
    made_by: str
    made_at: UtcTime
    file: str
    format: ExportFormat = Field(strict=False)
    schemas: dict[str, int]
    bytes: int
    sha256: str
    events: int
    first_position: int | None
    last_position: int | None
    epoch: str
    start: Position = Field(alias="from")
    from_hash: str | None
    to: Position
    to_hash: str | None
    head: Position
    head_hash: str | None
    selection: dict[str, JsonValue]
    previous: Previous | None

    def again(self) -> Asked:
        """What gives the same file again, however far the log has grown."""
        limit = Chosen.model_validate_json(orjson.dumps(self.selection)).limit
        return replace(
            Asked.of_selection(self.selection, self.start), before=self.to + 1, limit=limit
        )

    def text(self) -> str:
        """Its text in a file."""
        written = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        return orjson.dumps(self.fields(), option=written).decode()

    def fields(self) -> dict[str, Any]:
        """As JSON has it."""
        shown: dict[str, Any] = orjson.loads(self.model_dump_json(by_alias=True))
        return shown


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an export has come to.

    Attributes:
        events: how many it holds.
        first, last: their positions; None where it holds none.
        upto, upto_hash: the position up to which it holds all that matches, and the hash of the event there.
    """

    events: int
    first: int | None
    last: int | None
    upto: int
    upto_hash: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """What is in a file: its bytes, and their SHA-256 in hexadecimal digits."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A manifest in its place.

    Attributes:
        place: its file.
        sha256: of its text.
    """

    place: Path
    manifest: Manifest
    sha256: str

    @classmethod
    def load(cls, place: Path) -> Self:
        """Read one.

        Raises:
            BadManifest: it is none, or one that only a newer program can read.
            OSError: it cannot be read.
        """
        with place.open("rb") as file:
            text = file.read(MANIFEST_BYTES_MAX + 1)
        return cls(place, _parsed(place, text), hashlib.sha256(text).hexdigest())

    @property
    def file(self) -> Path:
        """The exported file, which lies beside it."""
        return self.place.with_name(self.manifest.file)

    def asked(self) -> Asked:
        """What goes on after it: the same selection, after the position up to which it holds all."""
        return Asked.of_selection(self.manifest.selection, self.manifest.to)


def _parsed(place: Path, text: bytes) -> Manifest:
    try:
        given: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadManifest(f"{place} is no manifest of an export: it is not JSON") from None
    if not isinstance(given, Mapping) or "manifest_version" not in given:
        raise BadManifest(f"{place} is no manifest of an export")
    if given["manifest_version"] != MANIFEST_VERSION:
        raise BadManifest(
            f"{place} is a manifest of version {given['manifest_version']}: this program reads {MANIFEST_VERSION}"
        )
    try:
        manifest = Manifest.model_validate_json(text)
        Chosen.model_validate_json(orjson.dumps(manifest.selection))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadManifest(f"{place} is no manifest of an export: {where}: {first['msg']}") from None
    if Path(manifest.file).name != manifest.file:
        raise BadManifest(f"{place}: the file {manifest.file!r} is not one beside it")
    if manifest.to < manifest.start:
        raise BadManifest(f"{place}: it ends at {manifest.to}, before it begins, {manifest.start}")
    return manifest


def manifest_of(
    *,
    file: str,
    format_: ExportFormat,
    made_at: datetime,
    written: Written,
    span: Span,
    outcome: Outcome,
    asked: Asked,
    previous: Kept | None,
) -> Manifest:
    """The manifest of an export that has just been written."""
    before = previous and {"manifest": previous.place.name, "sha256": previous.sha256}
    known: dict[str, Any] = {
        "manifest_version": MANIFEST_VERSION,
        "made_by": made_by(),
        "made_at": made_at,
        "file": file,
        "format": format_,
        "schemas": schemas(),
        "bytes": written.bytes,
        "sha256": written.sha256,
        "events": outcome.events,
        "first_position": outcome.first,
        "last_position": outcome.last,
        "epoch": span.epoch,
        "from": span.after,
        "from_hash": span.after_hash,
        "to": outcome.upto,
        "to_hash": outcome.upto_hash,
        "head": span.head,
        "head_hash": span.head_hash,
        "selection": {name: value for name, value in asked.said().items() if name != "after"},
        "previous": before,
    }
    return Manifest.model_validate(known)


def made_by() -> str:
    """This program and its version."""
    return f"regime-synapse {version('regime-synapse')}"


def schemas() -> dict[str, int]:
    """The version of each event type's payload that this program writes."""
    return {entry.name: entry.schema_version for entry in CATALOG.values()}


def manifest_place(file: Path) -> Path:
    """Where the manifest of an export is."""
    return file.with_name(f"{file.name}{MANIFEST_SUFFIX}")
