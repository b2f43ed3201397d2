"""Handlers of ``/v1/bridge/links/{link}/cut-over`` and ``…/roll-back``: the other side decides from then on."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from gateway.model.bridge import BridgePlan, Link
from gateway.model.copying import CopyOutcome
from gateway.model.moving import MoveKind, MoveReport
from gateway.model.results import Activity
from gateway.operations.bridge.moving import move_link
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1 import bodies
from gateway.web.v1.bridge_context import check_change, check_match, find_link, links, plans, version_tag
from gateway.web.v1.bridge_shapes import LinkShape, link_shape
from gateway.web.v1.context import RequestContext


class MoveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Body of a cut-over or roll-back.

    Args:
        active_target: whether the target may be running: it stands at a first task, and nothing moves it on.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {"activeTarget": False}

    active_target: bool = False


class ComparedShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a copy or comparison of the two instances found.

    Args:
        equal_by_rule: number of variables that are equal by a named rule.
        skipped: names that the plan's policy leaves out.
        verdicts: number of variables by verdict.
        written, deleted: names on the other side.
    """

    equal_by_rule: int
    skipped: tuple[str, ...]
    verdicts: dict[str, int]
    written: int
    deleted: int


class MoveReportShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was verified before the owner changed, and what people have to do now.

    Args:
        left, left_state: the instance that decided before, and the state in which it was left.
        owner, owner_state: the instance that decides now, and its state.
        left_activities, owner_activities: where their tokens are; null = the engine did not say.
    """

    kind: MoveKind
    left: str
    left_state: str
    left_activities: tuple[str, ...] | None
    owner: str
    owner_state: str
    owner_activities: tuple[str, ...] | None
    copied: ComparedShape
    verified: ComparedShape
    todo: tuple[str, ...]


class MovedShape(msgspec.Struct, frozen=True, kw_only=True):
    """A link after its cut-over or roll-back."""

    link: LinkShape
    report: MoveReportShape


_body = msgspec.json.Decoder(MoveBody)


async def cut_over(context: RequestContext) -> Answer:
    """Answer ``POST /v1/bridge/links/{link}/cut-over``: the target decides."""
    return await _move(context, "cut-over")


async def roll_back(context: RequestContext) -> Answer:
    """Answer ``POST /v1/bridge/links/{link}/roll-back``: the source decides again."""
    return await _move(context, "roll-back")


async def _move(context: RequestContext, kind: MoveKind) -> Answer:
    check_change(context)
    given = await bodies.decode(context, _body)
    link = await find_link(context)
    check_match(context, version_tag(link.changed))
    stored, report = await move_link(
        context.services.gateway,
        links(context),
        link,
        await _plan_of(context, link),
        kind,
        context.caller.name,
        context.call,
        active_twin=given.active_target,
    )
    shown = MovedShape(link=link_shape(stored), report=_report_shape(report))
    return json_answer(shown, headers=(("ETag", version_tag(stored.changed)),))


async def _plan_of(context: RequestContext, link: Link) -> BridgePlan | None:
    return None if link.plan is None else await plans(context).find(link.plan)


def _report_shape(report: MoveReport) -> MoveReportShape:
    return MoveReportShape(
        kind=report.kind,
        left=report.left,
        left_state=report.left_state,
        left_activities=_activities(report.left_activities),
        owner=report.owner,
        owner_state=report.owner_state,
        owner_activities=_activities(report.owner_activities),
        copied=_compared(report.copied),
        verified=_compared(report.verified),
        todo=report.todo,
    )


def _activities(found: tuple[Activity, ...] | None) -> tuple[str, ...] | None:
    return None if found is None else tuple(each.activity for each in found)


def _compared(outcome: CopyOutcome) -> ComparedShape:
    return ComparedShape(
        equal_by_rule=outcome.by_rule,
        skipped=outcome.skipped,
        verdicts=outcome.verdicts,
        written=outcome.written,
        deleted=outcome.deleted,
    )
