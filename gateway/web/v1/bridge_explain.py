"""The handler of ``/v1/bridge/explain``: why a copy of one instance is, or would be, as it is."""

from __future__ import annotations

import msgspec

from gateway.errors import Forbidden, InvalidRequest
from gateway.model.difference import Difference
from gateway.model.results import Scope
from gateway.operations.bridge.explaining import Explained, Explanation, Need, explain_instance
from gateway.web.http import target
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1.bridge_context import check_engines, find_plan, links, parse_side, plans
from gateway.web.v1.context import RequestContext


class DifferenceShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a variable differs on the twin: never a value."""

    outcome: str
    pointers: tuple[str, ...] = ()
    target_type: str | None = None


class ExplainedShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One variable: what a copy makes of it, and why.

    Args:
        verdict: ``lossless``, ``lossy`` or ``unsupported``.
        handling: what the plan's policy says about it; null = it is copied.
        needs: settings of the target's engine that would allow it.
    """

    name: str
    scope: Scope | None
    type: str
    verdict: str
    rules: tuple[str, ...]
    code: str | None
    detail: str | None
    becomes: str | None
    if_declared: bool
    handling: str | None
    needs: tuple[Need, ...]
    difference: DifferenceShape | None


class ExplanationShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why a copy of one instance is, or would be, as it is; what is not copied comes first.

    Args:
        stopped_by: the variable because of which nothing of the instance is copied.
        extra: names that only the twin has.
    """

    source: str
    target: str | None
    link: str | None
    state: str | None
    stale: str | None
    plan: str | None
    result: str
    stopped_by: str | None
    variables: list[ExplainedShape]
    extra: list[str]


async def explain_copy(context: RequestContext) -> Answer:
    """Answer ``GET /v1/bridge/explain?instance=&plan=``; nothing is written."""
    if context.caller.limited:
        raise Forbidden("A caller with masks or name limits is not told of all variables.")
    written = target.decoded(context.query.get("instance", ""), plus=True)
    if not written:
        raise InvalidRequest("Name the instance: `?instance=engine:id`.")
    side = parse_side(context, written)
    link = await links(context).records.find_by_side(side)
    if link is not None:
        check_engines(context, link.source.engine, link.target.engine)
        plan = None if link.plan is None else await plans(context).records.find(link.plan)
    else:
        named = context.query.get("plan")
        plan = None if not named else await find_plan(context, named)
    found = await explain_instance(context.services.gateway, side, link, plan, context.call)
    return json_answer(_shape(found))


def _shape(found: Explanation) -> ExplanationShape:
    link, stopped = found.link, found.stopped
    return ExplanationShape(
        source=found.source.public,
        target=None if found.target is None else found.target.public,
        link=None if link is None else link.id,
        state=None if link is None else link.state,
        stale=None if link is None else link.stale,
        plan=found.plan,
        result="copied" if stopped is None else "failed" if stopped[1] == "fail" else "skipped",
        stopped_by=None if stopped is None else stopped[0],
        variables=[_variable(each) for each in found.variables],
        extra=[each.name for each in found.extra],
    )


def _variable(each: Explained) -> ExplainedShape:
    verdict = each.verdict
    same = {
        name: getattr(verdict, name) for name in ("name", "scope", "rules", "code", "detail", "becomes", "if_declared")
    }
    return ExplainedShape(
        **same,
        type=each.type,
        verdict=verdict.kind,
        handling=each.handling,
        needs=each.needs,
        difference=None if each.difference is None else _difference(each.difference),
    )


def _difference(each: Difference) -> DifferenceShape:
    target = None if each.target is None else each.target.type
    return DifferenceShape(outcome=each.outcome, pointers=each.pointers, target_type=target)
