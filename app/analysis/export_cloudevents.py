"""The log as CloudEvents 1.0: one batch in the JSON format, with one event a line.

https://github.com/cloudevents/spec: what an attribute may be called (lower case letters and digits, at most 20
of them) and what it may hold. An Integer there has 32 bits, so positions and versions, which may have more, are
Strings. `sequence`, `recordedtime`, `correlationid` and `causationid` are documented extensions of the
specification's own; `sequence` is the position, padded so that it sorts as a text.
"""

from collections.abc import Sequence
from typing import Final

import orjson

from app.analysis.export import Provenance
from events.catalog import CATALOG
from events.codec import is_current, rewritten
from events.envelope import RecordedEvent
from events.scalars import format_micros

SOURCE_PREFIX: Final = "urn:synapse:"
"""`source` is this and the log's epoch: an event's id is unique within one lifetime of a log."""

TYPE_PREFIX: Final = "synapse."
"""`type` is this, the event's type, and the version of its payload's schema: `synapse.regime_update.v1`."""

SEQUENCE_DIGITS: Final = 16
"""Of `sequence`: all digits of the largest position that JSON readers keep exact."""


def payload_of(event: RecordedEvent) -> tuple[str, int]:
    """The payload's text at the present schema, and that schema's version; as stored where only a newer program knows."""
    if not is_current(event):
        text = rewritten(event)
        if text is not None:
            return text, CATALOG[event.type].schema_version
    return event.payload_json, event.schema_version


class CloudEventsEncoder:
    """Writes an array, an event a line."""

    def __init__(self, provenance: Provenance) -> None:
        source = f"{SOURCE_PREFIX}{provenance.epoch}"
        self._source = orjson.dumps(source).decode()
        self._epoch = orjson.dumps(provenance.epoch).decode()
        self._between = "\n"

    def begin(self) -> bytes:
        """The array's beginning."""
        return b"["

    def page(self, events: Sequence[RecordedEvent]) -> bytes:
        """The lines of these events."""
        text = self._between + ",\n".join([self.text_of(event) for event in events])
        self._between = ",\n"
        return text.encode()

    def end(self) -> bytes:
        """The array's end. Without it the file is no JSON."""
        return b"\n]\n"

    def text_of(self, event: RecordedEvent) -> str:
        """One event, in the JSON event format."""
        data, schema_version = payload_of(event)
        cause = f',"causationid":"{event.causation_id}"' if event.causation_id else ""
        return (
            f'{{"specversion":"1.0","id":"{event.event_id}","source":{self._source},'
            f'"type":"{TYPE_PREFIX}{event.type}.v{schema_version}",'
            f'"subject":{orjson.dumps(event.entity).decode()},'
            f'"time":"{format_micros(event.occurred_at_us)}","datacontenttype":"application/json",'
            f'"sequence":"{event.position:0{SEQUENCE_DIGITS}d}","position":"{event.position}",'
            f'"epoch":{self._epoch},"channel":"{event.channel}",'
            f'"stream":{orjson.dumps(event.stream).decode()},"streamversion":"{event.version}",'
            f'"recordedtime":"{format_micros(event.recorded_at_us)}","origin":"{event.source}",'
            f'"correlationid":"{event.correlation_id}"{cause},"data":{data}}}'
        )


def encoder(provenance: Provenance) -> CloudEventsEncoder:
    """A new encoder."""
    return CloudEventsEncoder(provenance)
