"""Why a copy of one instance is, or would be, as it is: each variable with its verdict, and what would allow it."""

from __future__ import annotations

import msgspec

from gateway.errors import InvalidRequest
from gateway.model.bridge import BridgePlan, Handling, Link, Side
from gateway.model.commands import ListVariables
from gateway.model.copying import CopyPolicy, policy_of
from gateway.model.difference import Difference
from gateway.model.results import Scope, Variable
from gateway.model.verdict import SCOPE_NOT_MOVABLE, VARIABLE_UNREADABLE, Verdict, type_name
from gateway.operations import variables
from gateway.operations.bridge.comparing import Comparison
from gateway.operations.bridge.copying import sparing
from gateway.operations.bridge.judging import Judged, handling_of, judge
from gateway.operations.bridge.sides import look, seen_of, sides_of
from gateway.operations.gateway import Gateway, Target
from gateway.plan import Call
from gateway.port import Engine

_NO_SETTING = frozenset((SCOPE_NOT_MOVABLE, VARIABLE_UNREADABLE))
"""Codes of verdicts that no setting changes."""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """A setting of the target's engine with which a variable could be copied, and the rules by which that would be."""

    setting: str
    rules: tuple[str, ...] = ()


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One variable.

    Args:
        type: with its format.
        handling: what the policy says about the verdict; None = it is copied.
        needs: settings that would allow what is unsupported as things are.
        difference: how it differs from the twin's; None = it does not, or there is no twin to compare with.
    """

    verdict: Verdict
    type: str
    handling: Handling | None = None
    needs: tuple[Need, ...] = ()
    difference: Difference | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One instance.

    Args:
        source: the side that is copied from.
        target: the twin; None = there is none.
        stopped: name of the variable because of which nothing of the instance is copied, and how the policy has it.
        extra: what the twin has and the instance does not.
    """

    source: Side
    target: Side | None
    link: Link | None
    plan: str | None
    stopped: tuple[str, Handling] | None
    variables: tuple[Explained, ...]
    extra: tuple[Difference, ...] = ()


async def explain_instance(
    gateway: Gateway, side: Side, link: Link | None, plan: BridgePlan | None, call: Call
) -> Explanation:
    """Explain a copy of one instance; engines are only read.

    Args:
        gateway: whose engines they are.
        side: the instance, where it has no link.
        link: of the instance.
        plan: whose target and policy count; that of the link, where it has one.
        call: the budget.

    Raises:
        InvalidRequest: an instance without a link, and no plan that says where it would go.
    """
    policy = policy_of(plan)
    if link is not None:
        return await _explain_linked(gateway, link, policy, call)
    if plan is None or plan.source != side.engine:
        raise InvalidRequest("The instance has no link: name a plan from its engine with `plan`.")
    listed = await variables.list_variables(
        gateway,
        Target(gateway.engines[side.engine], side.native),
        ListVariables(instance=side.native, scope="all"),
        call,
    )
    target = gateway.engines[plan.target]
    judged = judge(target, seen_of(listed.variables, ()), policy, {})
    shown = _explain_each(target, judged, listed.variables, policy, {})
    return Explanation(source=side, target=None, link=None, plan=plan.name, stopped=_stopped(judged), variables=shown)


async def _explain_linked(gateway: Gateway, link: Link, policy: CopyPolicy, call: Call) -> Explanation:
    sides, policy = sides_of(gateway, link), sparing(policy, link)
    seen = await look(gateway, sides, call)
    judged = judge(sides.twin.engine, seen, policy, {})
    comparison = Comparison(gateway, sides, call, back=link.authority == "target")
    compared = await comparison.compare(seen, judged.wanted, judged.left_out)
    listed = (*seen.owner.values(), *seen.inner)
    return Explanation(
        source=link.owner,
        target=link.other,
        link=link,
        plan=link.plan,
        stopped=_stopped(judged),
        variables=_explain_each(sides.twin.engine, judged, listed, policy, compared.left),
        extra=tuple(each for each in compared.left.values() if each.outcome == "extra_target"),
    )


def _explain_each(
    engine: Engine,
    judged: Judged,
    listed: tuple[Variable, ...],
    policy: CopyPolicy,
    left: dict[str, Difference],
) -> tuple[Explained, ...]:
    """Return what is said of each variable, those that are copied last."""
    found = {_place(each.name, each.scope): each for each in listed}
    explained = [
        _explain_one(engine, verdict, variable, policy, left)
        for verdict in judged.verdicts
        if (variable := found.get(_place(verdict.name, verdict.scope))) is not None
    ]
    return tuple(sorted(explained, key=lambda each: (each.handling is None, each.verdict.name)))


def _explain_one(
    engine: Engine, verdict: Verdict, variable: Variable, policy: CopyPolicy, left: dict[str, Difference]
) -> Explained:
    return Explained(
        verdict=verdict,
        type=type_name(variable.value),
        handling=handling_of(verdict, policy),
        needs=_needs(engine, verdict, variable),
        difference=left.get(verdict.name) if verdict.scope is None else None,
    )


def _needs(engine: Engine, verdict: Verdict, variable: Variable) -> tuple[Need, ...]:
    """Try every other setting of the engine on a variable that is unsupported."""
    if verdict.code is None or verdict.code in _NO_SETTING:
        return ()
    tried = ((setting, other.assess([variable])[0]) for setting, other in engine.alternatives())
    return tuple(Need(setting=setting, rules=each.rules) for setting, each in tried if each.kind != "unsupported")


def _place(name: str, scope: Scope | None) -> tuple[str, str]:
    return name, "" if scope is None else scope.id


def _stopped(judged: Judged) -> tuple[str, Handling] | None:
    return None if judged.stopped is None else (judged.stopped[0].name, judged.stopped[1])
