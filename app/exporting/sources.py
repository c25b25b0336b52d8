"""Where exports are taken from: a log that is read here, or a server's (`app.exporting.remote`)."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Protocol

from app.analysis.export import ExportFormat
from app.exporting.asked import Asked, NotTheSameLog, Span
from app.exporting.engine import Export, begin_export, hash_at
from app.exporting.manifest import Manifest, Outcome
from events.catalog import SYMBOL_CHANNELS, split_stream
from events.errors import InvalidEvent
from events.store import EventStore

SYMBOLS_SHOWN_MAX: Final = 20
"""Known symbols that an error names."""


class UnknownSymbol(InvalidEvent):
    """A symbol that the log does not have."""

    code = "unknown_symbol"


class Download(Protocol):
    """One export on its way."""

    @property
    def span(self) -> Span:
        """Which part of the log it goes through."""

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Its bytes."""

    def position(self) -> int | None:
        """How far it has come; None where that is not known."""

    async def outcome(self, file: Path | None) -> Outcome:
        """What it has come to; `file` is where its bytes are, if they are in one."""


class Source(Protocol):
    """A log to export from."""

    def begin(self, format_: ExportFormat, asked: Asked) -> AbstractAsyncContextManager[Download]:
        """Begin an export; it ends with the context. Raises as `begin_export` does."""

    async def epoch_and_head(self) -> tuple[str, int]:
        """The log's lifetime, and its last position."""

    async def hash_at(self, position: int) -> str | None:
        """The chain's hash at a position that there is; None where it is not told."""

    async def symbols(self) -> Sequence[str]:
        """The symbols that the log has, sorted."""


class StoreSource:
    """A log that is read here."""

    def __init__(self, store: EventStore) -> None:
        """`store` is closed by whoever opened it."""
        self._store = store

    @asynccontextmanager
    async def begin(self, format_: ExportFormat, asked: Asked) -> AsyncGenerator[Download, None]:
        """See `Source`."""
        yield StoreDownload(self._store, await begin_export(self._store, format_, asked))

    async def epoch_and_head(self) -> tuple[str, int]:
        """See `Source`."""
        head = await self._store.head()
        return head.epoch, head.position

    async def hash_at(self, position: int) -> str:
        """See `Source`."""
        return await hash_at(self._store, await self._store.head(), position)

    async def symbols(self) -> Sequence[str]:
        """See `Source`."""
        streams = map(split_stream, await self._store.streams())
        return sorted({entity for channel, entity in streams if channel in SYMBOL_CHANNELS})


class StoreDownload:
    """An export of a log that is read here; see `Download`."""

    def __init__(self, store: EventStore, export: Export) -> None:
        self._store = store
        self._export = export
        self.span = export.span

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """See `Download`."""
        return self._export.chunks()

    def position(self) -> int | None:
        """See `Download`."""
        return self._export.counted.last

    async def outcome(self, file: Path | None) -> Outcome:  # noqa: ARG002  # it has counted itself
        """See `Download`."""
        counted, upto = self._export.counted, self._export.reached()
        upto_hash = await hash_at(self._store, await self._store.head(), upto)
        return Outcome(counted.events, counted.first, counted.last, upto, upto_hash)


async def refuse_unknown(source: Source, symbols: Sequence[str]) -> None:
    """Make sure that the log has these symbols.

    Raises:
        UnknownSymbol: it has not; those that it has are named.
    """
    known = await source.symbols()
    unknown = sorted(set(symbols) - set(known))
    if not unknown:
        return
    if not known:
        raise UnknownSymbol(f"no {unknown[0]} here: this log has no symbol yet")
    more = len(known) - SYMBOLS_SHOWN_MAX
    shown = ", ".join(known[:SYMBOLS_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")
    close = get_close_matches(unknown[0].upper(), known, 1)
    meant = f"; did you mean {close[0]}?" if close else ""
    raise UnknownSymbol(f"no {unknown[0]} in this log: it has {shown}{meant}")


async def differences(source: Source, manifest: Manifest) -> list[str]:
    """What says that a log is not the one that an export was made of; nothing where it is.

    An export that tells no hashes is held against the lifetime and the positions alone.
    """
    epoch, head = await source.epoch_and_head()
    if epoch != manifest.epoch:
        return [f"the log is in lifetime {epoch}, the export is of {manifest.epoch}"]
    if manifest.to > head:
        return [f"the log ends before position {manifest.to}, where the export ends"]
    if manifest.head > head:
        return [f"the log ends before position {manifest.head}, its head then"]
    for position, told, whose in (
        (manifest.to, manifest.to_hash, "the export's is"),
        (manifest.start, manifest.from_hash, "the export's is"),
        (manifest.head, manifest.head_hash, "its head then was"),
    ):
        found = None if told is None else await source.hash_at(position)
        if told is not None and found is None:
            return [f"the hash at position {position} is told only to a token for all channels"]
        if found != told:
            return [f"at position {position} the log's hash is {found}, {whose} {told}"]
    return []


async def refuse_another(source: Source, manifest: Manifest) -> None:
    """Make sure that an export can go on from here.

    Raises:
        NotTheSameLog: it was made of another log, or of another lifetime of it.
    """
    found = await differences(source, manifest)
    if found:
        raise NotTheSameLog(f"this is not the log that the export was made of: {found[0]}")
