"""Changes of bridge plans: the one place that makes, changes and removes them.

Each is checked against the engines, and in the transaction that stores it against all other plans; there it is recorded
in the audit trail as well. Reading is ``Plans.records``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from gateway.bridge.planning import check_beside, check_plan
from gateway.bridge.records import PlanStore
from gateway.errors import BridgeTransitionRefused, ConcurrentUpdate, PlanNotFound
from gateway.model.audit import AuditAct
from gateway.model.bridge import BridgePlan
from gateway.operations.bridge.switch import Switch
from gateway.port import Engine

_ALWAYS_ON = Switch()


class Plans:
    """The bridge plans of the store.

    Args:
        records: where plans are stored.
        switch: whether plans may change.
    """

    def __init__(self, records: PlanStore, switch: Switch = _ALWAYS_ON) -> None:
        self.records = records
        self.switch = switch

    async def find(self, name: str) -> BridgePlan:
        """Return a plan by its name.

        Raises:
            PlanNotFound: there is none.
        """
        plan = await self.records.find(name)
        if plan is None:
            raise PlanNotFound
        return plan

    async def create(self, plan: BridgePlan, engines: Mapping[str, Engine], caller: str) -> BridgePlan:
        """Store a new plan; return it as stored.

        Raises:
            InvalidRequest, Unsupported: as for ``check_plan``.
            BridgeTransitionRefused: there is one of this name, or one against its direction, or the bridge is off.
        """
        self.switch.require_on()
        check_plan(plan, engines)
        plan = msgspec.structs.replace(plan, caller=caller)
        if not await self.records.create(plan, _check(plan), [_act(plan, caller, "create", _shown(plan))]):
            raise BridgeTransitionRefused(f"There is a plan {plan.name} already.")
        return await self.find(plan.name)

    async def change(
        self, before: BridgePlan, plan: BridgePlan, engines: Mapping[str, Engine], caller: str
    ) -> BridgePlan:
        """Store a plan that has changed; return it as stored.

        Args:
            before: as it was read; where it has changed since, nothing happens.
            plan: as it should be.
            engines: by name.
            caller: name of who changes it.

        Raises:
            InvalidRequest, Unsupported: as for ``check_plan``.
            BridgeTransitionRefused: another one goes against its direction, or the bridge is off.
            ConcurrentUpdate: it has changed since it was read.
        """
        self.switch.require_on()
        check_plan(plan, engines)
        act = _act(plan, caller, "change", _differences(before, plan))
        if not await self.records.replace(plan, _check(plan), [act]):
            raise ConcurrentUpdate("The plan has changed since it was read.")
        return await self.find(plan.name)

    async def remove(self, plan: BridgePlan, caller: str) -> None:
        """Remove a plan.

        Raises:
            BridgeTransitionRefused: it has links, or the bridge is off.
        """
        self.switch.require_on()
        if not await self.records.remove(plan.name, [_act(plan, caller, "remove", _shown(plan))]):
            raise BridgeTransitionRefused("The plan has links; unlink them first.")


def _check(plan: BridgePlan) -> Callable[[Sequence[BridgePlan]], None]:
    return lambda others: check_beside(plan, others)


def _shown(plan: BridgePlan) -> dict[str, Any]:
    """Return what is recorded of a plan; of a long list of ids only how many there are, of variables only names."""
    shown = {name: getattr(plan, name) for name in ("source", "target", "stage", "policy", "twins")}
    ids = plan.selector.ids
    selector = msgspec.to_builtins(msgspec.structs.replace(plan.selector, ids=None))
    shown["selector"] = selector if ids is None else selector | {"instances": len(ids)}
    starts = plan.starts
    shown["starts"] = (
        None if starts is None else {"definition": starts.definition, "variables": sorted(starts.variables)}
    )
    return {name: msgspec.to_builtins(value) for name, value in shown.items() if value is not None}


def _differences(before: BridgePlan, after: BridgePlan) -> dict[str, Any]:
    old, new = _shown(before), _shown(after)
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    changed |= {"selector"} if before.selector != after.selector else set()
    return {name: {"before": old.get(name), "after": new.get(name)} for name in changed}


def _act(plan: BridgePlan, caller: str, verb: str, evidence: Mapping[str, Any]) -> AuditAct:
    return AuditAct(caller=caller, action=f"plan.{verb}", subject=f"plan:{plan.name}", evidence=evidence)
