"""The formats that the log is given away in: what each is called, and how a page of it becomes bytes.

An encoder holds what one page made it hold, and a parquet one a row group more; never the whole answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, Final, Protocol, TypeVar

from events.envelope import RecordedEvent
from events.messages import EventText

EXTRA: Final = "export"
"""The extra that parquet needs."""

Item_contra = TypeVar("Item_contra", contravariant=True)


class ExportFormat(StrEnum):
    """A format of the log."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


MEDIA_TYPES: Final[Mapping[ExportFormat, str]] = {
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.CSV: "text/csv; charset=utf-8; header=present",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}


class FormatUnavailable(Exception):
    """A format whose packages are not installed."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an export comes from; in the file itself, where its format has room for it.

    Attributes:
        epoch: the log's lifetime.
        head: the log's last position when the export began; it goes no further.
        selection: what was asked for, by the names of the query.
    """

    epoch: str
    head: int
    selection: Mapping[str, Any]


class Encoder(Protocol[Item_contra]):
    """Makes the bytes of one export; any of the three may give none yet."""

    def begin(self) -> bytes:
        """What stands before the first event."""

    def page(self, events: Sequence[Item_contra]) -> bytes:
        """What is ready once these events are there, too."""

    def end(self) -> bytes:
        """The rest. Only with it is the export whole."""


class NdjsonEncoder:
    """The messages of the socket, one a line: their text is JSON, which holds no line's end."""

    def begin(self) -> bytes:
        """Nothing."""
        return b""

    def page(self, events: Sequence[EventText]) -> bytes:
        """A line for each."""
        return "".join([f"{event.text}\n" for event in events]).encode()

    def end(self) -> bytes:
        """Nothing."""
        return b""


def table_encoder(format_: ExportFormat, provenance: Provenance) -> Encoder[RecordedEvent]:
    """A new encoder of a tabular format. Its module is imported with the first of its kind.

    Raises:
        FormatUnavailable: the packages of its extra are not installed.
    """
    try:
        module = import_module(f"app.analysis.export_{format_.value}")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"", "app"}:
            raise
        raise FormatUnavailable(
            f"format={format_.value} needs {package}, which is not installed here: "
            f"pip install 'regime-synapse[{EXTRA}]'"
        ) from error
    encoder: Encoder[RecordedEvent] = module.encoder(provenance)
    return encoder
