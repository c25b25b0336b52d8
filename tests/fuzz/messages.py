"""What clients say, as strategies: valid messages of both sockets, near misses of them, and anything at all."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from typing import Any, Final

from hypothesis import strategies as st

from events.catalog import Channel

Json = dict[str, Any]

OFFSETS: Final = st.sampled_from(["Z", "z", "+00:00", "-05:30", "+14:00"])
TIMES: Final = st.builds(
    lambda at, offset: at.isoformat() + offset,
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)),
    OFFSETS,
)
POSITIONS: Final = st.integers(0, 2**53 - 1) | st.integers(0, 60)
CHANNELS: Final = st.lists(st.sampled_from([one.value for one in Channel]), min_size=1, max_size=6)
SYMBOLS: Final = st.lists(
    st.sampled_from(["A", "B", "SPX", "^GSPC", "BTC/USDT", "x" * 32]), min_size=1, max_size=4
)
SPEEDS: Final = (
    st.floats(1, 1e6)
    | st.just("max")
    | st.fixed_dictionaries({"events_per_s": st.floats(0.001, 1e6)})
)
EPOCHS: Final = st.none() | st.text(max_size=64)

HISTORIES: Final = (
    st.fixed_dictionaries({"last": st.integers(1, 10_000)})
    | st.fixed_dictionaries({"after": POSITIONS})
    | st.fixed_dictionaries({"since": TIMES})
    | st.sampled_from(["all", "none"])
)
_CHOSEN: Final = {"channels": CHANNELS}
_NAMED: Final = {"symbols": st.none() | SYMBOLS}
_NOTHING: Final = st.just(Json())

STREAM_PAYLOADS: Final[dict[str, st.SearchStrategy[Json]]] = {
    "subscribe": st.fixed_dictionaries(
        _CHOSEN,
        optional={
            **_NAMED,
            "history": HISTORIES,
            "epoch": EPOCHS,
            "user_id": st.none() | st.text(max_size=128),
            "delivery": st.sampled_from(["every", "latest"]),
        },
    ),
    "unsubscribe": st.fixed_dictionaries(_CHOSEN, optional=_NAMED),
    "ping": _NOTHING,
    "authenticate": st.fixed_dictionaries({"token": st.text(min_size=1, max_size=99)}),
}
BOUNDS: Final[tuple[Json, ...]] = (
    {},
    {"after": 3},
    {"after": 3, "before": 9},
    {"since": "2026-01-16T12:00:07Z"},
)
REPLAY_PAYLOADS: Final[dict[str, st.SearchStrategy[Json]]] = {
    "replay_start": st.builds(
        lambda payload, bounds: {**payload, **bounds},
        st.fixed_dictionaries(_CHOSEN, optional={**_NAMED, "epoch": EPOCHS, "speed": SPEEDS}),
        st.sampled_from(BOUNDS),
    ),
    "replay_pause": _NOTHING,
    "replay_resume": _NOTHING,
    "replay_seek": st.fixed_dictionaries({"position": POSITIONS})
    | st.fixed_dictionaries({"time": TIMES}),
    "replay_speed": st.fixed_dictionaries({"speed": SPEEDS}),
    "replay_step": st.fixed_dictionaries({}, optional={"events": st.integers(1, 10_000)}),
    "replay_next_shift": _NOTHING,
    "replay_previous_shift": _NOTHING,
    "ping": _NOTHING,
    "authenticate": STREAM_PAYLOADS["authenticate"],
}

ANY_JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2026-01-16T12:00:00Z", "SPX", "all", 2**53, -1, 1e400, "\x00", "\ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def messages(payloads: dict[str, st.SearchStrategy[Json]]) -> st.SearchStrategy[Json]:
    """Valid messages of one socket."""

    def of(kind: str) -> st.SearchStrategy[Json]:
        return st.fixed_dictionaries(
            {
                "msg_id": st.text(min_size=1, max_size=128),
                "type": st.just(kind),
                "payload": payloads[kind],
                "direction": st.just("c2s"),
                "timestamp": TIMES,
            }
        )

    return st.sampled_from(sorted(payloads)).flatmap(of)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            found += _places(one, (*path, key))
    return found


@st.composite
def near_misses(draw: Callable[..., Any], valid: st.SearchStrategy[Json]) -> str:
    """A valid message with one to three things changed, in what it says or in its text."""
    message: Any = deepcopy(draw(valid))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_places(message)))
        message = _changed(message, path, draw)
    text = json.dumps(message)
    if draw(st.booleans()):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.text(max_size=3)) + text[at + draw(st.integers(0, 3)) :]
    return text


def _changed(message: Any, path: tuple[Any, ...], draw: Callable[..., Any]) -> Any:
    if not path:
        as_it_was = isinstance(message, dict) and draw(st.integers(0, 9)) > 0
        return {**message, "more": 1} if as_it_was else draw(ANY_JSON)
    *way, last = path
    place = message
    for key in way:
        place = place[key]
    what = draw(st.sampled_from(["drop", "other", "twice", "wrap"]))
    if what == "drop":
        del place[last]
    elif what == "other":
        place[last] = draw(ANY_JSON)
    elif what == "wrap":
        place[last] = [place[last]]
    elif isinstance(place, dict):
        place[draw(st.text(max_size=9))] = place[last]
    else:
        place.append(place[last])
    return message


def anything(payloads: dict[str, st.SearchStrategy[Json]]) -> st.SearchStrategy[str | bytes]:
    """Whatever may come: valid, nearly valid, other JSON, other text, other bytes."""
    valid = messages(payloads)
    return (
        valid.map(json.dumps)
        | near_misses(valid)
        | valid.map(lambda one: json.dumps(one).encode())
        | ANY_JSON.map(json.dumps)
        | st.text()
        | st.binary()
    )
