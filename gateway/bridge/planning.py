"""What stands against a bridge plan, before anything is asked of an engine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from gateway.errors import BridgeTransitionRefused, Fault, InvalidRequest, Unsupported
from gateway.model.bridge import BridgePlan
from gateway.nearest import suggestion
from gateway.port import FEATURES, Engine

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAX_IDS = 10_000
"""Instances that a plan may name one by one; it is one row of the store. More of them are links of an import."""


def check_plan(plan: BridgePlan, engines: Mapping[str, Engine]) -> None:
    """Refuse a plan that cannot be carried out with these engines.

    Raises:
        InvalidRequest: a member is wrong, with its pointer.
        Unsupported: an engine cannot take part so.
    """
    for fault in _faults(plan, engines):
        raise InvalidRequest(fault.detail, errors=(fault,))
    for name in (plan.source, plan.target):
        check_takes_part(engines[name])
    for name, feature in _needs(plan):
        if feature not in engines[name].capabilities.features:
            raise Unsupported(f"The engine {name} cannot {FEATURES[feature]}.", engine=name)


def check_takes_part(engine: Engine) -> None:
    """Refuse an engine that nobody but its callers can log in to.

    Raises:
        Unsupported: it is sent the callers' own credentials.
    """
    if engine.credentials.kind == "forward":
        detail = (
            f'{engine.name} is sent the caller\'s own credentials (auth.kind = "forward"), and copies run without a '
            "caller; the bridge needs an engine with an account of the gateway's own."
        )
        raise Unsupported(detail, engine=engine.name)


def check_beside(plan: BridgePlan, others: Sequence[BridgePlan]) -> None:
    """Refuse a plan against the direction of another one, unless their definitions show that they never meet.

    Raises:
        BridgeTransitionRefused: an instance that one of them makes could be an instance that the other one moves back.
    """
    for other in others:
        if (other.source, other.target) == (plan.target, plan.source) and _may_meet(plan, other):
            detail = (
                f"The plan {other.name} goes from {other.source} to {other.target}, against this one. Both must name "
                "definitions (of selector, twins or starts) that differ on one of the engines, or one must go."
            )
            raise BridgeTransitionRefused(detail)


def _may_meet(plan: BridgePlan, back: BridgePlan) -> bool:
    ends = (plan.selector.definition, _twins_of(back)), (_twins_of(plan), back.selector.definition)
    return not any(one is not None and other is not None and one != other for one, other in ends)


def _twins_of(plan: BridgePlan) -> str | None:
    """Return the definition of a plan's twins, None where it may be any."""
    named = {each.definition for each in (plan.twins, plan.starts) if each is not None}
    return named.pop() if len(named) == 1 else None


def _faults(plan: BridgePlan, engines: Mapping[str, Engine]) -> Iterator[Fault]:
    if _NAME.fullmatch(plan.name) is None:
        yield Fault("/name", "A name has 1 to 63 of a-z, 0-9 and hyphens, with no hyphen at either end.")
    for side in ("source", "target"):
        name = getattr(plan, side)
        if name not in engines:
            yield Fault(f"/{side}", f"No engine of this name is configured.{suggestion(name, engines)}")
    if plan.source == plan.target:
        yield Fault("/target", "Source and target are the same engine.")
    yield from _faults_of_selector(plan)
    yield from _faults_of_rules(plan)


def _faults_of_selector(plan: BridgePlan) -> Iterator[Fault]:
    ids = plan.selector.ids
    if ids is not None and not 0 < len(ids) <= _MAX_IDS:
        yield Fault("/selector/ids", f"Name 1 to {_MAX_IDS} instances, or leave ids out; import links for more.")
    for name in ("definition", "tenant"):
        if getattr(plan.selector, name) == "":
            yield Fault(f"/selector/{name}", "It is empty; leave it out for any.")


def _faults_of_rules(plan: BridgePlan) -> Iterator[Fault]:
    if plan.twins is not None and (plan.twins.by == "marker") != bool(plan.twins.variable):
        detail = "A marker is a variable: name it." if plan.twins.by == "marker" else "Only a marker has a variable."
        yield Fault("/twins/variable", detail)
    if plan.starts is not None and not plan.starts.definition:
        yield Fault("/starts/definition", "It is empty.")


def _needs(plan: BridgePlan) -> Iterator[tuple[str, str]]:
    """Yield what engines must be able to do for this plan."""
    if plan.selector.definition is not None:
        yield plan.source, "instances.find.definition"
    if plan.selector.ids is not None:
        yield plan.source, "instances.find.ids"
    if plan.selector.tenant is not None:
        yield plan.source, "query.tenantIdIn"
    if plan.twins is not None and plan.twins.by == "business-key":
        yield plan.source, "instances.find.business_key"
        yield plan.target, "instances.find.business_key"
    if plan.twins is not None and plan.twins.by == "marker":
        yield plan.target, "query.variableName"
    if plan.starts is not None:
        yield plan.target, "instances.start"
