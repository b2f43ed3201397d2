"""Handlers of ``/v1/bridge/plans``. One handler for each route."""

from __future__ import annotations

import msgspec

from gateway.errors import InvalidRequest
from gateway.model.bridge import BridgePlan
from gateway.operations.bridge.pairing import PairProblem, link_by_rule
from gateway.operations.bridge.selecting import SelectionPosition
from gateway.plan import encode_path
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1 import bodies
from gateway.web.v1.bridge_context import (
    check_change,
    check_engines,
    check_match,
    find_plan,
    links,
    plans,
    version_tag,
)
from gateway.web.v1.bridge_shapes import PlanBody, PlanPatch, plan_shape
from gateway.web.v1.context import RequestContext

_MAX_PAIRED = 10_000
"""Instances of one request, which has one deadline."""
_position = msgspec.json.Decoder(SelectionPosition)
_create = msgspec.json.Decoder(PlanBody)
_change = msgspec.json.Decoder(PlanPatch)


class PairShape(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to linking by a plan's rule.

    Args:
        linked: instances linked now; ``present``: those that were in a link already.
        problems: instances that were not linked, each with the reason.
        next: cursor of the rest; null = there is no rest.
    """

    linked: int
    present: int
    problems: list[PairProblem]
    next: str | None


async def list_plans(context: RequestContext) -> Answer:
    """Answer ``GET /v1/bridge/plans`` with the plans whose engines the caller may use, by name."""
    may_use = context.caller.may_use
    found = [plan for plan in await plans(context).records.list_all() if may_use(plan.source) and may_use(plan.target)]
    return json_answer({"items": [plan_shape(plan) for plan in found]})


async def create_plan(context: RequestContext) -> Answer:
    """Answer ``POST /v1/bridge/plans`` with 201."""
    check_change(context)
    given = await bodies.decode(context, _create)
    check_engines(context, given.source, given.target)
    plan = BridgePlan(**{name: getattr(given, name) for name in given.__struct_fields__})
    stored = await plans(context).create(plan, context.services.gateway.engines, context.caller.name)
    location = ("Location", encode_path(("v1", "bridge", "plans", stored.name)))
    return json_answer(plan_shape(stored), status=201, headers=(location, _tag(stored)))


async def describe_plan(context: RequestContext) -> Answer:
    """Answer ``GET /v1/bridge/plans/{plan}``."""
    plan = await find_plan(context, context.params[0])
    counts = await links(context).records.count(plan.name)
    return json_answer(plan_shape(plan, counts), headers=(_tag(plan),))


async def change_plan(context: RequestContext) -> Answer:
    """Answer ``PATCH /v1/bridge/plans/{plan}``."""
    check_change(context)
    given = await bodies.decode(context, _change)
    plan = await find_plan(context, context.params[0])
    check_match(context, version_tag(plan.version))
    after = msgspec.structs.replace(plan, **given.given())
    stored = await plans(context).change(plan, after, context.services.gateway.engines, context.caller.name)
    return json_answer(plan_shape(stored), headers=(_tag(stored),))


async def remove_plan(context: RequestContext) -> Answer:
    """Answer ``DELETE /v1/bridge/plans/{plan}``."""
    check_change(context)
    plan = await find_plan(context, context.params[0])
    check_match(context, version_tag(plan.version))
    await plans(context).remove(plan, context.caller.name)
    return Answer(status=204)


def _tag(plan: BridgePlan) -> tuple[str, str]:
    return "ETag", version_tag(plan.version)


async def link_plan(context: RequestContext) -> Answer:
    """Answer ``POST /v1/bridge/plans/{plan}/links`` with what became of the next instances of the plan."""
    check_change(context)
    plan = await find_plan(context, context.params[0])
    limit = _limit(context)
    purpose = f"pairs\0{plan.name}\0{plan.version}\0{context.caller.name}".encode()
    cursors, cursor = context.services.cursors, context.query.get("cursor")
    position = SelectionPosition() if cursor is None else _position.decode(await cursors.open(cursor, purpose))
    report = await link_by_rule(
        context.services.gateway,
        links(context),
        plan,
        position=position,
        limit=limit,
        caller=context.caller.name,
        call=context.call,
    )
    following = report.following
    sealed = None if following is None else await cursors.seal(msgspec.json.encode(following), purpose)
    shape = PairShape(linked=report.linked, present=report.present, problems=report.problems, next=sealed)
    return json_answer(shape)


def _limit(context: RequestContext) -> int:
    text = context.query.get("limit", "1000")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= _MAX_PAIRED:
        raise InvalidRequest(f"`limit` is a number from 1 to {_MAX_PAIRED}.")
    return int(text)
