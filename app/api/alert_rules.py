"""`/api/alert-rules`: the alert rules in force; setting and removing one is an event."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from app.api.auth import require_write
from app.api.idempotency import Endpoint, IdempotencyKey, keyed
from app.api.problems import PROBLEM_RESPONSES, ApiProblem, ProblemDetails
from app.api.services import Services, ServicesDep
from app.market.alerts.rules import NEVER_FIRES, AlertRule
from app.market.commands import RemoveAlertRule, SetAlertRule
from app.market.decide_orders import UnknownRule
from app.stream.faults import FewFaults
from app.stream.protocol import Problem
from events.catalog import Record
from events.clock import uuid7
from events.scalars import Label

NOT_FOUND: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": ProblemDetails, "description": HTTPStatus.NOT_FOUND.phrase}
}


class RuleRoute(APIRoute):
    """Answers a rule that could never fire with a code of its own."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler, with that one refusal told apart."""
        usual = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await usual(request)
            except RequestValidationError as error:
                raise _never_fires(error) or error from None

        return handle


def _never_fires(error: RequestValidationError) -> ApiProblem | None:
    """The problem of a rule that could never fire, if that is all that is wrong with it."""
    faults = error.errors()
    if any(fault["type"] != NEVER_FIRES for fault in faults):
        return None
    problems = [Problem(path=str(fault["loc"][-1]), problem=fault["msg"]) for fault in faults]
    said = "; ".join(f"{problem.path} {problem.problem}" for problem in problems)
    return ApiProblem(422, NEVER_FIRES, f"this rule could never do its work: {said}", problems)


router = APIRouter(
    prefix="/api/alert-rules",
    tags=["alerts"],
    responses=PROBLEM_RESPONSES,
    route_class=RuleRoute,
)


class RuleOut(AlertRule):
    """A rule in force; `built_in` where nobody set it."""

    built_in: bool


class RulesOut(Record):
    """Every rule in force."""

    rules: list[RuleOut]


class RuleSetOut(Record):
    """A rule that was set, and the position of the event that says so."""

    rule: RuleOut
    position: int


class RuleRemovedOut(Record):
    """A rule that was removed, and the position of the event that says so."""

    rule_id: Label
    position: int


@router.get("")
async def get_alert_rules(services: ServicesDep) -> RulesOut:
    """The rules in force, those that were set by others a moment ago among them."""
    await services.ingest.catch_up()
    rules = services.ingest.state.rules.by_id.values()
    return RulesOut(rules=[_shown(services, rule) for rule in rules])


@router.post("", dependencies=[Depends(require_write)])
async def post_alert_rule(
    services: ServicesDep, body: FewFaults[AlertRule], idempotency_key: IdempotencyKey = None
) -> RuleSetOut:
    """Set a rule, or replace the one with its id; from the next price on it is looked at."""
    with keyed(Endpoint.RULE_SET, idempotency_key, body.model_dump_json()) as key:
        done = await services.ingest.execute(SetAlertRule(body, uuid7()), key)
    assert done.positions is not None
    return RuleSetOut(rule=_shown(services, body), position=done.positions[0])


@router.delete("/{rule_id}", dependencies=[Depends(require_write)], responses=NOT_FOUND)
async def delete_alert_rule(
    services: ServicesDep, rule_id: Label, idempotency_key: IdempotencyKey = None
) -> RuleRemovedOut:
    """Remove a rule, a built-in one too; what it remembered is forgotten."""
    try:
        with keyed(Endpoint.RULE_REMOVED, idempotency_key, rule_id) as key:
            done = await services.ingest.execute(RemoveAlertRule(rule_id, uuid7()), key)
    except UnknownRule as error:
        raise ApiProblem(404, error.code, str(error)) from None
    assert done.positions is not None
    return RuleRemovedOut(rule_id=rule_id, position=done.positions[0])


def _shown(services: Services, rule: AlertRule) -> RuleOut:
    return RuleOut(**dict(rule), built_in=rule in services.ingest.state.setup.rules)
