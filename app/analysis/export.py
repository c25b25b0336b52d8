"""The formats that the log is given away in: what each is called, and how a page of it becomes bytes.

An encoder holds what one page made it hold, one of arrow or parquet a batch or a row group more; never the
whole answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, Final, Protocol, TypeVar

import orjson

from events.errors import EventError
from events.messages import EventText

EXTRA: Final = "export"
"""The extra that arrow and parquet need."""

KEY_PREFIX: Final = "synapse."
"""What the names of our entries in a file's own metadata begin with."""

Page_contra = TypeVar("Page_contra", contravariant=True)


class ExportFormat(StrEnum):
    """A format of the log."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"
    CLOUDEVENTS = "cloudevents"


MEDIA_TYPES: Final[Mapping[ExportFormat, str]] = {
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.CSV: "text/csv; charset=utf-8; header=present",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
    ExportFormat.ARROW: "application/vnd.apache.arrow.file",
    ExportFormat.CLOUDEVENTS: "application/cloudevents-batch+json",
}


TABLES: Final = frozenset({ExportFormat.PARQUET, ExportFormat.ARROW})
"""The formats that are read and written with pyarrow."""


class FormatUnavailable(EventError):
    """A format whose packages are not installed."""

    code = "format_unavailable"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an export comes from; in the file itself, where its format has room for it.

    How far the log went then is no part of it: the same part of a log is the same file, however far the log has grown.

    Attributes:
        epoch: the log's lifetime.
        upto: `to`, the position up to which it holds all that matches; None where a limit may end it before.
        selection: what was chosen between `from` and `to`, by the names of the query.
        after: `from`, the position after which it begins.
    """

    epoch: str
    upto: int | None
    selection: Mapping[str, Any]
    after: int = 0

    def metadata(self) -> dict[str, str]:
        """The same, as a file's own metadata has it."""
        known = {"epoch": self.epoch, "from": str(self.after)}
        if self.upto is not None:
            known["to"] = str(self.upto)
        known["selection"] = orjson.dumps(self.selection).decode()
        return {f"{KEY_PREFIX}{name}": value for name, value in known.items()}


class Encoder(Protocol[Page_contra]):
    """Makes the bytes of one export; any of the three may give none yet."""

    def begin(self) -> bytes:
        """What stands before the first event."""

    def page(self, page: Page_contra, /) -> bytes:
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


def encoder_of(format_: ExportFormat, provenance: Provenance) -> Encoder[Any]:
    """A new encoder of any format but ndjson.

    That of cloudevents takes events, the others take pages column by column.

    Raises:
        FormatUnavailable: the packages of its extra are not installed.
    """
    encoder: Encoder[Any] = module_of(format_).encoder(provenance)
    return encoder


def module_of(format_: ExportFormat) -> Any:
    """The module of any format but ndjson, imported when it is asked for first.

    Raises:
        FormatUnavailable: the packages of its extra are not installed.
    """
    try:
        return import_module(f"app.analysis.export_{format_.value}")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"", "app"}:
            raise
        raise FormatUnavailable(
            f"format={format_.value} needs {package}, which is not installed here: "
            f"pip install 'regime-synapse[{EXTRA}]'"
        ) from error
