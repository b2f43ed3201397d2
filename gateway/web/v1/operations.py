"""Handlers of ``/v1`` for bulk operations: start, describe, cancel, and list outcomes. One handler for each route."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import msgspec

from gateway.errors import (
    Fault,
    Forbidden,
    InstanceStateConflict,
    InvalidRequest,
    OperationNotFound,
    PayloadTooLarge,
    PreconditionRequired,
    Unsupported,
)
from gateway.model import jsontext
from gateway.model.audit import AuditAct
from gateway.model.bulk import ENDED, BulkOperation, BulkState, Change, ItemOutcome
from gateway.model.query import Filter
from gateway.model.values import Value, check_value
from gateway.operations import batch, placing
from gateway.operations.bulk import KIND, OperationStore, select_instances
from gateway.operations.write import write_unlocked
from gateway.port import Engine
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1.batch import outcome
from gateway.web.v1.context import RequestContext
from gateway.web.v1.query import CountBody, decode_filters, page_request

_PAGE = 500
"""Outcomes read from the store at a time."""
_SHOWN = 20
"""Instances whose engine requests a dry run shows; the requests of the others look the same."""
_COUNTED = 10_000
"""Instances that a dry run counts at most, since it is answered within one deadline."""


class OperationBody(CountBody, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of ``POST /v1/operations``: the filters of a query, and the change to each instance that it finds."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**CountBody.EXAMPLE, "modifications": {"amount": {"value": 5}}}

    modifications: dict[str, Value] = msgspec.field(default_factory=dict)
    deletions: list[str] = msgspec.field(default_factory=list)


class OperationShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An operation in an answer of ``/v1``; ``problems`` counts the failed items by error code."""

    id: str
    state: str
    done: int
    failed: int
    total: int
    eta_seconds: float | None
    problems: dict[str, int]
    problem: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class OutcomeShape(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the results: the outcome of one instance."""

    instance: str
    status: str
    problem: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decoder = msgspec.json.Decoder(OperationBody)


async def start_operation(context: RequestContext) -> Answer:
    """Answer ``POST /v1/operations`` with 202; the operation runs in the background."""
    body = await decode_filters(context, _decoder)
    change = Change(modifications=body.modifications, deletions=tuple(dict.fromkeys(body.deletions)))
    _check(context, body, change)
    wanted = page_request(context, body)
    for name in wanted.engines:
        _check_engine(context.services.gateway.engines[name])
    operation = BulkOperation(
        id=os.urandom(16).hex(),
        caller=context.caller.name,
        state="selecting",
        engines=msgspec.json.encode(wanted.engines),
        filter=msgspec.json.encode(wanted.filter),
        command=msgspec.json.encode(change),
    )
    operations = _operations(context)
    if context.services.gateway.is_dry_run:
        return await _dry_run(context, operation, change)
    counts = {"modifications": len(change.modifications), "deletions": len(change.deletions)}
    begun = _act(context, operation.id, "begin", {"engines": wanted.engines, **counts})
    await write_unlocked(context.call, lambda: operations.create(operation, [begun]))
    await _defer(context, operation)
    location = ("Location", f"/v1/operations/{operation.id}")
    return json_answer(_shape(operation), status=202, headers=(location,))


def _check(context: RequestContext, body: OperationBody, change: Change) -> None:
    """Refuse what would only fail later, once for each instance.

    Raises:
        Forbidden: the caller does not see every variable.
        InvalidRequest: no change, or no filter; PayloadTooLarge: too many names; ValueInvalid: a value is wrong.
    """
    if context.caller.limited:
        raise Forbidden("A caller with masks or name limits cannot begin operations.")
    if not (change.modifications or change.deletions):
        raise InvalidRequest("Give modifications or deletions.", errors=(Fault("", "nothing to do"),))
    if not any(getattr(body, name) not in (None, False) for name in Filter.__struct_fields__):
        detail = "An operation needs at least one filter: it would change every instance there is."
        raise InvalidRequest(detail, errors=(Fault("", "no filter"),))
    if len(change.modifications) + len(change.deletions) > context.services.limits.max_names:
        raise PayloadTooLarge(f"A patch has at most {context.services.limits.max_names} names.")
    for name, value in change.modifications.items():
        if value.type != "Date":  # it may be in the pattern of an engine, which only its adapter knows
            _ = check_value(value, f"/modifications/{jsontext.escape(name)}")


def _check_engine(engine: Engine) -> None:
    if engine.credentials.kind == "forward":
        detail = f"{engine.name} is sent the caller's own credentials, which are not there in the background."
        raise Unsupported(detail, engine=engine.name)
    if engine.policy.require_if_match:
        detail = f"{engine.name} takes writes only with If-Match, which an operation cannot give; use a batch."
        raise PreconditionRequired(detail, engine=engine.name)


async def _dry_run(context: RequestContext, operation: BulkOperation, change: Change) -> Answer:
    """Answer with the outcomes of the first instances and the number of all; the query runs, but nothing is stored."""
    gateway, call = context.services.gateway, context.call
    found: dict[str, None] = {}
    more = False
    async for instances in select_instances(gateway, operation, lambda: call):
        found |= dict.fromkeys(instances)
        if more := len(found) > _COUNTED:
            break
    first = list(found)[:_SHOWN]
    done = await batch.patch_items(
        gateway,
        [batch.Item(instance=each, modifications=change.modifications, deletions=change.deletions) for each in first],
        [placing.parse_canonical(gateway, each) for each in first],
        call,
        atomic=False,
        at_once=context.services.limits.batch_at_once,
    )
    items = [outcome(context, instance, result) for instance, result in zip(first, done, strict=True)]
    return json_answer({"items": items, "total": len(found), "more": more}, status=207)


async def describe_operation(context: RequestContext) -> Answer:
    """Answer ``GET /v1/operations/{operation}``."""
    return json_answer(_shape(await _find(context)))


async def cancel_operation(context: RequestContext) -> Answer:
    """Answer ``DELETE /v1/operations/{operation}``: no more items begin; items that are done stay changed."""
    operation = await _find(context)
    if context.services.gateway.is_dry_run:
        return Answer(status=204)
    operations = _operations(context)
    before: tuple[BulkState, ...] = ("selecting", "running", "cancelling")
    act = _act(context, operation.id, "cancel", {"before": operation.state, "done": operation.done})
    if not await write_unlocked(
        context.call, lambda: operations.change_state(operation.id, before, "cancelling", acts=[act])
    ):
        raise InstanceStateConflict(f"The operation has ended: {operation.state}.")
    await _defer(context, operation)
    return Answer(status=204)


async def operation_results(context: RequestContext) -> Answer:
    """Answer ``GET /v1/operations/{operation}/results``: one line of JSON for each item that is done or failed."""
    operation = await _find(context)
    return Answer(status=200, stream=_lines(_operations(context), operation.id), media_type="application/x-ndjson")


async def _lines(operations: OperationStore, operation_id: str) -> AsyncIterator[bytes]:
    after = 0
    while page := await operations.list_outcomes(operation_id, after, _PAGE):
        yield b"".join(msgspec.json.encode(_line(each)) + b"\n" for each in page)
        after = page[-1].number


def _line(each: ItemOutcome) -> OutcomeShape:
    problem = msgspec.Raw(each.problem) if each.problem is not None else msgspec.UNSET
    return OutcomeShape(instance=each.instance, status="done" if each.done else "failed", problem=problem)


async def _find(context: RequestContext) -> BulkOperation:
    operation = await _operations(context).find(context.params[0])
    if operation is None or not (operation.caller == context.caller.name or context.caller.may("admin")):
        raise OperationNotFound
    return operation


def _act(context: RequestContext, operation_id: str, verb: str, evidence: dict[str, Any]) -> AuditAct:
    """Return what the audit trail says: never a value, and no filter, since that has values too."""
    return AuditAct(
        caller=context.caller.name,
        action=f"operation.{verb}",
        subject=f"operation:{operation_id}",
        evidence=evidence,
    )


def _operations(context: RequestContext) -> OperationStore:
    operations = context.services.operations
    if operations is None:
        raise Unsupported("This gateway has no store for operations.")
    return operations


async def _defer(context: RequestContext, operation: BulkOperation) -> None:
    """Let an operation that has been created or cancelled be carried on soon."""
    if context.services.jobs is not None:
        await context.services.jobs.defer(KIND, operation.id)


def _shape(operation: BulkOperation) -> OperationShape:
    return OperationShape(
        id=operation.id,
        state=operation.state,
        done=operation.done,
        failed=operation.failed,
        total=operation.total,
        eta_seconds=0.0 if operation.state in ENDED else operation.eta_s,
        problems=operation.problems,
        problem=msgspec.Raw(operation.problem) if operation.problem is not None else msgspec.UNSET,
    )
