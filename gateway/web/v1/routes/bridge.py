"""Routes of the bridge: plans and links."""

from __future__ import annotations

from typing import get_args

from gateway.model.bridge import LinkState
from gateway.web.v1 import bridge_import, bridge_links, bridge_moves, bridge_plans
from gateway.web.v1.bridge_import import ImportShape
from gateway.web.v1.bridge_moves import MoveBody, MovedShape
from gateway.web.v1.bridge_plans import PairShape
from gateway.web.v1.bridge_shapes import EventBody, LinkBody, LinkShape, PlanBody, PlanPatch, PlanShape
from gateway.web.v1.route import Answers, Body, Parameter, Route
from gateway.web.v1.routes.common import NO_CONTENT

_SCOPE = "bridge:admin"
_PLANS, _PLAN = "/v1/bridge/plans", "/v1/bridge/plans/{plan}"
_LINKS, _LINK = "/v1/bridge/links", "/v1/bridge/links/{link}"
_MATCH = (Parameter("If-Match", "The `ETag` that was read; where it has changed since, nothing happens (412)."),)
_BOOLEAN = {"enum": ["true", "false"]}
_PLAN_LIST = {
    "type": "object",
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": PlanShape}},
}
_LINK_PAGE = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {"items": {"type": "array", "items": LinkShape}, "next": {"type": ["string", "null"]}},
}
ROUTES = (
    Route(
        method="GET",
        template=_PLANS,
        handler=bridge_plans.list_plans,
        summary="Bridge plans, by name",
        scope=_SCOPE,
        answers=Answers(content=_PLAN_LIST),
    ),
    Route(
        method="POST",
        template=_PLANS,
        handler=bridge_plans.create_plan,
        summary="Plan which instances of one engine are paired with which of another, and how far they may go",
        scope=_SCOPE,
        body=Body({"application/json": PlanBody}),
        answers=Answers(content=PlanShape, status=201),
    ),
    Route(
        method="GET",
        template=_PLAN,
        handler=bridge_plans.describe_plan,
        summary="One bridge plan, and how many of its links are in each state",
        scope=_SCOPE,
        answers=Answers(content=PlanShape),
    ),
    Route(
        method="PATCH",
        template=_PLAN,
        handler=bridge_plans.change_plan,
        summary="Change a bridge plan; its engines stay",
        scope=_SCOPE,
        headers=_MATCH,
        body=Body({"application/json": PlanPatch}),
        answers=Answers(content=PlanShape),
    ),
    Route(
        method="DELETE",
        template=_PLAN,
        handler=bridge_plans.remove_plan,
        summary="Remove a bridge plan that has no links",
        scope=_SCOPE,
        headers=_MATCH,
        answers=NO_CONTENT,
    ),
    Route(
        method="POST",
        template=f"{_PLAN}/links",
        handler=bridge_plans.link_plan,
        summary="Link instances of a plan to the twins that its rule finds; doing it again does no harm",
        scope=_SCOPE,
        query=(
            Parameter("limit", "Instances looked at; 1 to 10000, default 1000."),
            Parameter("cursor", "`next` of the answer before, to go on."),
        ),
        answers=Answers(content=PairShape),
    ),
    Route(
        method="GET",
        template=_LINKS,
        handler=bridge_links.list_links,
        summary="Links of instance pairs, page by page",
        scope=_SCOPE,
        query=(
            Parameter("plan", "Only links of this plan."),
            Parameter("state", "Only links in this state.", {"enum": list(get_args(LinkState))}),
            Parameter("stale", "Only links that are stale, or only those that are not.", _BOOLEAN),
            Parameter("businessKey", "Business key of the link, exactly."),
            Parameter("limit", "Links of one page; 1 to 1000, default 100."),
            Parameter("cursor", "`next` of the page before, with the same filters."),
        ),
        answers=Answers(content=_LINK_PAGE),
    ),
    Route(
        method="POST",
        template=_LINKS,
        handler=bridge_links.create_link,
        summary="Link two instances; an instance is in one link at most",
        scope=_SCOPE,
        query=(Parameter("check", "`false`: do not look at the instances; their ids must be exact then.", _BOOLEAN),),
        body=Body({"application/json": LinkBody}),
        answers=Answers(content=LinkShape, status=201),
    ),
    Route(
        method="POST",
        template=f"{_LINKS}/import",
        handler=bridge_import.import_links,
        summary="Import links from a file, as CSV or a line of JSON each; a file that is sent again does no harm",
        scope=_SCOPE,
        query=(
            Parameter("plan", "Plan of all rows; a row may name it as well."),
            Parameter("check", "`true`: ask the engines, in bulk, whether the instances are running.", _BOOLEAN),
        ),
        body=Body({"text/csv": {"type": "string"}, "application/x-ndjson": LinkBody}, streamed=True),
        answers=Answers(content=ImportShape),
    ),
    Route(
        method="GET",
        template=_LINK,
        handler=bridge_links.describe_link,
        summary="One link, by its id or by either of its instances",
        scope=_SCOPE,
        answers=Answers(content=LinkShape),
    ),
    Route(
        method="DELETE",
        template=_LINK,
        handler=bridge_links.remove_link,
        summary="Unlink two instances, where the link's state allows it",
        scope=_SCOPE,
        headers=_MATCH,
        answers=NO_CONTENT,
    ),
    *(
        Route(
            method="POST",
            template=f"{_LINK}/{kind}",
            handler=handler,
            summary=summary,
            scope=_SCOPE,
            headers=_MATCH,
            body=Body({"application/json": MoveBody}),
            answers=Answers(content=MovedShape),
        )
        for kind, handler, summary in (
            (
                "cut-over",
                bridge_moves.cut_over,
                "Suspend the source, copy and compare it once more, let the target decide",
            ),
            ("roll-back", bridge_moves.roll_back, "The same with the sides swapped; the source runs again as it did"),
        )
    ),
    Route(
        method="POST",
        template=f"{_LINK}/events",
        handler=bridge_links.post_event,
        summary="Bring a link to another state where no engine is needed for it: finish, demote",
        scope=_SCOPE,
        headers=_MATCH,
        body=Body({"application/json": EventBody}),
        answers=Answers(content=LinkShape),
    ),
)
