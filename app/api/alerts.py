"""`POST /api/alerts/{alert_id}/acknowledge`: somebody has seen an alert; that is an event."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Depends

from app.api.alert_rules import NOT_FOUND
from app.api.auth import require_write
from app.api.idempotency import Endpoint, IdempotencyKey, keyed
from app.api.problems import PROBLEM_RESPONSES, ApiProblem
from app.api.services import Services, ServicesDep
from app.market.commands import AcknowledgeAlert
from app.market.decide_orders import acknowledgement_id
from app.stream.faults import FewFaults
from events.catalog import Record
from events.codec import payload_fields
from events.envelope import RecordedEvent
from events.scalars import Label, Symbol, Text, parse_time

router = APIRouter(
    prefix="/api/alerts",
    tags=["alerts"],
    dependencies=[Depends(require_write)],
    responses=PROBLEM_RESPONSES | NOT_FOUND,
)

ALERT_TYPE: Final = "price_alert"


@dataclass(frozen=True, slots=True)
class _Alert:
    alert_id: str
    symbol: str
    at: datetime


class AcknowledgeIn(Record):
    """Who has seen it, and what there is to say; both may be left out."""

    by: Label | None = None
    note: Text | None = None


class AcknowledgedOut(Record):
    """The acknowledgement as it is recorded: the first one of this `alert_id`, whoever asks."""

    alert_id: Label
    symbol: Symbol
    by: Label | None
    note: Text | None
    position: int


@router.post("/{alert_id}/acknowledge")
async def acknowledge_alert(
    services: ServicesDep,
    alert_id: Label,
    body: FewFaults[AcknowledgeIn] | None = None,
    idempotency_key: IdempotencyKey = None,
) -> AcknowledgedOut:
    """Acknowledge an alert. Once is enough: the second time answers the first and records nothing."""
    alert = await _alert(services, alert_id)
    said = body or AcknowledgeIn()
    command = AcknowledgeAlert(alert.alert_id, alert.symbol, alert.at, said.by, said.note)
    request = alert.alert_id + said.model_dump_json()
    with keyed(Endpoint.ACKNOWLEDGED, idempotency_key, request) as key:
        await services.ingest.execute(command, key)
    recorded = await _found(services, acknowledgement_id(alert.alert_id))
    assert recorded is not None
    details = payload_fields(recorded)["details"]
    return AcknowledgedOut(
        alert_id=alert.alert_id,
        # Not the alert's: the first acknowledgement may be of another alert that was given the same id.
        symbol=details["symbol"],
        by=details["by"],
        note=details["note"],
        position=recorded.position,
    )


async def _alert(services: Services, alert_id: str) -> _Alert:
    """The alert that an id names: its event's, or, of a hand-made one, one acknowledged or of the newest.

    Raises:
        ApiProblem: 404, `unknown_alert`.
    """
    event_id = _uuid(alert_id)
    if event_id is not None:
        found = await _found(services, event_id)
        if found is not None and found.type == ALERT_TYPE:
            alert = payload_fields(found)
            return _Alert(alert["alert_id"], alert["symbol"], found.occurred_at)
    if acknowledged := await _found(services, acknowledgement_id(alert_id)):
        symbol = payload_fields(acknowledged)["details"]["symbol"]
        return _Alert(alert_id, symbol, acknowledged.occurred_at)
    for newest in (await services.live_state.now())["alerts"]:
        if newest["alert_id"] == alert_id:
            return _Alert(alert_id, newest["symbol"], parse_time(newest["timestamp"]))
    raise ApiProblem(404, "unknown_alert", f"there is no alert {alert_id!r}")


async def _found(services: Services, event_id: UUID) -> RecordedEvent | None:
    return (await services.log.store.find([event_id])).get(event_id)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
