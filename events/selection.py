"""Which streams a reader wants: channels, each with some of its entities or with all but some.

Finite and co-finite sets are closed under union and difference, so what a connection holds and what a new
subscribe adds to it are always one `Selection` each, and nothing is sent twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from events.catalog import SYMBOL_CHANNELS, split_stream


@dataclass(frozen=True, slots=True)
class EntitySet:
    """Some entities (`EntitySet({"SPX"})`), or all but some (`all_but=True`)."""

    names: frozenset[str] = frozenset()
    all_but: bool = False

    def __contains__(self, name: str) -> bool:
        return (name in self.names) != self.all_but

    def __bool__(self) -> bool:
        return self.all_but or bool(self.names)

    def inverse(self) -> "EntitySet":
        """Everything that is not in this set."""
        return EntitySet(self.names, not self.all_but)

    def union(self, other: "EntitySet") -> "EntitySet":
        """Everything that is in either set."""
        if self.all_but and other.all_but:
            return EntitySet(self.names & other.names, all_but=True)
        if self.all_but:
            return EntitySet(self.names - other.names, all_but=True)
        if other.all_but:
            return EntitySet(other.names - self.names, all_but=True)
        return EntitySet(self.names | other.names)

    def minus(self, other: "EntitySet") -> "EntitySet":
        """Everything that is in this set and not in the other."""
        return self.inverse().union(other).inverse()


NOTHING = EntitySet()
EVERYTHING = EntitySet(all_but=True)


@dataclass(frozen=True, slots=True)
class Selection:
    """A set of streams, as channels with their entities."""

    channels: Mapping[str, EntitySet]

    def __hash__(self) -> int:
        return hash(frozenset(self.channels.items()))

    @classmethod
    def of(cls, channels: Iterable[str], symbols: Iterable[str] | None = None) -> "Selection":
        """The selection of a subscribe; `symbols` narrows only the channels whose entity is a symbol."""
        chosen = EVERYTHING if symbols is None else EntitySet(frozenset(symbols))
        return cls(
            {str(name): chosen if name in SYMBOL_CHANNELS else EVERYTHING for name in channels}
        )

    def __bool__(self) -> bool:
        return any(self.channels.values())

    def matches(self, stream: str) -> bool:
        """Whether a stream such as `regime:SPX` is in the selection."""
        channel, entity = split_stream(stream)
        return entity in self.channels.get(channel, NOTHING)

    def union(self, other: "Selection") -> "Selection":
        """Everything that either selection names."""
        merged = dict(self.channels)
        for channel, entities in other.channels.items():
            merged[channel] = merged.get(channel, NOTHING).union(entities)
        return Selection(merged)

    def minus(self, other: "Selection") -> "Selection":
        """What this selection names and the other does not."""
        left = {
            channel: entities.minus(other.channels.get(channel, NOTHING))
            for channel, entities in self.channels.items()
        }
        return Selection({channel: entities for channel, entities in left.items() if entities})


EMPTY_SELECTION = Selection({})
