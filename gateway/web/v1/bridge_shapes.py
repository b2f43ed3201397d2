"""Plans and links of the bridge as callers see them, and the bodies that callers send."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from gateway.bridge import Event, allowed
from gateway.model.bridge import (
    BridgePlan,
    Handling,
    Link,
    LinkCounts,
    LinkState,
    Selector,
    SideName,
    Stage,
    StartTemplate,
    TwinRule,
)
from gateway.web.v1.bridge_context import moment


class PlanBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/bridge/plans``: whose instances have their twins where, and how far they go.

    Args:
        policy: code of a verdict to what a copy does about such a variable; ``*`` = all refusals that are not named,
            ``lossy`` = all rules that are not named. What is not covered: a refusal fails, a rule is followed.
        stage: the furthest that the plan's links may reach.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "invoices",
        "source": "hr",
        "target": "claims",
        "selector": {"definition": "invoice"},
        "twins": {"by": "marker", "variable": "origin"},
        "stage": "copied",
    }

    name: str
    source: str
    target: str
    selector: Selector = Selector()
    twins: TwinRule | None = None
    starts: StartTemplate | None = None
    policy: dict[str, Handling] = {}
    stage: Stage = "copied"


class PlanPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Body of ``PATCH /v1/bridge/plans/{plan}``: each member that is given stands for what was there; null = none."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"stage": "live"}

    selector: Selector | msgspec.UnsetType = msgspec.UNSET
    twins: TwinRule | msgspec.UnsetType | None = msgspec.UNSET
    starts: StartTemplate | msgspec.UnsetType | None = msgspec.UNSET
    policy: dict[str, Handling] | msgspec.UnsetType = msgspec.UNSET
    stage: Stage | msgspec.UnsetType = msgspec.UNSET

    def given(self) -> dict[str, Any]:
        """Return the members that are given."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not msgspec.UNSET}


class LinkBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Body of ``POST /v1/bridge/links``: two instances by their canonical ids; the plan, and an alias."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"source": "hr:1", "target": "claims:2", "plan": "invoices"}

    source: str
    target: str
    plan: str | None = None
    business_key: str | None = None


class EventBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/bridge/links/{link}/events``: what a person decides about a link."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"event": "finish"}

    event: Literal["demote", "finish"]


class PlanShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A bridge plan in an answer of ``/v1``; ``links``: how many there are in each state."""

    name: str
    source: str
    target: str
    selector: Selector
    twins: TwinRule | None
    starts: StartTemplate | None
    policy: dict[str, Handling]
    stage: Stage
    caller: str
    created: str
    updated: str
    version: int
    links: dict[LinkState, int] | msgspec.UnsetType = msgspec.UNSET
    stale: int | msgspec.UnsetType = msgspec.UNSET


class MoveShape(msgspec.Struct, frozen=True, kw_only=True):
    """A cut-over or roll-back that is under way."""

    kind: str
    step: str
    caller: str


class LinkShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A link in an answer of ``/v1``.

    Args:
        instance: the id that ``/v1`` answers with for life.
        authority: the side that reads and writes go to; ``owner``: its instance.
        stale: why the target may not be what a copy has made it.
        problem: what went wrong last.
        allowed: what may happen to it now.
    """

    id: str
    source: str
    target: str
    instance: str
    state: LinkState
    authority: SideName
    owner: str
    created: str
    updated: str
    allowed: tuple[Event, ...]
    plan: str | None = None
    business_key: str | None = None
    stale: str | None = None
    problem: str | None = None
    move: MoveShape | None = None


def plan_shape(plan: BridgePlan, counts: LinkCounts | None = None) -> PlanShape:
    """Return a plan as callers see it."""
    members = {name: getattr(plan, name) for name in ("name", *PlanPatch.__struct_fields__, "source", "target")}
    return PlanShape(
        **members,
        caller=plan.caller,
        created=moment(plan.created),
        updated=moment(plan.updated),
        version=plan.version,
        links=msgspec.UNSET if counts is None else counts.states,
        stale=msgspec.UNSET if counts is None else counts.stale,
    )


def link_shape(link: Link) -> LinkShape:
    """Return a link as callers see it."""
    move = link.move
    return LinkShape(
        id=link.id,
        source=link.source.public,
        target=link.target.public,
        instance=link.public,
        state=link.state,
        authority=link.authority,
        owner=link.owner.public,
        created=moment(link.created),
        updated=moment(link.updated),
        allowed=() if move is not None else allowed(link),
        plan=link.plan,
        business_key=link.business_key,
        stale=link.stale,
        problem=link.problem,
        move=None if move is None else MoveShape(kind=move.kind, step=move.step, caller=move.caller),
    )
