"""Selections against a brute-force model: a set of streams is what it holds."""

from hypothesis import given
from hypothesis import strategies as st

from events.catalog import SYMBOL_CHANNELS, Channel
from events.selection import EMPTY_SELECTION, EVERYTHING, NOTHING, EntitySet, Selection

NAMES = ["A", "B", "C", "D"]
# "~" stands for every entity that no set names.
ENTITIES = [*NAMES, "~"]
CHANNELS = [Channel.REGIME, Channel.PRICES, Channel.PORTFOLIO]
STREAMS = [f"{channel}:{entity}" for channel in CHANNELS for entity in ENTITIES]

entity_sets = st.builds(EntitySet, st.frozensets(st.sampled_from(NAMES)), st.booleans())
subscribes = st.builds(
    Selection.of,
    st.lists(st.sampled_from(CHANNELS), min_size=1),
    st.none() | st.lists(st.sampled_from(NAMES), min_size=1),
)


def combined(left: Selection, right: Selection, union: bool) -> Selection:
    return left.union(right) if union else left.minus(right)


selections = st.recursive(
    subscribes | st.just(EMPTY_SELECTION),
    lambda inner: st.builds(combined, inner, inner, st.booleans()),
    max_leaves=8,
)


def held(entities: EntitySet) -> set[str]:
    return {name for name in ENTITIES if name in entities}


def streams(selection: Selection) -> set[str]:
    return {stream for stream in STREAMS if selection.matches(stream)}


@given(entity_sets, entity_sets)
def test_entity_sets_are_sets(left: EntitySet, right: EntitySet) -> None:
    assert held(left.union(right)) == held(left) | held(right)
    assert held(left.minus(right)) == held(left) - held(right)
    assert held(left.inverse()) == set(ENTITIES) - held(left)
    assert bool(left) == bool(held(left))


@given(selections, selections)
def test_selections_are_sets(left: Selection, right: Selection) -> None:
    assert streams(left.union(right)) == streams(left) | streams(right)
    assert streams(left.minus(right)) == streams(left) - streams(right)
    assert bool(left) == bool(streams(left))


@given(selections, selections)
def test_what_is_added_was_not_held_before(left: Selection, right: Selection) -> None:
    added = right.minus(left)
    assert not streams(added) & streams(left)
    assert streams(added.union(left)) == streams(left) | streams(right)
    assert not right.minus(left.union(right))


@given(st.lists(st.sampled_from(CHANNELS), min_size=1), st.lists(st.sampled_from(NAMES)))
def test_symbols_narrow_only_the_channels_whose_entity_is_a_symbol(
    channels: list[Channel], symbols: list[str]
) -> None:
    expected = {
        stream
        for stream in STREAMS
        for channel, entity in [stream.split(":")]
        if channel in channels and (channel not in SYMBOL_CHANNELS or entity in symbols)
    }
    assert streams(Selection.of(channels, symbols)) == expected


def test_nothing_and_everything() -> None:
    assert held(NOTHING) == set()
    assert held(EVERYTHING) == set(ENTITIES)
    assert not EMPTY_SELECTION
    assert not EMPTY_SELECTION.matches("regime:A")


def test_an_entity_may_hold_a_colon() -> None:
    assert Selection.of([Channel.PRICES], ["X:BTC"]).matches("prices:X:BTC")
