"""Every event type: its name, its stream, its refusals."""

from typing import Any

import orjson
import pytest
from pydantic import BaseModel, ValidationError

from events.catalog import (
    CATALOG,
    Channel,
    Payload,
    RegimeUpdate,
    SystemNotice,
    event_type,
    split_stream,
)
from events.errors import UnknownEventType
from tests.unit.events.builders import NOON, notice, price, regime


def test_every_entry_is_complete() -> None:
    for name, entry in CATALOG.items():
        assert entry.name == name
        assert entry.schema_version >= 1
        assert entry.entity_field is None or entry.entity_field in entry.model.model_fields
        assert entry.model.__doc__
    assert {entry.channel for entry in CATALOG.values()} == set(Channel)


def test_every_model_is_frozen_and_refuses_unknown_fields() -> None:
    for entry in CATALOG.values():
        assert entry.model.model_config["extra"] == "forbid"
        assert entry.model.model_config["frozen"]
        assert issubclass(entry.model, Payload)


@pytest.mark.parametrize(
    ("payload", "name", "stream"),
    [
        (price("SPX"), "price_update", "prices:SPX"),
        (regime("NDX"), "regime_update", "regime:NDX"),
        (notice(), "system_notice", "system:synapse"),
    ],
)
def test_a_payload_decides_type_and_stream(payload: Payload, name: str, stream: str) -> None:
    entry = event_type(payload)
    assert entry is CATALOG[name]
    assert entry.stream_of(payload) == stream


def test_a_class_that_is_not_listed_is_unknown() -> None:
    class Rumour(Payload):
        pass

    with pytest.raises(UnknownEventType, match="Rumour") as caught:
        event_type(Rumour(timestamp=NOON))
    assert caught.value.name == "Rumour"


@pytest.mark.parametrize(
    ("stream", "parts"),
    [
        ("regime:SPX", ("regime", "SPX")),
        ("prices:X:BTC", ("prices", "X:BTC")),
        ("system", ("system", "")),
    ],
)
def test_a_stream_splits_at_its_first_colon(stream: str, parts: tuple[str, str]) -> None:
    assert split_stream(stream) == parts


def changed(model: BaseModel, **fields: Any) -> dict[str, Any]:
    return model.model_dump() | fields


def test_probabilities_name_all_four_regimes_and_sum_to_1() -> None:
    for wrong, problem in (
        ({"BULL": 1.0}, "missing"),
        ({"BULL": 0.5, "BEAR": 0.1, "CRASH": 0.1, "SIDEWAYS": 0.1}, "sum to 1"),
    ):
        raw = regime().model_dump(mode="json") | {"probabilities": wrong}
        with pytest.raises(ValidationError, match=problem):
            RegimeUpdate.model_validate_json(orjson.dumps(raw))


def test_probabilities_are_kept_in_one_order() -> None:
    raw = regime().model_dump(mode="json")
    raw["probabilities"] = dict(reversed(raw["probabilities"].items()))
    assert RegimeUpdate.model_validate_json(orjson.dumps(raw)).model_dump_json() == (
        regime().model_dump_json()
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_details_that_are_no_json_are_refused(value: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        SystemNotice.model_validate(changed(notice(), details={"deep": [{"x": value}]}))


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValidationError, match="offset"):
        SystemNotice.model_validate(changed(notice(), timestamp="2026-01-16T12:00:00"))
