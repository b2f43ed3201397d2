"""Handlers of ``/v1`` for bulk operations: begun, looked at, cancelled; how each item went. One handler a route."""

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
from gateway.model.bulk import ENDED, Change, Operation, Outcome, State
from gateway.model.query import Filter
from gateway.model.values import Value, checked
from gateway.operations import batch, placing
from gateway.operations.selection import selected
from gateway.operations.write import write_unlocked
from gateway.port import Engine
from gateway.web.http.answers import Answer, json_answer
from gateway.web.services import Operations
from gateway.web.v1.batch import outcome
from gateway.web.v1.context import RequestContext
from gateway.web.v1.query import CountBody, asked_of, received

_PAGE = 500
"""Results read from the store at a time."""
_SHOWN = 20
"""Instances whose engine requests a dry run shows; the others' are alike."""
_COUNTED = 10_000
"""Instances that a dry run counts; it has to be answered within one deadline."""


class OperationBody(CountBody, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of ``POST /v1/operations``: the filters of a query, and what is done to each instance that it finds."""

    EXAMPLE: ClassVar[dict[str, Any]] = {**CountBody.EXAMPLE, "modifications": {"amount": {"value": 5}}}

    modifications: dict[str, Value] = msgspec.field(default_factory=dict)
    deletions: list[str] = msgspec.field(default_factory=list)


class OperationShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An operation as ``/v1`` shows it; ``problems`` counts failed items by code."""

    id: str
    state: str
    done: int
    failed: int
    total: int
    eta_seconds: float | None
    problems: dict[str, int]
    problem: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class OutcomeShape(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the results: how one instance went."""

    instance: str
    status: str
    problem: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decoder = msgspec.json.Decoder(OperationBody)


async def start_operation(context: RequestContext) -> Answer:
    """Answer ``POST /v1/operations``: 202; the work goes on in the background."""
    asked = await received(context, _decoder)
    change = Change(modifications=asked.modifications, deletions=tuple(dict.fromkeys(asked.deletions)))
    _check(context, asked, change)
    wanted = asked_of(context, asked)
    for name in wanted.engines:
        _check_engine(context.services.gateway.engines[name])
    operation = Operation(
        id=os.urandom(16).hex(),
        caller=context.caller.name,
        state="selecting",
        engines=msgspec.json.encode(wanted.engines),
        filter=msgspec.json.encode(wanted.filter),
        command=msgspec.json.encode(change),
    )
    rows = _rows(context)
    if context.services.gateway.is_dry_run:
        return await _rehearsed(context, operation, change)
    await write_unlocked(context.call, lambda: rows.created(operation))
    context.services.woken()
    location = ("Location", f"/v1/operations/{operation.id}")
    return json_answer(_shape(operation), status=202, headers=(location,))


def _check(context: RequestContext, asked: OperationBody, change: Change) -> None:
    """Refuse what could only fail later, a thousand times."""
    if context.caller.limited:
        raise Forbidden("A caller with masks or name limits cannot begin operations.")
    if not (change.modifications or change.deletions):
        raise InvalidRequest("Give modifications or deletions.", errors=(Fault("", "nothing to do"),))
    if not any(getattr(asked, name) not in (None, False) for name in Filter.__struct_fields__):
        detail = "An operation needs at least one filter: it would change every instance there is."
        raise InvalidRequest(detail, errors=(Fault("", "no filter"),))
    if len(change.modifications) + len(change.deletions) > context.services.limits.max_names:
        raise PayloadTooLarge(f"A patch has at most {context.services.limits.max_names} names.")
    for name, value in change.modifications.items():
        if value.type != "Date":  # it may be in the pattern of an engine, which only its adapter knows
            _ = checked(value, f"/modifications/{jsontext.escape(name)}")


def _check_engine(engine: Engine) -> None:
    if engine.credentials.kind == "forward":
        detail = f"{engine.name} is told the caller's own credentials, which are not there in the background."
        raise Unsupported(detail, engine=engine.name)
    if engine.policy.require_if_match:
        detail = f"{engine.name} takes writes only with If-Match, which an operation cannot give; use a batch."
        raise PreconditionRequired(detail, engine=engine.name)


async def _rehearsed(context: RequestContext, operation: Operation, change: Change) -> Answer:
    """Give how the first instances would go, and how many there are; the query is asked, and nothing is kept."""
    gateway, call = context.services.gateway, context.call
    found: dict[str, None] = {}
    more = False
    async for instances in selected(gateway, operation, lambda: call):
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
    items = [outcome(instance, result) for instance, result in zip(first, done, strict=True)]
    return json_answer({"items": items, "total": len(found), "more": more}, status=207)


async def describe_operation(context: RequestContext) -> Answer:
    """Answer ``GET /v1/operations/{operation}``."""
    return json_answer(_shape(await _found(context)))


async def cancel_operation(context: RequestContext) -> Answer:
    """Answer ``DELETE /v1/operations/{operation}``: no further item begins; what is done stays done."""
    operation = await _found(context)
    if context.services.gateway.is_dry_run:
        return Answer(status=204)
    rows = _rows(context)
    before: tuple[State, ...] = ("selecting", "running", "cancelling")
    if not await write_unlocked(context.call, lambda: rows.became(operation.id, before, "cancelling")):
        raise InstanceStateConflict(f"The operation has ended: {operation.state}.")
    context.services.woken()
    return Answer(status=204)


async def operation_results(context: RequestContext) -> Answer:
    """Answer ``GET /v1/operations/{operation}/results``: a line of JSON an item that is done or failed."""
    operation = await _found(context)
    return Answer(status=200, stream=_lines(_rows(context), operation.id), media_type="application/x-ndjson")


async def _lines(rows: Operations, operation_id: str) -> AsyncIterator[bytes]:
    after = 0
    while page := await rows.results(operation_id, after, _PAGE):
        yield b"".join(msgspec.json.encode(_line(each)) + b"\n" for each in page)
        after = page[-1].number


def _line(each: Outcome) -> OutcomeShape:
    problem = msgspec.Raw(each.problem) if each.problem is not None else msgspec.UNSET
    return OutcomeShape(instance=each.instance, status="done" if each.done else "failed", problem=problem)


async def _found(context: RequestContext) -> Operation:
    operation = await _rows(context).found(context.params[0])
    if operation is None or not (operation.caller == context.caller.name or context.caller.may("admin")):
        raise OperationNotFound
    return operation


def _rows(context: RequestContext) -> Operations:
    rows = context.services.operations
    if rows is None:
        raise Unsupported("This gateway has no store for operations.")
    return rows


def _shape(operation: Operation) -> OperationShape:
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
