"""Handler of ``/v1`` for many instances in one call."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from gateway.access import Caller
from gateway.errors import Fault, Forbidden, InvalidRequest, PayloadTooLarge, VarbridgeError
from gateway.model import etag
from gateway.model.expect import Expect
from gateway.model.results import Rule, VariablesPatched
from gateway.model.values import Value
from gateway.operations import batch
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1 import bodies, conditions
from gateway.web.v1.context import RequestContext
from gateway.web.v1.parameters import add_closest
from gateway.web.v1.problems import Problem, problem

_MULTI_STATUS = 207
_DONE = 204


class BatchItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One instance of a batch: typed values to set, then names to delete, and tags as in ``If-Match`` of a patch."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"instance": "hr:1", "modifications": {"amount": {"value": 5}}}

    instance: str
    modifications: dict[str, Value] = {}
    deletions: list[str] = []
    if_match: str | None = None


class BatchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/variables/batch``; ``atomicity: instance`` = each instance all or nothing."""

    items: list[BatchItem]
    atomicity: Literal["none", "instance"] = "none"


class BatchOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The outcome of one item; ``instance`` as the caller wrote it."""

    instance: str
    status: int
    problem: Problem | None = None
    rules: tuple[Rule, ...] = ()


_decoder = msgspec.json.Decoder(BatchBody)


async def patch_batch(context: RequestContext) -> Answer:
    """Answer ``POST /v1/variables/batch``: 207, in the order of the items."""
    limits = context.services.limits
    decoded = await bodies.decode(context, _decoder)
    _check(decoded, limits.max_batch_items, limits.max_names)
    gateway, call = context.services.gateway, context.call
    items = [_item(index, each, context.caller) for index, each in enumerate(decoded.items)]
    targets = await batch.locate_items(gateway, items, context.caller.may_use, call)
    done = await batch.patch_items(
        gateway, items, targets, call, atomic=decoded.atomicity == "instance", at_once=limits.batch_at_once
    )
    outcomes = [outcome(context, each.instance, result) for each, result in zip(decoded.items, done, strict=True)]
    return json_answer({"items": outcomes}, status=_MULTI_STATUS)


def _check(decoded: BatchBody, most: int, most_names: int) -> None:
    if not decoded.items:
        raise InvalidRequest("Give at least one item.", errors=(Fault("/items", "empty"),))
    if len(decoded.items) > most:
        raise PayloadTooLarge(f"A batch has at most {most} items.")
    if sum(len(each.modifications) + len(each.deletions) for each in decoded.items) > most_names:
        raise PayloadTooLarge(f"A batch has at most {most_names} names.")


def _item(index: int, each: BatchItem, caller: Caller) -> batch.Item:
    """Return one item. A batch has a thousand of them, so nothing is built that an item does not need."""
    deletions = tuple(dict.fromkeys(each.deletions)) if each.deletions else ()
    expect: Expect | None = None
    refused: VarbridgeError | None = None
    if caller.limited or each.if_match is not None:
        touched = (*each.modifications, *deletions)
        try:
            caller.require_names(touched)
            expect = conditions.set_expectation(_tags(index, each), None, touched, caller)
        except (Forbidden, InvalidRequest) as error:
            refused = error
    return batch.Item(
        instance=each.instance,
        modifications=each.modifications,
        deletions=deletions,
        at=f"/items/{index}/modifications",
        expect=expect,
        refused=refused,
        conditional=each.if_match is not None,
    )


def _tags(index: int, each: BatchItem) -> etag.Tags | None:
    try:
        return None if each.if_match is None else etag.parse_tags(each.if_match)
    except InvalidRequest as error:
        raise InvalidRequest(error.detail, errors=(Fault(f"/items/{index}/ifMatch", error.detail),)) from error


def outcome(context: RequestContext, instance: str, result: VarbridgeError | VariablesPatched) -> BatchOutcome:
    """Return the outcome of one item."""
    if isinstance(result, VarbridgeError):
        context.instance = instance
        add_closest(context, result)
        return BatchOutcome(instance=instance, status=result.status, problem=problem(result))
    return BatchOutcome(instance=instance, status=_DONE, rules=result.rules)
