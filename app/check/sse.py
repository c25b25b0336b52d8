"""Server-Sent Events: the lines of a stream as blocks, and what a block must say beside its data. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

PAST: Final = {"caught_up": "position", "heartbeat": "head"}
"""Control messages up to whose position everything was sent, and the field that says it."""


class Block(NamedTuple):
    """One block of a stream that has data."""

    data: str
    event: str | None
    id: str | None


class Blocks:
    """Makes blocks of the text as it comes. Lines end at a line feed, with or without a carriage return."""

    def __init__(self) -> None:
        self._rest = ""
        self._fields: dict[str, list[str]] = {}

    def take(self, text: str) -> Iterator[Block]:
        """The blocks that are whole by now."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            name, _, value = line.removesuffix("\r").partition(":")
            if name:
                self._fields.setdefault(name, []).append(value.removeprefix(" "))
            elif line in {"", "\r"}:
                fields, self._fields = self._fields, {}
                if "data" in fields:
                    event, id_ = (fields.get(name, [None])[-1] for name in ("event", "id"))
                    yield Block("\n".join(fields["data"]), event, id_)


def block_faults(block: Block, message: Mapping[str, Any], epoch: str) -> Iterator[str]:
    """What is wrong with what a block says about the message in it.

    A browser comes back with the last id that it got: a wrong one loses events, or brings them again.
    """
    kind = message.get("type")
    if block.event != kind:
        yield f"a {kind} in a block of the event {block.event}"
    payload = message.get("payload")
    place = message.get("position")
    if place is None and kind in PAST and isinstance(payload, Mapping):
        place = payload.get(PAST[kind])
    if place is None:
        return
    if block.id is None:
        if "position" in message:
            yield f"position {place} without an id"
    elif block.id != f"{epoch}:{place}":
        yield f"the id {block.id[:100]!r} on what is {epoch}:{place}"
